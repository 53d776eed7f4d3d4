"""Statements that each job or request runs, put together once: that takes three times as long as to run one."""

from sqlalchemy import ColumnElement, Float, and_, bindparam, or_, select, update

from imgsvc.adapters.repositories.portable_sql import INSERTS, CommitsWithoutFlush, TimeFromNow
from imgsvc.adapters.repositories.tables import api_keys, images, is_stallable, sessions, users, variants
from imgsvc.domain.variant import VariantStatus

NO_CLAIM = {"claim_token": None, "lease_ends_at": None}

is_pending = variants.c.status == VariantStatus.PENDING
lease_is_over: ColumnElement[bool] = variants.c.lease_ends_at <= TimeFromNow()
_is_free = or_(is_pending, and_(variants.c.status == VariantStatus.PROCESSING, lease_is_over))
# Nobody's, and signalled just now.
WAITING = {"status": VariantStatus.PENDING, "signalled_at": TimeFromNow(), **NO_CLAIM}

# Of the parameters, none has the name of a column: those would be written, too.
_lease_end = TimeFromNow(bindparam("lease_seconds", type_=Float))

ONE_USER = select(users).where(users.c.id == bindparam("wanted"), users.c.erased_at.is_(None))
USER_OF_SESSION = (
    select(users)
    .join(sessions, sessions.c.owner == users.c.id)
    .where(sessions.c.id == bindparam("wanted"), sessions.c.expires_at > TimeFromNow())
)
KEY_BY_HASH = (
    select(users, *(column.label(f"key_{column.name}") for column in api_keys.c))
    .join(api_keys, api_keys.c.owner == users.c.id)
    .where(api_keys.c.key_hash == bindparam("wanted"))
)
ONE_IMAGE = select(images).where(images.c.id == bindparam("wanted"))
ONE_VARIANT = select(variants).where(variants.c.id == bindparam("wanted"))
VARIANT_BY_KEY = select(variants).where(
    variants.c.image_id == bindparam("its_image_id"),
    variants.c.spec_id == bindparam("its_spec_id"),
    variants.c.fingerprint == bindparam("its_fingerprint"),
)

_MOMENTS: tuple[tuple[str, ...], ...] = ((), ("signalled_at",), ("used_at",), ("signalled_at", "used_at"))
# By the dialect and by what is to have the time of the database: a row, unless there is one of the same key.
VARIANT_ADDITIONS = {
    (dialect, moments): insert(variants)
    .values(dict.fromkeys(moments, TimeFromNow()))
    .on_conflict_do_nothing()
    .returning(variants.c.used_at)
    for dialect, insert in INSERTS.items()
    for moments in _MOMENTS
}

# Of a variant that waits, or whose claimant's lease is over: the row as it is then.
# A claim that is lost with the server is made again, and a lease that was not prolonged ends.
CLAIM = (
    update(variants)
    .where(variants.c.id == bindparam("wanted"), _is_free, CommitsWithoutFlush())
    .values(status=VariantStatus.PROCESSING, attempts=variants.c.attempts + 1)
    .values(claim_token=bindparam("token"), lease_ends_at=_lease_end)
    .returning(*variants.c)
)
# And the row of its image, behind that of the variant; SQLite lets an UPDATE return nothing of other tables.
CLAIM_WITH_IMAGE = CLAIM.where(images.c.id == variants.c.image_id).returning(
    *(column.label(f"of_image_{column.name}") for column in images.c)
)

RENEW = update(variants).where(CommitsWithoutFlush()).values(lease_ends_at=_lease_end)  # of which, the caller says

# Whatever ends a claim takes its token out of the row, so no older claim can be mistaken for the latest.
HELD = update(variants).where(variants.c.id == bindparam("wanted"), variants.c.claim_token == bindparam("token"))
RELEASE = HELD.values(attempts=variants.c.attempts - bindparam("refund"), **WAITING)
# Whatever claim there is ends with it; with the columns of a failure as parameters.
CANCEL = (
    update(variants)
    .where(variants.c.id == bindparam("wanted"), is_stallable)
    .values(status=VariantStatus.FAILED, **NO_CLAIM)
)
