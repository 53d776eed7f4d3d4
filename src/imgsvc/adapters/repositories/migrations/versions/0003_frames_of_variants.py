"""Variants tell how many frames they have."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("variants", sa.Column("frames", sa.Integer()))
    # What was made before shows one frame, whatever its source had.
    op.execute("UPDATE variants SET frames = 1 WHERE media_type IS NOT NULL")


def downgrade() -> None:
    op.drop_column("variants", "frames")
