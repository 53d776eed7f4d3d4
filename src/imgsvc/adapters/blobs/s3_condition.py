"""How a server of objects fares, as far as the last calls know, and its failures as ours."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from time import monotonic
from xml.etree.ElementTree import ParseError

from attrs import define, field, frozen
from minio.error import InvalidResponseError, MinioException, S3Error, ServerError
from urllib3.exceptions import HTTPError, NewConnectionError
from urllib3.exceptions import TimeoutError as UrllibTimeoutError

from imgsvc.adapters.blobs.s3_troubles import unreachable
from imgsvc.adapters.common.outages import Attempt, Outages
from imgsvc.domain.errors import AccessRefused, BlobNotFound, StorageFull, Unavailable
from imgsvc.domain.wording import cut

_MISSING = {"NoSuchKey", "NoSuchVersion"}
_FULL = {
    "XMinioStorageFull",
    "EntityTooLarge",
    "QuotaExceeded",
    "InsufficientStorage",
    "XMinioAdminBucketQuotaExceeded",
}
_CODE = re.compile(r"<Code>\s*(\w+)\s*</Code>")


@frozen
class Failure:
    """What a server said instead of doing what it should."""

    status: int
    code: str  # of S3; may be missing

    @property
    def shown(self) -> str:
        return self.code or f"status {self.status}"


def failure(error: MinioException) -> Failure:
    """What the library makes one of three errors of."""
    match error:
        case S3Error():
            return Failure(error.response.status, cut(error.code or ""))
        case InvalidResponseError():  # labelled otherwise than the library expects, or without a body
            found = _CODE.search(error._body or "")
            return Failure(error._code, cut(found[1]) if found else "")
        case ServerError():
            return Failure(error.status_code, "")
    return Failure(0, type(error).__name__)


@define(eq=False)
class Condition:
    """While the server does not answer at all it is left alone for ``rest`` seconds.

    Then one call finds out whether it is back. The others fail at once: they would tie up every thread of the service.
    """

    rest: float = 2.0
    _outages: Outages = field(factory=lambda: Outages("the storage"))
    _asks_again_at: float | None = field(default=None, init=False)  # None: it answers
    _asking: Lock = field(factory=Lock, init=False, repr=False)

    @contextmanager
    def call(self, part: str) -> Iterator[None]:
        """Around every use of the server, of which ``part`` says the kind.

        Raises BlobNotFound, StorageFull, AccessRefused, Unavailable.
        """
        asks_again_at = self._asks_again_at
        if asks_again_at is None:
            with self._watched(part):
                yield
            return
        if monotonic() < asks_again_at or not self._asking.acquire(blocking=False):
            raise Unavailable("the storage does not answer")
        try:
            with self._watched(part):
                yield
        finally:
            self._asking.release()

    @contextmanager
    def _watched(self, part: str) -> Iterator[None]:
        attempt = self._outages.attempt(part)
        try:
            yield
        except MinioException as error:
            # An answer, whatever it says.
            self._asks_again_at = None
            raise _noted(failure(error), attempt) from error
        except HTTPError as error:
            self._asks_again_at = monotonic() + self.rest if _is_silence(error) else None
            attempt.finds_nobody("it cannot be reached", unreachable(error)[0])
            raise Unavailable("the storage does not answer") from error
        except (ParseError, UnicodeDecodeError) as error:
            attempt.finds_nobody("it does not speak S3", type(error).__name__)
            raise Unavailable("the storage gives answers of no sense") from error
        else:
            self._asks_again_at = None
            attempt.succeeds()


def _noted(failure: Failure, attempt: Attempt) -> Exception:
    """Our failure for one that the server told."""
    status, code = failure.status, failure.code
    if code in _MISSING or (status == 404 and not code):
        attempt.succeeds()
        return BlobNotFound("there are no bytes under this key")
    if status == 507 or code in _FULL:
        attempt.fails("it is full", failure.shown)
        return StorageFull("the storage is full")
    if status in (401, 403):
        attempt.fails("it refuses our key, or what the key may do, or our clock", failure.shown)
        return AccessRefused("the storage refuses us")
    attempt.fails("it fails", failure.shown)
    return Unavailable("the storage does not work")


def _is_silence(error: HTTPError) -> bool:
    """Whether time was lost over it: a server that is not there tells at once."""
    if isinstance(error, NewConnectionError):  # which counts as a timeout, too
        return False
    return isinstance(error, UrllibTimeoutError) or any(isinstance(one, TimeoutError) for one in error.args)
