"""Idempotency-Key: which requests are the same, and their answer once more, without the secrets that were in it."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any, BinaryIO

from attrs import Attribute, evolve, field, fields, frozen, has
from starlette.requests import Request
from starlette.responses import Response

from imgsvc.application.idempotency import AnswerOnce
from imgsvc.domain.errors import InvalidIdempotencyKey
from imgsvc.domain.plain_data import plain
from imgsvc.domain.user import User
from imgsvc.entrypoints.http.upload_bodies import Upload
from imgsvc.ports.idempotency import Begun, KeptAnswer

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
_CHUNK = 1024 * 1024
_KEPT_HEADERS = ("location", "content-type", "cache-control")


_SHOWN_ONCE = "shown_once"


def shown_once() -> Any:
    """A field that is never stored, and None where an answer is given again, such as a secret."""
    return field(repr=False, metadata={_SHOWN_ONCE: True})


def is_shown_once(attribute: "Attribute[Any]") -> bool:
    return _SHOWN_ONCE in attribute.metadata


def without_secrets(view: Any) -> Any:
    """As it may be kept."""
    if not has(type(view)):
        return view
    return evolve(view, **{one.name: None for one in fields(type(view)) if is_shown_once(one)})


@frozen
class OnceOnly:
    """One request with a key."""

    answer_once: AnswerOnce
    caller: User
    key: str

    def begin(self, request: Request, arguments: Mapping[str, Any]) -> Begun | Response:
        """Or the answer that it was given before. Raises what AnswerOnce does."""
        found = self.answer_once(self.caller.id, self.key, _fingerprint(request, arguments))
        if isinstance(found, KeptAnswer):
            return Response(found.body, found.status, {**found.headers, REPLAYED: "true"})
        return found

    def keep(self, begun: Begun, response: Response) -> None:
        headers = {name: value for name, value in response.headers.items() if name in _KEPT_HEADERS}
        body = bytes(response.body).decode()
        self.answer_once.keep(self.caller.id, self.key, begun, response.status_code, headers, body)

    def give_up(self, begun: Begun) -> None:
        self.answer_once.give_up(self.caller.id, self.key, begun)


def once_only(request: Request, answer_once: AnswerOnce, caller: User) -> OnceOnly | None:
    """None for a request without a key."""
    given = request.headers.getlist(HEADER)
    if len(given) > 1:
        raise InvalidIdempotencyKey("there are several keys", parameter=HEADER, allowed="one")
    return OnceOnly(answer_once, caller, given[0]) if given else None


def _fingerprint(request: Request, arguments: Mapping[str, Any]) -> str:
    """Of the method, the address and all that was read of the body."""
    parts: list[Any] = [request.method, request.url.path, request.scope["query_string"].decode("latin-1")]
    if "body" in arguments:
        parts.append(plain(arguments["body"]))
    if "upload" in arguments:
        upload: Upload = arguments["upload"]
        parts += [_digest(upload.file), upload.filename, upload.media_type, dict(upload.fields), upload.url]
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()


def _digest(file: BinaryIO) -> str:
    digest = hashlib.sha256()
    file.seek(0)
    while chunk := file.read(_CHUNK):
        digest.update(chunk)
    file.seek(0)
    return digest.hexdigest()
