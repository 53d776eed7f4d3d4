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
    literal_column,
)

from imgsvc.adapters.repositories.column_types import SortedText, UtcTime, VerbatimText
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
    Column("erased_at", UtcTime),  # since when the account is given up, and on its way out
)

# Of accounts that were erased: images whose bytes may be left, and when the oldest account was opened.
erased_images = Table(
    "erased_images",
    metadata,
    Column("image_id", Uuid, primary_key=True),
    Column("bytes_id", Uuid, nullable=False),
)
foundation = Table(
    "foundation",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("founded_at", UtcTime, nullable=False),
)

# One row: what the mark in the storage is compared with.
installation = Table(
    "installation",
    metadata,
    Column("row", Integer, primary_key=True),
    Column("id", Uuid, nullable=False),
)

# On the clock of the database, to the millisecond.
sessions = Table(
    "sessions",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("owner", Uuid, ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("family_hash", Text, nullable=False, unique=True),
    Column("token_hash", Text, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("rotated_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime, nullable=False),
)
Index("ix_sessions_owner", sessions.c.owner)
Index("ix_sessions_expiry", sessions.c.expires_at)

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("owner", Uuid, ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("name", VerbatimText, nullable=False),
    Column("scopes", Text, nullable=False),  # separated by commas
    Column("key_hash", Text, nullable=False, unique=True),
    Column("hint", Text, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("last_used_at", UtcTime),  # to about an hour, on the clock of the database
)
Index("ix_api_keys_owner", api_keys.c.owner, api_keys.c.created_at, api_keys.c.id)

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
    Column("description", VerbatimText),
    Column("tags", VerbatimText, nullable=False, server_default=""),  # separated by commas, of which they have none
    Column("name_key", SortedText, nullable=False, server_default=""),  # what names are sorted by
    Column("search_text", VerbatimText, nullable=False, server_default=""),  # name, description and tags
    Column("placeholder", Text),
    Column("dominant_color", Text),
    Column("bytes_of", Uuid),  # the image that brought the bytes, which may be gone; null: this one
)

# The tags once more, one a row, with what lists of images are read by.
image_tags = Table(
    "image_tags",
    metadata,
    Column("image_id", Uuid, ForeignKey("images.id", ondelete="CASCADE"), primary_key=True),
    Column("tag", VerbatimText, primary_key=True),
    Column("owner", Uuid, nullable=False),
    Column("created_at", UtcTime, nullable=False),
)

tombstones = Table(
    "tombstones",
    metadata,
    Column("image_id", Uuid, primary_key=True),
    Column("owner", Uuid, ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("erased_at", UtcTime, nullable=False),  # on the clock of the database
)
Index("ix_tombstones_owner", tombstones.c.owner)
Index("ix_tombstones_age", tombstones.c.erased_at)

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("owner", Uuid, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    Column("key", Text, primary_key=True),
    Column("fingerprint", Text, nullable=False),
    Column("result_id", Uuid, nullable=False, unique=True),  # the id of what is created
    Column("created_at", UtcTime, nullable=False),  # this and begun_at: on the clock of the database
    Column("begun_at", UtcTime, nullable=False),
    Column("status", Integer),  # from here on: the answer, once there is one
    Column("headers", Text),
    Column("body", Text),
)
Index("ix_idempotency_keys_owner", idempotency_keys.c.owner, idempotency_keys.c.created_at)
Index("ix_idempotency_keys_age", idempotency_keys.c.created_at)

# What would be too slow to count each time. Whoever adds or deletes an image writes here before it looks who shares its
# bytes: what one user does at once waits for that, and is decided in order.
usage = Table(
    "usage",
    metadata,
    Column("owner", Uuid, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    Column("image_count", Integer, nullable=False),
    Column("byte_count", BigInteger, nullable=False, server_default="0"),  # of originals, equal ones once
)

presets = Table(
    "presets",
    metadata,
    Column("owner", Uuid, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    Column("name", Text, primary_key=True),
    Column("spec", Text, nullable=False),  # canonical JSON
    Column("created_at", UtcTime, nullable=False),
    Column("changed_at", UtcTime, nullable=False),
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
    Column("media_type", Text),  # from here to byte_count: the rendition, and frames and sha256 below
    Column("width", Integer),
    Column("height", Integer),
    Column("byte_count", BigInteger),
    Column("failure_code", Text),
    Column("failure_detail", VerbatimText),
    Column("claim_token", Uuid),  # of the latest claim, while it holds
    Column("lease_ends_at", UtcTime),  # this and signalled_at: on the clock of the database, to the millisecond
    Column("signalled_at", UtcTime),  # when the queue was last told about the variant
    Column("frames", Integer),
    # When somebody wanted it last, to about a day; on the clock of the database, like the lease.
    Column("used_at", UtcTime),
    Column("sha256", Text),
    UniqueConstraint("image_id", "spec_id", "fingerprint"),
    postgresql_with={"fillfactor": 80},  # percent: a row that changes stays in its page
)

webhooks = Table(
    "webhooks",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("owner", Uuid, ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("url", Text, nullable=False),
    Column("events", Text, nullable=False),  # separated by commas
    Column("secret", Text, nullable=False),  # as it was shown; messages are signed with it
    Column("old_secret", Text),  # which is good until the next
    Column("old_secret_ends_at", UtcTime),  # all but created_at: on the clock of the database
    Column("created_at", UtcTime, nullable=False),
    Column("disabled_reason", Text),
    Column("disabled_at", UtcTime),
    Column("failing_since", UtcTime),
    Column("deleted_at", UtcTime),  # since when nobody knows of it; its deliveries go first
)

# Of jobs that may be gone, so no foreign key to them. While a delivery is claimed, due_at is the end of the lease.
webhook_deliveries = Table(
    "webhook_deliveries",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("webhook_id", Uuid, ForeignKey("webhooks.id", ondelete="CASCADE"), nullable=False),
    Column("event", Text, nullable=False),
    Column("variant_id", Uuid),
    Column("image_id", Uuid),
    Column("failure_code", Text),
    Column("failure_detail", VerbatimText),
    Column("created_at", UtcTime, nullable=False),
    Column("status", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("due_at", UtcTime),  # of one that is pending; this and the next two on the clock of the database
    Column("last_attempt_at", UtcTime),
    Column("ended_at", UtcTime),
    Column("last_status", Integer),
    Column("last_trouble", Text),
    Column("claim_token", Uuid),
)

# What ended a while ago at the most: images, accounts, sessions; so no foreign key.
invalidations = Table(
    "invalidations",
    metadata,
    Column("subject", Uuid, primary_key=True),
    Column("noted_at", UtcTime, nullable=False),  # on the clock of the database
    Index("ix_invalidations_noted", "noted_at", "subject"),
)

is_queued = variants.c.queued_at.is_not(None)
is_stallable = and_(is_queued, variants.c.finished_at.is_(None))
is_claimed = and_(is_queued, variants.c.lease_ends_at.is_not(None))
is_ready = variants.c.status == literal_column("'ready'")  # spelt out, since it is a condition of an index
is_finished_job = and_(is_queued, variants.c.finished_at.is_not(None))
# A job's result stays at least as long as the job.
is_perishable = and_(is_ready, variants.c.queued_at.is_(None))

# Each list is one index read backwards: first what the list is of, then its order.
Index("ix_images_owner", images.c.owner, images.c.created_at, images.c.id)
Index("ix_images_owner_format", images.c.owner, images.c.media_type, images.c.created_at, images.c.id)
Index("ix_images_owner_name", images.c.owner, images.c.name_key, images.c.id)
Index("ix_images_owner_sha256", images.c.owner, images.c.sha256, images.c.created_at, images.c.id)
Index("ix_images_owner_bytes", images.c.owner, images.c.byte_count, images.c.id)
_tag = image_tags.c
Index("ix_image_tags_owner", _tag.owner, _tag.tag, _tag.created_at, _tag.image_id)
Index("ix_variants_image", variants.c.image_id, variants.c.created_at, variants.c.id)


def _partial_index(name: str, *columns: Column[object], where: object) -> Index:
    return Index(name, *columns, sqlite_where=where, postgresql_where=where)


_job = variants.c
_partial_index("ix_users_erased", users.c.erased_at, where=users.c.erased_at.is_not(None))
_partial_index("ix_images_bytes", images.c.bytes_of, where=images.c.bytes_of.is_not(None))
_partial_index("ix_jobs_owner", _job.owner, _job.queued_at, _job.id, where=is_queued)
_partial_index("ix_jobs_owner_status", _job.owner, _job.status, _job.queued_at, _job.id, where=is_queued)
_partial_index("ix_jobs_owner_image", _job.owner, _job.image_id, _job.queued_at, _job.id, where=is_queued)
_partial_index("ix_jobs_stalled", _job.signalled_at, _job.created_at, _job.id, where=is_stallable)
_partial_index("ix_jobs_claimed", _job.lease_ends_at, _job.created_at, _job.id, where=is_claimed)
# Read forwards by who looks for what may go; the last column saves a look at the row.
_partial_index("ix_jobs_finished", _job.finished_at, _job.id, _job.queued_at, where=is_finished_job)
_partial_index("ix_variants_unused", _job.used_at, _job.id, where=is_perishable)
_partial_index("ix_webhooks_deleted", webhooks.c.id, where=webhooks.c.deleted_at.is_not(None))
Index("ix_webhooks_owner", webhooks.c.owner, webhooks.c.created_at, webhooks.c.id)
_sent = webhook_deliveries.c
Index("ix_webhook_deliveries_list", _sent.webhook_id, _sent.created_at, _sent.id)
Index("ix_webhook_deliveries_status", _sent.webhook_id, _sent.status, _sent.created_at, _sent.id)
_partial_index("ix_webhook_deliveries_due", _sent.due_at, _sent.webhook_id, _sent.id, where=_sent.due_at.is_not(None))
_partial_index("ix_webhook_deliveries_ended", _sent.ended_at, _sent.id, where=_sent.ended_at.is_not(None))
