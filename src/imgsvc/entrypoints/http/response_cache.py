"""Whole answers kept in this process: what is asked for again and again is answered without asking anybody.

An answer is kept under all of the request that it depends on, the caller's token included.
"""

from collections.abc import Collection
from uuid import UUID

from attrs import frozen
from starlette.types import Scope

from imgsvc.entrypoints.http.invalidated_cache import LIFE, InvalidatedCache
from imgsvc.entrypoints.http.link_address import is_link, is_negotiated

_MOST_BYTES_OF_ONE = 256 * 1024

Key = tuple[bytes, bytes, bytes, bytes]  # path, query, Authorization, Accept
# With these an answer is another one than without.
_CONDITIONS = frozenset({b"range", b"if-range", b"if-match", b"if-unmodified-since"})


@frozen
class CachedResponse:
    """An answer of 200."""

    route: str  # the template of its path
    headers: list[tuple[bytes, bytes]]
    etag: bytes  # in its quotes
    body: bytes


@frozen
class Asked:
    """What a request depends on."""

    key: Key
    if_none_match: bytes
    request_id: bytes


def asked(scope: Scope) -> Asked | None:
    """None of a request that is answered from nothing kept: of parts, or with a header that should be there once."""
    accept = if_none_match = request_id = b""
    authorization = None
    for name, value in scope["headers"]:
        if name in _CONDITIONS:
            return None
        if name == b"authorization":
            if authorization is not None:
                return None
            authorization = value
        elif name == b"accept":
            accept = accept + b"," + value if accept else value
        elif name == b"if-none-match":
            if_none_match = if_none_match + b"," + value if if_none_match else value
        elif name == b"x-request-id":
            request_id = value
    # As it was sent: one address may be spelt in several ways, and each is kept for itself.
    path = scope.get("raw_path") or scope["path"].encode()
    if is_link(path):  # whose answer depends on nothing but its address, and on Accept where that is negotiated
        authorization = None
        accept = accept if is_negotiated(path) else b""
    return Asked((path, scope["query_string"], authorization or b"", accept), if_none_match, request_id)


@frozen
class ResponseCache:
    """Of what is kept until it is invalidated. Safe from any thread."""

    entries: InvalidatedCache

    def find(self, key: Key) -> CachedResponse | None:
        found: CachedResponse | None = self.entries.find(key)
        return found

    def mark(self) -> int:
        """To be taken before anything is asked that an answer is made of."""
        return self.entries.mark()

    def keep(
        self,
        key: Key,
        route: str,
        headers: list[tuple[bytes, bytes]],
        body: bytes,
        subjects: Collection[UUID],
        mark: int,
        good_for: float = LIFE,
    ) -> None:
        """Unless something was to be forgotten since the mark, or it is large; for ``good_for`` seconds at the most."""
        if len(body) > min(_MOST_BYTES_OF_ONE, self.entries.max_bytes):
            return
        etag = next(value for name, value in headers if name == b"etag")
        answer = CachedResponse(route, headers, etag, body)
        self.entries.keep(key, answer, subjects, mark, byte_count=len(body), good_for=good_for)
