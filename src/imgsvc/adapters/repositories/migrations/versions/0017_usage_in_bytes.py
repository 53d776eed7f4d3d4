"""How many bytes each user keeps, beside how many images."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # The default stays for older processes that still run.
    op.add_column("usage", sa.Column("byte_count", sa.BigInteger(), nullable=False, server_default="0"))
    op.execute(
        "INSERT INTO usage (owner, image_count, byte_count) "
        "SELECT owner, 0, sum(byte_count) "
        "FROM (SELECT DISTINCT owner, coalesce(bytes_of, id) AS kept, byte_count FROM images) AS kept_once "
        "WHERE true GROUP BY owner "
        "ON CONFLICT (owner) DO UPDATE SET byte_count = excluded.byte_count"
    )


def downgrade() -> None:
    op.drop_column("usage", "byte_count")
