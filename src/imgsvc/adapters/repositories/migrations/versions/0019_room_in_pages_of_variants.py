"""Room in the pages of variants, for the rows that change.

A variant that is queued changes three times and more. Postgres writes each as a new row, into the same page where that
has room; else into any that has some, which in a large table is another page for each row.
"""

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":  # SQLite writes changes in their place
        op.execute("ALTER TABLE variants SET (fillfactor = 80)")


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE variants RESET (fillfactor)")
