"""Failures as pictures, for an `<img>` that should show something: where a request asks for that, and what it is told.

For pictures of one's own that is ``error=image`` in the query. An address that anybody may follow has no query, with
which everybody could have every cache ask again: there it is a part of what was signed.

They are drawn as SVG, which needs no codec where something has gone wrong already. All that they say is ours: the
status, and a stable code. They are as large as what was asked for, as far as a plan or the request alone can tell.
"""

import re
from collections.abc import Mapping
from enum import StrEnum
from urllib.parse import parse_qsl

from attrs import fields, frozen
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.types import Scope

from imgsvc.domain.errors import ImgsvcError
from imgsvc.domain.geometry import Size
from imgsvc.domain.link import Link, split_path
from imgsvc.domain.transform import TransformSpec
from imgsvc.domain.wanted_specs import read_query
from imgsvc.entrypoints.composition import Service
from imgsvc.entrypoints.http import link_address
from imgsvc.entrypoints.http.inert import INERT

_SIZE = "error_picture_size"  # in the state of a request
_DEFAULT = Size(320, 200)
_CONTENT = re.compile(r"/v1/(images|variants)/[^/]+/content")
_RENDERING = re.compile(r"/v1/images/[^/]+/content")
_CHARACTER = 0.6  # of a monospaced font: how wide it is, for its height


class ErrorForm(StrEnum):
    PROBLEM = "problem"
    IMAGE = "image"


@frozen(kw_only=True)
class PictureQuery:
    """How failures are told: as a problem document, or as a small picture for an `<img>`."""

    error: ErrorForm = ErrorForm.PROBLEM


def is_wanted(connection: HTTPConnection) -> bool:
    """Whether a failure of this request is to be a picture, as far as it can be read."""
    scope = connection.scope
    if scope.get("method") not in ("GET", "HEAD"):
        return False
    if link_address.wants_error_picture(scope.get("raw_path") or b""):
        return True
    return bool(_CONTENT.fullmatch(scope["path"])) and ("error", ErrorForm.IMAGE) in _query(scope)


def _query(scope: Scope) -> list[tuple[str, str]]:
    return parse_qsl(scope["query_string"].decode("latin-1"))


def plan_size(connection: HTTPConnection, size: Size) -> None:
    """Have an error picture of this request be as large as what was asked for."""
    connection.scope.setdefault("state", {})[_SIZE] = size


def error_picture(connection: HTTPConnection, status: int, code: str, headers: Mapping[str, str]) -> Response:
    """A picture that says the status and the code."""
    size: Size = connection.scope.get("state", {}).get(_SIZE) or _named_size(connection) or _DEFAULT
    every = {
        **headers,
        **INERT,
        "Cache-Control": "no-store",
        "Content-Disposition": 'inline; filename="error.svg"',
        "Cross-Origin-Resource-Policy": "cross-origin",  # pages elsewhere may show it
    }
    return Response(_drawn(f"{status} {code}", size), status, every, "image/svg+xml")


def _named_size(connection: HTTPConnection) -> Size | None:
    """Where nothing could be planned: what the last resize of the spec asks for, of any picture."""
    try:
        spec = _spec(connection.scope)
    except ImgsvcError:
        return None
    size = spec.last_resize.named_size if spec is not None and spec.last_resize is not None else None
    service: Service = connection.app.state.service
    return None if size is None else service.settings.limits.bounded(size)


def _spec(scope: Scope) -> TransformSpec | None:
    """As it was written, whoever did: nothing is looked up. Raises InvalidInput, InvalidSignature."""
    raw_path = scope.get("raw_path") or b""
    if link_address.is_link(raw_path):
        path, width = split_path(link_address.parsed(raw_path)[1].decode("latin-1"))
        return Link.of_signed_path(path).at(width)
    if not _RENDERING.fullmatch(scope["path"]):
        return None
    given = read_query([pair for pair in _query(scope) if pair[0] != fields(PictureQuery).error.name]).given
    return given if isinstance(given, TransformSpec) else given.changes.spec


def _drawn(text: str, size: Size) -> str:
    """Without any style, which the policy of its answer forbids."""
    height = max(1, min(size.height / 2, 0.9 * size.width / (_CHARACTER * len(text))))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{size.width}" height="{size.height}"'
        f' viewBox="0 0 {size.width} {size.height}" role="img" aria-label="{text}">'
        '<rect width="100%" height="100%" fill="#e5e7eb"/>'
        f'<text x="50%" y="50%" font-family="monospace" font-size="{height:.1f}" fill="#374151"'
        f' text-anchor="middle" dominant-baseline="central">{text}</text></svg>\n'
    )
