"""What an installation decides for itself: limits, deadlines, and how long things are kept."""

from collections.abc import Mapping
from datetime import timedelta

from attrs import field, frozen

from imgsvc.application.rates import RateGroup
from imgsvc.domain.delivery import RetrySchedule
from imgsvc.domain.field_rules import within
from imgsvc.domain.limits import Limits
from imgsvc.domain.quota import Quota
from imgsvc.ports.rate_limits import Rate


@frozen(kw_only=True)
class Policy:
    """What may be decided differently from one installation to the next."""

    limits: Limits
    lease: timedelta  # renewed while a variant is made, so it is what a dead worker costs
    strict_types: bool  # refuse pictures that are labelled as something else
    max_attempts: int = field(validator=within(1, 100))
    sync_deadline: timedelta  # of a rendering that somebody waits for
    job_deadline: timedelta
    sync_megapixels: float = field(validator=within(0, 1e6))
    quota: Quota  # of each account
    jobs_per_account: int | None  # that have not ended
    session_life: timedelta  # after which one logs in again
    logins_per_account: Rate | None
    logins_per_address: Rate | None
    rates: Mapping[RateGroup, Rate]  # of each caller; what has none is not counted
    key_rates: Mapping[RateGroup, Rate]  # of each API key, within that of its account
    variant_life: timedelta | None  # since somebody wanted it; None is for ever, here and below
    job_life: timedelta | None  # since it ended
    orphan_grace: timedelta  # longer than anything takes that stores bytes before a row
    tombstone_life: timedelta  # how long an erased image is told from one that never was
    webhook_lease: timedelta  # longer than an attempt takes; what a dead sender costs
    webhook_schedule: RetrySchedule
    webhook_failing_life: timedelta | None  # after which it is disabled
    delivery_life: timedelta | None  # since it ended
    own_hosts: tuple[str, ...]  # which no webhook may lead to
    presigned_url_life: timedelta | None  # None: all bytes pass through us
