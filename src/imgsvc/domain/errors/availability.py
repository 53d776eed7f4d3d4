"""What can be had later: there is too little left just now, or something does not answer."""

import errno
from typing import ClassVar, NamedTuple

from imgsvc.domain.errors.base import ImgsvcError


class Busy(ImgsvcError):
    """The caller can wait ``retry_after`` seconds, and do the same again."""

    code = "overloaded"
    retry_after: ClassVar[int] = 2


class UsedUp(NamedTuple):
    """Of which rate there is too little left."""

    name: str
    amount: int  # within the period
    seconds: int
    remaining: int


class TooManyRequests(ImgsvcError):
    """The caller has used up what he may have in so much time; ``retry_after`` tells in how many seconds there is more.

    Others are not affected.
    """

    code = "rate_limited"

    def __init__(self, detail: str, retry_after: int, used_up: UsedUp | None = None) -> None:
        super().__init__(detail)
        self.retry_after = retry_after
        self.used_up = used_up


class TooManyWaiting(TooManyRequests):
    """The caller waits for as many jobs, or servers elsewhere, at once as he may already."""

    code = "too_many_waiting"


class TooManyJobs(TooManyRequests):
    """So many jobs of the account have not ended that it may have no more for now."""

    code = "too_many_jobs"


class Unavailable(Busy):
    """Something that we depend on does not answer."""

    code = "unavailable"


class AccessRefused(Unavailable):
    """Something that we depend on answers, but does not let us in; an operator can mend that."""


class StorageFull(Unavailable):
    """There is no room for anything more; nothing was kept."""

    code = "storage_full"


def not_kept(error: OSError) -> Unavailable:
    """What became of an upload that the system would not keep for a while."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return StorageFull("there is no room for an upload just now")
    return Unavailable("an upload cannot be kept just now")
