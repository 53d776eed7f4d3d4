"""Jobs whose worker is gone are found by the end of their lease."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_CLAIMED = sa.text("queued_at IS NOT NULL AND lease_ends_at IS NOT NULL")


def upgrade() -> None:
    columns = ["lease_ends_at", "created_at", "id"]
    op.create_index("ix_jobs_claimed", "variants", columns, sqlite_where=_CLAIMED, postgresql_where=_CLAIMED)


def downgrade() -> None:
    op.drop_index("ix_jobs_claimed", "variants")
