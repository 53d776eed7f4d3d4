"""What ended is noted, so that every process forgets its copies."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "invalidations",
        sa.Column("subject", sa.Uuid, primary_key=True),
        sa.Column("noted_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("ix_invalidations_noted", "invalidations", ["noted_at", "subject"])


def downgrade() -> None:
    op.drop_table("invalidations")
