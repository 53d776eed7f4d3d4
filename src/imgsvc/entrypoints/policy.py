"""The policy that an installation's settings describe."""

from collections.abc import Mapping
from datetime import timedelta

from imgsvc.application.policy import Policy
from imgsvc.application.rates import RateGroup
from imgsvc.domain.delivery import RetrySchedule
from imgsvc.domain.quota import Quota
from imgsvc.entrypoints.settings import Settings
from imgsvc.ports.rate_limits import Rate

_TO_NOTE_AN_ATTEMPT = timedelta(seconds=15)  # also with a database that is away for a while
_MOST_ATTEMPTS = 3  # at a job, of workers who may have died of it


def policy_of(settings: Settings) -> Policy:
    """Days and seconds become times, and a 0 that switches something off becomes None."""
    return Policy(
        limits=settings.limits,
        lease=timedelta(seconds=settings.lease_seconds),
        sync_deadline=timedelta(seconds=settings.sync_seconds),
        job_deadline=timedelta(seconds=settings.job_seconds),
        sync_megapixels=settings.sync_megapixels,
        strict_types=settings.strict_types,
        max_attempts=_MOST_ATTEMPTS,
        quota=Quota(images=settings.quota_images or None, bytes=settings.quota_bytes or None),
        jobs_per_account=settings.jobs_per_account or None,
        session_life=timedelta(days=settings.refresh_days),
        logins_per_account=_a_minute(settings.logins_per_account),
        logins_per_address=_a_minute(settings.logins_per_address),
        rates=_rates(settings.rates),
        key_rates=_rates(settings.key_rates),
        variant_life=_life(settings.variant_days),
        job_life=_life(settings.job_days),
        tombstone_life=timedelta(days=settings.tombstone_days),
        orphan_grace=timedelta(seconds=settings.orphan_grace_seconds),
        webhook_lease=timedelta(seconds=settings.webhook_seconds) + _TO_NOTE_AN_ATTEMPT,
        webhook_schedule=RetrySchedule(settings.webhook_delays),
        webhook_failing_life=_life(settings.webhook_failing_days),
        delivery_life=_life(settings.delivery_days),
        own_hosts=settings.own_hosts,
        presigned_url_life=timedelta(seconds=settings.redirect_seconds) if settings.redirect_seconds else None,
    )


def _a_minute(amount: int) -> Rate | None:
    return Rate(amount, timedelta(minutes=1)) if amount else None


def _rates(amounts: Mapping[RateGroup, int]) -> dict[RateGroup, Rate]:
    return {group: rate for group, amount in amounts.items() if (rate := _a_minute(amount))}


def _life(days: int) -> timedelta | None:
    return timedelta(days=days) if days else None
