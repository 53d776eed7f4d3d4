"""Images have a description and tags; lists of them are searched and sorted."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_ORDERS = {
    "ix_images_owner_format": ["owner", "media_type", "created_at", "id"],
    "ix_images_owner_name": ["owner", "name_key", "id"],
    "ix_images_owner_bytes": ["owner", "byte_count", "id"],
}


def upgrade() -> None:
    collation = "C" if op.get_context().dialect.name == "postgresql" else None
    # The defaults stay for older processes that still run.
    op.add_column("images", sa.Column("description", sa.Text()))
    op.add_column("images", sa.Column("tags", sa.Text(), nullable=False, server_default=""))
    op.add_column("images", sa.Column("name_key", sa.Text(collation=collation), nullable=False, server_default=""))
    op.add_column("images", sa.Column("search_text", sa.Text(), nullable=False, server_default=""))
    # A name that is changed is folded better than a database can: it knows more scripts.
    op.execute("UPDATE images SET name_key = lower(name), search_text = lower(name)")
    op.create_table(
        "image_tags",
        sa.Column("image_id", sa.Uuid(), nullable=False),
        sa.Column("tag", sa.Text(), nullable=False),
        sa.Column("owner", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("image_id", "tag", name=op.f("pk_image_tags")),
        sa.ForeignKeyConstraint(["image_id"], ["images.id"], name=op.f("fk_image_tags_image_id"), ondelete="CASCADE"),
    )
    op.create_index("ix_image_tags_owner", "image_tags", ["owner", "tag", "created_at", "image_id"])
    for name, columns in _ORDERS.items():
        op.create_index(name, "images", columns)


def downgrade() -> None:
    for name in _ORDERS:
        op.drop_index(name, "images")
    op.drop_table("image_tags")
    for column in ("search_text", "name_key", "tags", "description"):
        op.drop_column("images", column)
