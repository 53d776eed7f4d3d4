"""Images tell what they look like from afar; those from before do not."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("images", sa.Column("placeholder", sa.Text()))
    op.add_column("images", sa.Column("dominant_color", sa.Text()))


def downgrade() -> None:
    op.drop_column("images", "dominant_color")
    op.drop_column("images", "placeholder")
