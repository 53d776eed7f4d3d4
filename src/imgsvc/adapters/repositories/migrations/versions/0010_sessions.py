"""Sessions: who is logged in, and the latest refresh token of each."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_moment = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "sessions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("owner", sa.Uuid(), nullable=False),
        sa.Column("family_hash", sa.Text(), nullable=False),
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("created_at", _moment, nullable=False),
        sa.Column("rotated_at", _moment, nullable=False),
        sa.Column("expires_at", _moment, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sessions")),
        sa.UniqueConstraint("family_hash", name=op.f("uq_sessions_family_hash")),
        sa.ForeignKeyConstraint(["owner"], ["users.id"], name=op.f("fk_sessions_owner"), ondelete="CASCADE"),
    )
    op.create_index("ix_sessions_owner", "sessions", ["owner"])
    op.create_index("ix_sessions_expiry", "sessions", ["expires_at"])


def downgrade() -> None:
    op.drop_table("sessions")
