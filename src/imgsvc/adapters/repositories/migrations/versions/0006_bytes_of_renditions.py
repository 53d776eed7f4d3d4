"""Variants tell the SHA-256 of their bytes; those that were made before do not, and are compared by length."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("variants", sa.Column("sha256", sa.Text()))


def downgrade() -> None:
    op.drop_column("variants", "sha256")
