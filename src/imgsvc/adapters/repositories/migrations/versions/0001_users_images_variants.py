"""Users, images and variants.

Column types are spelt out, not imported: what this made must stay what it made when the tables have moved on.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_moment = sa.DateTime(timezone=True)
_queued = sa.text("queued_at IS NOT NULL")
_stallable = sa.text("queued_at IS NOT NULL AND finished_at IS NULL")


def upgrade() -> None:
    op.create_table(
        "users",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("username", sa.Text(), nullable=False),
        sa.Column("username_key", sa.Text(), nullable=False),
        sa.Column("email", sa.Text()),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("created_at", _moment, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("username_key", name=op.f("uq_users_username_key")),
    )
    op.create_table(
        "images",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("owner", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("stored_width", sa.Integer(), nullable=False),
        sa.Column("stored_height", sa.Integer(), nullable=False),
        sa.Column("orientation", sa.Integer(), nullable=False),
        sa.Column("frames", sa.Integer(), nullable=False),
        sa.Column("has_alpha", sa.Boolean(), nullable=False),
        sa.Column("byte_count", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("created_at", _moment, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_images")),
        sa.ForeignKeyConstraint(["owner"], ["users.id"], name=op.f("fk_images_owner")),
    )
    op.create_index("ix_images_owner", "images", ["owner", "created_at", "id"])
    op.create_table(
        "variants",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("owner", sa.Uuid(), nullable=False),
        sa.Column("image_id", sa.Uuid(), nullable=False),
        sa.Column("spec", sa.Text(), nullable=False),
        sa.Column("spec_id", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("created_at", _moment, nullable=False),
        sa.Column("queued_at", _moment),
        sa.Column("finished_at", _moment),
        sa.Column("media_type", sa.Text()),
        sa.Column("width", sa.Integer()),
        sa.Column("height", sa.Integer()),
        sa.Column("byte_count", sa.BigInteger()),
        sa.Column("failure_code", sa.Text()),
        sa.Column("failure_detail", sa.Text()),
        sa.Column("claim_token", sa.Uuid()),
        sa.Column("lease_ends_at", _moment),
        sa.Column("signalled_at", _moment),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_variants")),
        sa.UniqueConstraint(
            "image_id", "spec_id", "fingerprint", name=op.f("uq_variants_image_id_spec_id_fingerprint")
        ),
        sa.ForeignKeyConstraint(["owner"], ["users.id"], name=op.f("fk_variants_owner")),
        sa.ForeignKeyConstraint(["image_id"], ["images.id"], name=op.f("fk_variants_image_id"), ondelete="CASCADE"),
    )
    op.create_index("ix_variants_image", "variants", ["image_id", "created_at", "id"])
    _create_partial_index("ix_jobs_owner", ["owner", "queued_at", "id"], _queued)
    _create_partial_index("ix_jobs_owner_status", ["owner", "status", "queued_at", "id"], _queued)
    _create_partial_index("ix_jobs_owner_image", ["owner", "image_id", "queued_at", "id"], _queued)
    _create_partial_index("ix_jobs_stalled", ["signalled_at", "created_at", "id"], _stallable)


def _create_partial_index(name: str, columns: list[str], where: sa.TextClause) -> None:
    op.create_index(name, "variants", columns, sqlite_where=where, postgresql_where=where)


def downgrade() -> None:
    op.drop_table("variants")
    op.drop_table("images")
    op.drop_table("users")
