"""What is decided for the tests of use cases, which decide some of it differently."""

from datetime import timedelta
from typing import Any

from imgsvc.application.policy import Policy
from imgsvc.domain.delivery import RetrySchedule
from imgsvc.domain.limits import Limits
from imgsvc.domain.quota import NO_QUOTA


def a_policy(**changes: Any) -> Policy:
    """No quotas and no rates, and every life as long as it is by default."""
    defaults = {
        "limits": Limits(),
        "lease": timedelta(seconds=15),
        "strict_types": False,
        "max_attempts": 3,
        "sync_deadline": timedelta(seconds=10),
        "job_deadline": timedelta(seconds=120),
        "sync_megapixels": 150.0,
        "quota": NO_QUOTA,
        "jobs_per_account": None,
        "session_life": timedelta(days=30),
        "logins_per_account": None,
        "logins_per_address": None,
        "rates": {},
        "key_rates": {},
        "variant_life": timedelta(days=90),
        "job_life": timedelta(days=30),
        "orphan_grace": timedelta(hours=1),
        "tombstone_life": timedelta(days=30),
        "webhook_lease": timedelta(seconds=30),
        "webhook_schedule": RetrySchedule((timedelta(seconds=5), timedelta(minutes=5), timedelta(hours=1))),
        "webhook_failing_life": timedelta(days=5),
        "delivery_life": timedelta(days=30),
        "own_hosts": (),
        "presigned_url_life": None,
    }
    return Policy(**{**defaults, **changes})
