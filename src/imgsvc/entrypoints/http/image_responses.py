"""Pictures as HTTP answers: validators, caching, and headers that keep a browser from running them."""

import re
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from math import inf
from pathlib import PurePosixPath
from typing import BinaryIO
from urllib.parse import quote
from uuid import UUID

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from imgsvc.application.use_cases import UseCases
from imgsvc.entrypoints.http.inert import INERT
from imgsvc.entrypoints.http.ranges import wanted_part

_CHUNK = 256 * 1024
_ZERO = re.compile(r"q\s*=\s*0(\.0{0,3})?")

# Only its owner may see it, and whether he still may is asked each time.
_PRIVATE = "private, no-cache"

PICTURE_HEADERS = {"Cache-Control": _PRIVATE, **INERT}


# What else may be said where a picture is asked for.
ALSO_OF_PICTURES = {
    206: "The part that Range asked for",
    304: "You have this version already: its ETag was in If-None-Match",
    307: "The storage has the picture, at the Location, for a while: where the server is set up to say so",
}


def names_version(if_none_match: str, etag: str) -> bool:
    """Whether the header names the version, whose tag is in its quotes; also as a weak one."""
    known = {tag.strip().removeprefix("W/") for tag in if_none_match.split(",")}
    return etag in known or "*" in known


def not_modified(request: Request, etag: str, headers: Mapping[str, str] | None = None) -> Response | None:
    """The answer 304 where the caller has this version already (RFC 9110, section 13.1.2)."""
    if not names_version(",".join(request.headers.getlist("if-none-match")), f'"{etag}"'):
        return None
    return Response(status_code=304, headers={**PICTURE_HEADERS, "ETag": f'"{etag}"', **(headers or {})})


def accepted_types(request: Request) -> frozenset[str]:
    """The media types that the client names itself, and does not refuse; a wildcard says nothing of what it shows."""
    given = ",".join(request.headers.getlist("accept")).lower().split(",")
    parts = [[part.strip() for part in one.split(";")] for one in given]
    return frozenset(kind for kind, *parameters in parts if not any(_ZERO.fullmatch(one) for one in parameters))


def elsewhere(use_cases: UseCases, blob_key: str, *, media_type: str, name: str) -> Response | None:
    """The answer 307 that sends the caller to the storage, where the settings have it so."""
    headers = {"Content-Type": media_type, "Content-Disposition": _disposition(name), "Cache-Control": _PRIVATE}
    address = use_cases.presign_content(blob_key, headers)
    if address is None:
        return None
    # The address is as good as the picture for a while, and then good for nothing.
    return Response(status_code=307, headers={"Location": address, "Cache-Control": "private, no-store"})


def picture(
    request: Request,
    content: bytes | Callable[[bool], BinaryIO],
    *,
    media_type: str,
    byte_count: int | None,
    etag: str,
    name: str,
    headers: Mapping[str, str] | None = None,
    subjects: Collection[UUID] = (),
) -> Response:
    """A picture, or the part of it that was asked for; who asks for the headers alone gets those.

    A stream is opened only where it is read from, and closed when it was sent, or nobody wants it any more. Who opens
    it is told whether a part is to be sent alone, which may be over before it shows that the storage has changed it.
    Its length is not known (None) only of one that is not there. Where ``subjects`` are given the whole picture may be
    remembered, until one of them ends.

    Raises RangeNotSatisfiable, and what opening raises.
    """
    every = {
        **PICTURE_HEADERS,
        "Accept-Ranges": "bytes",
        "ETag": f'"{etag}"',
        "Content-Disposition": _disposition(name),
        **({} if byte_count is None else {"Content-Length": str(byte_count)}),
        **(headers or {}),
    }
    if request.method == "HEAD" or byte_count is None:
        return _Bodiless(None, 200, every, media_type)
    part = wanted_part(request, byte_count, etag)
    status = 200 if part is None else 206
    if part is None:
        part = range(byte_count)
    else:
        every |= {
            "Content-Range": f"bytes {part.start}-{part.stop - 1}/{byte_count}",
            "Content-Length": str(len(part)),
        }
    if isinstance(content, bytes):
        response = Picture(content[part.start : part.stop], status, every, media_type)
        response.subjects = subjects if status == 200 else ()
        return response
    return _StreamedPicture(content(status == 206), part, status, every, media_type)


def name_as(name: str, extension: str) -> str:
    """The name of an original, for a rendering of another format."""
    stem = PurePosixPath(name).stem if name else "picture"
    return f"{stem}.{extension}"


class Picture(Response):
    """From memory, whole or in part."""

    subjects: Collection[UUID] = ()  # what it was made of; none where it is not to be remembered
    good_for: float = inf  # seconds


class _Bodiless(Response):
    """Whose Content-Length is that of what would be sent, where that is known."""

    def init_headers(self, headers: Mapping[str, str] | None = None) -> None:
        super().init_headers(headers)
        if "Content-Length" not in (headers or {}):
            del self.headers["Content-Length"]


class _StreamedPicture(StreamingResponse):
    def __init__(self, stream: BinaryIO, part: range, status: int, headers: Mapping[str, str], media_type: str) -> None:
        super().__init__(_chunks(stream, part), status, headers, media_type)
        self._stream = stream

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._stream.close()


async def _chunks(stream: BinaryIO, part: range) -> AsyncIterator[bytes]:
    if part.start:
        await to_thread.run_sync(stream.seek, part.start)
    left = len(part)
    while left and (chunk := await to_thread.run_sync(stream.read, min(_CHUNK, left))):
        left -= len(chunk)
        yield chunk


def _disposition(name: str) -> str:
    """Inline, with the name for saving: in ASCII for old clients, in full as RFC 6266 says."""
    printable = "".join(character for character in name if character.isprintable()) or "picture"
    simple = "".join(one if one.isascii() and one not in '"\\%/;' else "_" for one in printable)
    return f"inline; filename=\"{simple}\"; filename*=UTF-8''{quote(printable, safe='')}"
