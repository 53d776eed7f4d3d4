"""Variants tell when they were used last; what may go is found by an index."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_FINISHED = sa.text("queued_at IS NOT NULL AND finished_at IS NOT NULL")
_PERISHABLE = sa.text("status = 'ready' AND queued_at IS NULL")


def upgrade() -> None:
    # Nobody knows when the older ones were used: as if just now, so that none goes sooner than it would otherwise.
    if op.get_context().dialect.name == "postgresql":
        # Written into no row, however many there are. The default stays for older processes that still run.
        op.add_column("variants", sa.Column("used_at", sa.DateTime(timezone=True), server_default=sa.func.now()))
    else:
        op.add_column("variants", sa.Column("used_at", sa.DateTime(timezone=True)))
        op.execute("UPDATE variants SET used_at = strftime('%Y-%m-%d %H:%M:%f000', 'now')")
    _create_partial_index("ix_jobs_finished", ["finished_at", "id", "queued_at"], _FINISHED)
    _create_partial_index("ix_variants_unused", ["used_at", "id"], _PERISHABLE)


def _create_partial_index(name: str, columns: list[str], where: sa.TextClause) -> None:
    op.create_index(name, "variants", columns, sqlite_where=where, postgresql_where=where)


def downgrade() -> None:
    op.drop_index("ix_variants_unused", "variants")
    op.drop_index("ix_jobs_finished", "variants")
    op.drop_column("variants", "used_at")
