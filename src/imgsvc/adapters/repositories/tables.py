"""The tables: the only place with column names. A change here needs a migration; a test compares the two."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Enum,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    and_,
)

from imgsvc.adapters.repositories.column_types import UtcTime, VerbatimText
from imgsvc.domain.variant import VariantStatus

# Names that do not depend on the database, so that a migration can drop what an older one made.
metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    }
)

users = Table(
    "users",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("username", VerbatimText, nullable=False),
    # Verbatim too, since somebody may try to log in with a NUL.
    Column("username_key", VerbatimText, nullable=False, unique=True),
    Column("email", VerbatimText),
    Column("password_hash", Text, nullable=False),
    Column("created_at", UtcTime, nullable=False),
)

images = Table(
    "images",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("owner", Uuid, ForeignKey("users.id"), nullable=False),
    Column("name", VerbatimText, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("stored_width", Integer, nullable=False),
    Column("stored_height", Integer, nullable=False),
    Column("orientation", Integer, nullable=False),
    Column("frames", Integer, nullable=False),
    Column("has_alpha", Boolean, nullable=False),
    Column("byte_count", BigInteger, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("created_at", UtcTime, nullable=False),
)

# What would be too slow to count each time. Written last in a transaction, since everything that a user does at once
# waits there.
usage = Table(
    "usage",
    metadata,
    Column("owner", Uuid, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    Column("image_count", Integer, nullable=False),
)

variants = Table(
    "variants",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("owner", Uuid, ForeignKey("users.id"), nullable=False),
    Column("image_id", Uuid, ForeignKey("images.id", ondelete="CASCADE"), nullable=False),
    Column("spec", Text, nullable=False),  # canonical JSON
    Column("spec_id", Text, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column(
        "status",
        Enum(VariantStatus, native_enum=False, length=16, values_callable=lambda kind: [one.value for one in kind]),
        nullable=False,
    ),
    Column("attempts", Integer, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("queued_at", UtcTime),
    Column("finished_at", UtcTime),
    Column("media_type", Text),  # from here to byte_count: the rendition, and frames below
    Column("width", Integer),
    Column("height", Integer),
    Column("byte_count", BigInteger),
    Column("failure_code", Text),
    Column("failure_detail", VerbatimText),
    Column("claim_token", Uuid),  # of the latest claim, while it holds
    Column("lease_ends_at", UtcTime),  # this and signalled_at: on the clock of the database, to the millisecond
    Column("signalled_at", UtcTime),  # when the queue was last told about the variant
    Column("frames", Integer),
    UniqueConstraint("image_id", "spec_id", "fingerprint"),
)

is_queued = variants.c.queued_at.is_not(None)
is_stallable = and_(is_queued, variants.c.finished_at.is_(None))

# Each list is one index read backwards: first what the list is of, then its order.
Index("ix_images_owner", images.c.owner, images.c.created_at, images.c.id)
Index("ix_variants_image", variants.c.image_id, variants.c.created_at, variants.c.id)


def _partial_index(name: str, *columns: Column[object], where: object) -> Index:
    return Index(name, *columns, sqlite_where=where, postgresql_where=where)


_job = variants.c
_partial_index("ix_jobs_owner", _job.owner, _job.queued_at, _job.id, where=is_queued)
_partial_index("ix_jobs_owner_status", _job.owner, _job.status, _job.queued_at, _job.id, where=is_queued)
_partial_index("ix_jobs_owner_image", _job.owner, _job.image_id, _job.queued_at, _job.id, where=is_queued)
_partial_index("ix_jobs_stalled", _job.signalled_at, _job.created_at, _job.id, where=is_stallable)
