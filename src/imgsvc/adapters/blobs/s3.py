"""Blobs as objects of S3, MinIO, and whatever speaks like them: ``<folder>/<key>+`` in a bucket.

What is written becomes visible as a whole. What the server says of media types is not relied on: the database knows
them. An upload in parts that dies with its process leaves parts that nobody sees; a rule of the bucket can remove them.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from io import BytesIO
from itertools import islice
from threading import BoundedSemaphore
from typing import Any, BinaryIO, TypeVar
from xml.etree.ElementTree import ParseError

from attrs import field, frozen
from minio import Minio
from minio.error import MinioException
from urllib3 import BaseHTTPResponse
from urllib3.exceptions import ProtocolError

from imgsvc.adapters.blobs.keys import MARK, checked_key, is_key, may_begin_a_key
from imgsvc.adapters.blobs.s3_address import S3Address, S3Endpoint
from imgsvc.adapters.blobs.s3_condition import Condition, failure
from imgsvc.adapters.blobs.s3_http import PatientPoolManager, whole
from imgsvc.adapters.blobs.s3_reading import Fetched, stream_of
from imgsvc.adapters.blobs.s3_sending import to_its_end
from imgsvc.adapters.common.outages import Outages
from imgsvc.domain.errors import AccessRefused, Busy, Unavailable
from imgsvc.ports.blobs import NO_HEADERS, StoredBlob
from imgsvc.ports.metrics import NO_DEPENDENCY_METRICS, DependencyMetrics

T = TypeVar("T")

_PART = 5 * 1024 * 1024  # bytes of an upload that are held in memory, twice or thrice; the least that S3 takes
_STREAMS = 8  # that are uploaded at once, because each holds parts
_PAGE = 1000  # entries of a listing; the most that a server gives
_RANGE_NOT_SATISFIABLE = 416
_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+)")


@frozen
class S3Blobs:
    """Any number of processes may share the bucket."""

    client: Minio = field(repr=False)
    signer: Minio = field(repr=False)  # of links, which hold good only where they were signed for
    bucket: str
    folder: str
    timeout: float
    _condition: Condition = field(factory=Condition, repr=False)
    _streams: BoundedSemaphore = field(factory=lambda: BoundedSemaphore(_STREAMS), init=False, repr=False)

    @classmethod
    @contextmanager
    def opened(cls, address: S3Address, metrics: DependencyMetrics = NO_DEPENDENCY_METRICS) -> Iterator["S3Blobs"]:
        """The store in a bucket, which is made if absent. Raises ValueError, AccessRefused, Unavailable."""
        with cls.as_it_is(address, metrics) as store:
            store._make_bucket()
            yield store

    @classmethod
    @contextmanager
    def as_it_is(cls, address: S3Address, metrics: DependencyMetrics = NO_DEPENDENCY_METRICS) -> Iterator["S3Blobs"]:
        """The store in a bucket that is left as it is, there or not. Raises ValueError."""
        http = PatientPoolManager(address.timeout, address.pool)
        try:
            yield cls.at(address, http, metrics)
        finally:
            http.clear()

    @classmethod
    def at(
        cls, address: S3Address, http: PatientPoolManager, metrics: DependencyMetrics = NO_DEPENDENCY_METRICS
    ) -> "S3Blobs":
        """The store, whether the bucket is there or not. Raises ValueError."""
        client = client_for(address, http)
        signer = client_for(address, http, address.public) if address.public else client
        condition = Condition(outages=Outages("the storage", metrics=metrics))
        return cls(client, signer, address.bucket, address.folder, address.timeout, condition)

    def _make_bucket(self) -> None:
        with self._condition.call("looking for the bucket"):
            if self.client.bucket_exists(self.bucket):
                return
        try:
            with self._condition.call("making the bucket"):
                self.client.make_bucket(self.bucket)
        except AccessRefused as error:
            raise AccessRefused("the storage has not got the bucket, and does not let us make it") from error
        except Unavailable:
            self.check()  # somebody else may have made it at the same time

    def check(self) -> None:
        with self._condition.call("looking for the bucket"):
            exists = self.client.bucket_exists(self.bucket)
        if not exists:
            raise Unavailable("the storage has not got the bucket")

    def _name(self, key: str) -> str:
        return f"{self.folder}{checked_key(key)}{MARK}"

    def put(self, key: str, content: BinaryIO | bytes, media_type: str, *, durable: bool = True) -> None:
        name = self._name(key)
        if isinstance(content, bytes):
            self._put(name, BytesIO(content), len(content), media_type)
            return
        with self._turn():
            self._put(name, *to_its_end(content), media_type)

    def _put(self, name: str, content: BinaryIO, length: int, media_type: str) -> None:
        with self._condition.call("writing"):
            self.client.put_object(
                self.bucket, name, content, length, media_type, part_size=_PART, num_parallel_uploads=1
            )

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if not self._streams.acquire(timeout=self.timeout):
            raise Busy("too much is being stored at once")
        try:
            yield
        finally:
            self._streams.release()

    def get(self, key: str) -> bytes:
        name = self._name(key)
        with self._condition.call("reading"):
            return _unbroken(lambda: whole(self.client.get_object(self.bucket, name), self.timeout))

    def open(self, key: str) -> BinaryIO:
        name = self._name(key)
        return stream_of(lambda start, count: self._part(name, start, count))

    def _part(self, name: str, start: int, count: int) -> Fetched:
        with self._condition.call("reading"):
            return _unbroken(lambda: self._fetched(name, start, count))

    def _fetched(self, name: str, start: int, count: int) -> Fetched:
        try:
            response = self.client.get_object(self.bucket, name, start, count)
        except MinioException as error:
            if failure(error).status == _RANGE_NOT_SATISFIABLE:
                return Fetched(b"", 0, "")  # as every range of nothing
            raise
        content = whole(response, self.timeout)
        return Fetched(content, _total(response, start, content), response.headers.get("ETag", ""))

    def presigned_url(self, key: str, lifetime: timedelta, headers: Mapping[str, str] = NO_HEADERS) -> str:
        answered: dict[str, Any] = {f"response-{name.lower()}": value for name, value in headers.items()}
        with self._condition.call("reading"):  # the server may have to be asked for its region
            return self.signer.presigned_get_object(self.bucket, self._name(key), lifetime, response_headers=answered)

    def delete(self, key: str) -> None:
        with self._condition.call("deleting"):
            self.client.remove_object(self.bucket, self._name(key))

    def list(self, prefix: str = "") -> Iterator[StoredBlob]:
        if not may_begin_a_key(prefix):
            return
        entries = self.client.list_objects(self.bucket, prefix=self.folder + prefix, recursive=True)
        while page := self._page(entries):
            for entry in page:
                key = entry.object_name.removeprefix(self.folder).removesuffix(MARK)
                if entry.object_name.endswith(MARK) and is_key(key):
                    yield StoredBlob(key, entry.size, entry.last_modified)

    def _page(self, entries: Iterator[Any]) -> Sequence[Any]:
        with self._condition.call("listing"):
            try:
                return tuple(islice(entries, _PAGE))
            except ValueError as error:  # the library's own, for XML that is no listing
                raise ParseError(str(error)) from error


def _unbroken(read: Callable[[], T]) -> T:
    """What is read, at the second try where the first one broke off.

    Of an object that is deleted within that instant, some servers begin to answer before they find that it is gone.
    """
    try:
        return read()
    except ProtocolError:
        return read()


def client_for(address: S3Address, http: PatientPoolManager, endpoint: S3Endpoint | None = None) -> Minio:
    """The library's client, for another endpoint of the same server where one is given.

    Raises ValueError for a region or an endpoint that cannot be.
    """
    endpoint = endpoint or S3Endpoint(address.endpoint, address.is_secure)
    client = Minio(
        endpoint.name,
        address.access_key,
        address.secret_key,
        secure=endpoint.is_secure,
        region=address.region,
        http_client=http,
    )
    if address.path_style is True:
        client.disable_virtual_style_endpoint()  # type: ignore[no-untyped-call]  # the library has no types
    elif address.path_style is False:
        client.enable_virtual_style_endpoint()  # type: ignore[no-untyped-call]  # the same
    return client


def _total(response: BaseHTTPResponse, start: int, content: bytes) -> int:
    """Bytes of the whole object; there are servers that say 200 with a part, and some that ignore ranges."""
    found = _RANGE.fullmatch(response.headers.get("Content-Range", ""))
    first, total = (int(found[1]), int(found[2])) if found else (0, len(content))
    if first != start:
        raise ProtocolError("the answer is not the range that was asked for")
    return total
