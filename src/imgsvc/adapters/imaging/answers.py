"""What children say, read as what strangers say: one that was taken over may say anything."""

import logging
from typing import Any

from attrs import frozen

from imgsvc.adapters.imaging.opening import sniff
from imgsvc.domain import errors
from imgsvc.domain.errors import ImgsvcError, InvalidInput, RenderingFailed, RenderingOutOfMemory
from imgsvc.domain.image import Facts
from imgsvc.domain.plain_data import read
from imgsvc.domain.variant import Rendition
from imgsvc.ports.imaging import Rendered

logger = logging.getLogger(__name__)

_UNREADABLE = "the picture could not be rendered"
# What a picture can be guilty of.
_KINDS = {
    kind.__name__: kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, InvalidInput | RenderingFailed)
}


def facts_in(answer: dict[str, Any], source: bytes) -> Facts:
    """Raises RenderingFailed where they cannot be of that source."""
    try:
        facts = read(Facts, answer.get("facts"))
        if facts.media_type == sniff(source):
            return facts
    except InvalidInput as error:
        raise RenderingFailed(_UNREADABLE) from error
    raise RenderingFailed(_UNREADABLE)


def rendered_in(answer: dict[str, Any], content: bytes) -> Rendered:
    """Raises RenderingFailed where the content is not what it is said to be."""
    try:
        rendition = read(Rendition, answer.get("rendition"))
        if rendition.byte_count == len(content) and rendition.media_type == sniff(content):
            return Rendered(content, rendition)
    except InvalidInput as error:
        raise RenderingFailed(_UNREADABLE) from error
    raise RenderingFailed(_UNREADABLE)


def is_unexplained(answer: dict[str, Any]) -> bool:
    """Whether it tells of a failure that neither the picture nor the request is said to be guilty of, or not alone."""
    failure = answer.get("failure")
    return isinstance(failure, dict) and failure.get("kind") in (
        RenderingFailed.__name__,
        RenderingOutOfMemory.__name__,
    )


def failure_in(answer: dict[str, Any]) -> ImgsvcError:
    """The failure, with all that it told; one that nobody foresaw is logged."""
    try:
        given = dict(answer["failure"])
        kind, detail = _KINDS[given.pop("kind")], _text(given.pop("detail"))
        if issubclass(kind, RenderingFailed):
            logger.error("a picture could not be rendered: %s", ascii(answer.get("reason"))[:400])
            return kind(detail)
        return kind(detail, **_attributes(given))
    except (KeyError, TypeError, ValueError, InvalidInput):
        return RenderingFailed(_UNREADABLE)


@frozen(kw_only=True)
class _Attributes:
    """Of an InvalidInput; ``path`` and ``value`` are looked at by hand, since they may be of several types."""

    allowed: str | None = None
    nearest: str | None = None
    position: int | None = None
    parameter: str | None = None


def _attributes(given: dict[str, Any]) -> dict[str, Any]:
    path = tuple(given.pop("path"))
    value = {"value": given.pop("value")} if "value" in given else {}
    if not all(isinstance(part, str | int) for part in path):
        raise TypeError("a path of other things than names and numbers")
    told = read(_Attributes, given)
    return {
        "path": path,
        "allowed": told.allowed,
        "nearest": told.nearest,
        "position": told.position,
        "parameter": told.parameter,
        **value,
    }


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("no text")
    return value
