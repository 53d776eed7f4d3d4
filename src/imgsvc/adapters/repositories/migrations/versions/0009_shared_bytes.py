"""Images of one owner that have equal bytes share them."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_SHARED = sa.text("bytes_of IS NOT NULL")


def upgrade() -> None:
    # Those that were there before have bytes of their own, which null says.
    op.add_column("images", sa.Column("bytes_of", sa.Uuid()))
    op.create_index("ix_images_bytes", "images", ["bytes_of"], sqlite_where=_SHARED, postgresql_where=_SHARED)
    op.create_index("ix_images_owner_sha256", "images", ["owner", "sha256", "created_at", "id"])


def downgrade() -> None:
    op.drop_index("ix_images_owner_sha256", "images")
    op.drop_index("ix_images_bytes", "images")
    op.drop_column("images", "bytes_of")
