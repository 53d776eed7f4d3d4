"""Parts of pictures, as whoever goes on with a broken download asks for them (RFC 9110, section 14)."""

import re

from starlette.requests import Request

from imgsvc.entrypoints.http.errors import RangeNotSatisfiable

_RANGE = re.compile(r"bytes\s*=\s*(?:([0-9]{1,18})\s*-\s*([0-9]{0,18})|-\s*([0-9]{1,18}))", re.IGNORECASE)


def wanted_part(request: Request, byte_count: int, etag: str) -> range | None:
    """The bytes that were asked for; None for all of them. Raises RangeNotSatisfiable.

    What cannot be read, several ranges at once, and a part of another version count as nothing, which is allowed.
    """
    given = request.headers.getlist("range")
    found = _RANGE.fullmatch(given[0].strip()) if request.method == "GET" and len(given) == 1 else None
    if found is None or request.headers.get("if-range", f'"{etag}"').strip() != f'"{etag}"':
        return None
    first, last, length = (int(text) if text else None for text in found.groups())
    if length is not None:
        first = max(0, byte_count - length) if length else byte_count
    assert first is not None
    if last is not None and last < first:
        return None
    if first >= byte_count:
        raise RangeNotSatisfiable(byte_count)
    return range(first, byte_count if last is None else min(last + 1, byte_count))
