"""What is right and wrong with a bucket that is to keep our blobs."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from time import monotonic
from uuid import uuid4

from minio.error import MinioException
from urllib3.exceptions import HTTPError

from imgsvc.adapters.blobs.s3 import S3Blobs
from imgsvc.adapters.blobs.s3_address import S3Address, S3Endpoint
from imgsvc.adapters.blobs.s3_condition import failure
from imgsvc.adapters.blobs.s3_http import PatientPoolManager
from imgsvc.adapters.blobs.s3_troubles import unreachable
from imgsvc.domain.errors import ImgsvcError
from imgsvc.ports.diagnosis import Finding, Subject

_SUBJECT = Subject("blobs")
_PROBES = "doctor"  # the folder of what we write and remove again; no key of a picture starts like this
_CONTENT = b"imgsvc doctor"
_URL_LIFE = timedelta(minutes=1)
_MOST_SKEW = 60.0  # seconds; above 15 minutes a server refuses everything
_URL = "IMGSVC_BLOBS_URL"

_REMEDIES = {
    "InvalidAccessKeyId": f"correct the key in {_URL}, percent-encoded",
    "SignatureDoesNotMatch": f"correct the secret in {_URL}, percent-encoded, and its region",
    "RequestTimeTooSkewed": "set this machine's clock by NTP",
    "AuthorizationHeaderMalformed": f"correct ?region= in {_URL}",
}
_REFUSED = f"correct key and secret in {_URL}, percent-encoded, and let the key use the bucket"


def diagnose_s3(address: S3Address) -> Iterator[Finding]:
    """Writes one small object, and removes it again. Raises ValueError for an endpoint that cannot be."""
    http = PatientPoolManager(address.timeout, address.pool)
    try:
        store = S3Blobs.at(address, http)
        yield from _reach(address, http)
        yield from _use(store, address.public, http)
    except HTTPError as error:
        found, remedy = unreachable(error)
        yield _SUBJECT.error(f"S3 at {address.endpoint} cannot be reached: {found}", remedy)
    finally:
        http.clear()


def _reach(address: S3Address, http: PatientPoolManager) -> Iterator[Finding]:
    """Whatever it answers to somebody without a key."""
    before, begun = datetime.now(UTC), monotonic()
    response = http.urlopen("GET", f"{'https' if address.is_secure else 'http'}://{address.endpoint}/")
    seconds = monotonic() - begun
    yield _SUBJECT.ok(f"S3 at {address.endpoint} answers in {seconds * 1000:.0f} ms")
    try:
        theirs = parsedate_to_datetime(response.headers["Date"]).astimezone(UTC)
    except (KeyError, ValueError):
        return
    # A date has whole seconds: on average half of one is cut off.
    yield _SUBJECT.clock((theirs - before).total_seconds() - seconds / 2 + 0.5, "the server's", _MOST_SKEW)


def _use(store: S3Blobs, public: S3Endpoint | None, http: PatientPoolManager) -> Iterator[Finding]:
    try:
        store.check()
    except ImgsvcError as error:
        if error.__cause__ is None:
            remedy = "make it; or let imgsvc make it at its next start, if its key may"
            yield _SUBJECT.warning(f"there is no bucket {store.bucket}", remedy)
        else:
            yield _refusal("look for the bucket", error)
        return
    key = f"{_PROBES}/{uuid4().hex}"
    refusals = _refusals(write=lambda: store.put(key, _CONTENT, "application/octet-stream"))
    if not refusals:
        refusals = _refusals(read=lambda: store.get(key), list=lambda: list(store.list(f"{_PROBES}/")))
        if public is not None and not refusals:
            yield _link(store, key, public, http)
        refusals += _refusals(delete=lambda: store.delete(key))
    yield from refusals
    if not refusals:
        yield _SUBJECT.ok(f"our key may write, read, list and delete in bucket {store.bucket}")


def _refusals(**attempts: Callable[[], object]) -> list[Finding]:
    found = []
    for what, attempt in attempts.items():
        try:
            attempt()
        except ImgsvcError as error:
            found.append(_refusal(what, error))
    return found


def _link(store: S3Blobs, key: str, public: S3Endpoint, http: PatientPoolManager) -> Finding:
    """Whether what a client is given leads to the bytes."""
    shown = f"links to {public.name}, by ?public= in {_URL},"
    try:
        answer = http.urlopen("GET", store.presigned_url(key, _URL_LIFE), redirect=False)
    except HTTPError as error:
        return _SUBJECT.warning(
            f"{shown} cannot be followed from here: {unreachable(error)[0]}", "see that clients can"
        )
    if answer.status != 200 or answer.data != _CONTENT:
        remedy = "have that address lead to the same server, with the Host that clients send: it is signed"
        return _SUBJECT.error(f"{shown} are answered with status {answer.status}", remedy)
    return _SUBJECT.ok(f"{shown} lead to the bytes")


def told_at_start(error: ImgsvcError) -> str:
    """What keeps a start from using the bucket, and the remedy."""
    finding = _refusal("use the bucket", error)
    return f"the storage is in trouble: {finding.found}: {finding.remedy}"


def _refusal(what: str, error: ImgsvcError) -> Finding:
    cause = error.__cause__
    if isinstance(cause, MinioException):
        told = failure(cause)
        remedy = _REMEDIES.get(told.code) or (_REFUSED if told.status in (401, 403) else "see the server's own log")
        return _SUBJECT.error(f"we may not {what}: {error.detail} ({told.shown})", remedy)
    if isinstance(cause, HTTPError):
        found, remedy = unreachable(cause)
        return _SUBJECT.error(f"we cannot {what}: {found}", remedy)
    return _SUBJECT.error(f"we cannot {what}: {error.detail}", f"see that {_URL} names a server of S3")
