"""The id of the installation, which storages are marked with; whoever asks for it first makes it."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "installation",
        sa.Column("row", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("row", name="pk_installation"),
    )


def downgrade() -> None:
    op.drop_table("installation")
