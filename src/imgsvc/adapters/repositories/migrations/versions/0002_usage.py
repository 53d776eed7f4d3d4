"""How many images each user has, kept instead of counted."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "usage",
        sa.Column("owner", sa.Uuid(), nullable=False),
        sa.Column("image_count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("owner", name=op.f("pk_usage")),
        sa.ForeignKeyConstraint(["owner"], ["users.id"], name=op.f("fk_usage_owner"), ondelete="CASCADE"),
    )
    op.execute("INSERT INTO usage (owner, image_count) SELECT owner, count(*) FROM images GROUP BY owner")


def downgrade() -> None:
    op.drop_table("usage")
