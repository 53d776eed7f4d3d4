"""An erased image is told from one that never was."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "tombstones",
        sa.Column("image_id", sa.Uuid(), nullable=False),
        sa.Column("owner", sa.Uuid(), nullable=False),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("image_id", name=op.f("pk_tombstones")),
        sa.ForeignKeyConstraint(["owner"], ["users.id"], name=op.f("fk_tombstones_owner"), ondelete="CASCADE"),
    )
    op.create_index("ix_tombstones_owner", "tombstones", ["owner"])
    op.create_index("ix_tombstones_age", "tombstones", ["erased_at"])


def downgrade() -> None:
    op.drop_table("tombstones")
