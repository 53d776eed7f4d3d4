"""Accounts that are being erased."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_moment = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("users", sa.Column("erased_at", _moment))
    given_up = sa.text("erased_at IS NOT NULL")
    op.create_index("ix_users_erased", "users", ["erased_at"], sqlite_where=given_up, postgresql_where=given_up)
    op.create_table(
        "erased_images",
        sa.Column("image_id", sa.Uuid(), nullable=False),
        sa.Column("bytes_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("image_id", name=op.f("pk_erased_images")),
    )
    op.create_table(
        "foundation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("founded_at", _moment, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_foundation")),
    )


def downgrade() -> None:
    op.drop_table("foundation")
    op.drop_table("erased_images")
    op.drop_index("ix_users_erased", "users")
    op.drop_column("users", "erased_at")
