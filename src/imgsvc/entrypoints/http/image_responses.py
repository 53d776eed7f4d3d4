"""Pictures as HTTP answers: validators, caching, and headers that keep a browser from running them."""

import re
from collections.abc import AsyncIterator, Mapping
from pathlib import PurePosixPath
from typing import BinaryIO
from urllib.parse import quote

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

_CHUNK = 256 * 1024
_ZERO = re.compile(r"q\s*=\s*0(\.0{0,3})?")

PICTURE_HEADERS = {
    # Only its owner may see it, and whether he still may is asked each time.
    "Cache-Control": "private, no-cache",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
}


def not_modified(request: Request, etag: str, headers: Mapping[str, str] | None = None) -> Response | None:
    """The answer 304 where the caller has this version already (RFC 9110, section 13.1.2)."""
    given = ",".join(request.headers.getlist("if-none-match"))
    known = {tag.strip().removeprefix("W/") for tag in given.split(",")}
    if f'"{etag}"' not in known and "*" not in known:
        return None
    return Response(status_code=304, headers={**PICTURE_HEADERS, "ETag": f'"{etag}"', **(headers or {})})


def accepted_types(request: Request) -> frozenset[str]:
    """The media types that the client names itself, and does not refuse; a wildcard says nothing of what it shows."""
    given = ",".join(request.headers.getlist("accept")).lower().split(",")
    parts = [[part.strip() for part in one.split(";")] for one in given]
    return frozenset(kind for kind, *parameters in parts if not any(_ZERO.fullmatch(one) for one in parameters))


def picture(
    content: bytes | BinaryIO,
    *,
    media_type: str,
    byte_count: int,
    etag: str,
    name: str,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """A picture, whole; a stream is closed when it was sent, or nobody wants it any more."""
    every = {
        **PICTURE_HEADERS,
        "ETag": f'"{etag}"',
        "Content-Length": str(byte_count),
        "Content-Disposition": _disposition(name),
        **(headers or {}),
    }
    if isinstance(content, bytes):
        return Response(content, 200, every, media_type)
    return _StreamedPicture(content, every, media_type)


def name_as(name: str, extension: str) -> str:
    """The name of an original, for a rendering of another format."""
    stem = PurePosixPath(name).stem if name else "picture"
    return f"{stem}.{extension}"


class _StreamedPicture(StreamingResponse):
    def __init__(self, stream: BinaryIO, headers: Mapping[str, str], media_type: str) -> None:
        super().__init__(_chunks(stream), 200, headers, media_type)
        self._stream = stream

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._stream.close()


async def _chunks(stream: BinaryIO) -> AsyncIterator[bytes]:
    while chunk := await to_thread.run_sync(stream.read, _CHUNK):
        yield chunk


def _disposition(name: str) -> str:
    """Inline, with the name for saving: in ASCII for old clients, in full as RFC 6266 says."""
    printable = "".join(character for character in name if character.isprintable()) or "picture"
    simple = "".join(one if one.isascii() and one not in '"\\%/;' else "_" for one in printable)
    return f"inline; filename=\"{simple}\"; filename*=UTF-8''{quote(printable, safe='')}"
