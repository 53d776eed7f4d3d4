"""The compact form of a spec, one URL segment: ``crop:10:20:400:300,rs:cover:300:200,gray,f:webp,q:80``.

``,`` stands between steps, ``:`` between arguments, ``p`` for percent; an empty argument is the default. Parsing makes
plain data of the text and reads that, so the rules are those of the JSON form.
"""

import base64
import re
import types
from collections.abc import Callable, Iterator
from typing import Any, Union, get_args, get_origin

from attrs import NOTHING, Attribute, Factory, field, fields, frozen

from imgsvc.domain.color import Color
from imgsvc.domain.errors import (
    ConflictingParameters,
    DuplicateParameter,
    InvalidInput,
    InvalidParameter,
    UnknownOperation,
    shortened,
    unknown,
)
from imgsvc.domain.geometry import Gravity, Percent
from imgsvc.domain.operations import OPERATIONS, Adjust, Crop, Operation, Resize
from imgsvc.domain.plain_data import read_parameters
from imgsvc.domain.transform import Format, TransformSpec

MAX_LENGTH = 2048

_OUTPUT = {"f": ("format", Format), "q": ("quality", int)}
# A resize in single keys, which stand next to each other; they may also refine an `rs` right before them.
_RESIZE = {"w": "width", "h": "height", "fit": "fit", "g": "gravity", "el": "enlarge"}
_POSITIONAL = {kind.compact: kind for kind in OPERATIONS.values() if isinstance(kind.compact, str)}
_NAMES = {*_POSITIONAL, *_OUTPUT, *_RESIZE, *Adjust.compact}
_NUMBER = r"-?(0|[1-9][0-9]{0,8})(\.[0-9]{1,6})?"


@frozen
class _Segment:
    """What stands between two commas, and where in the text it begins."""

    name: str
    arguments: list[str]
    position: int


@frozen
class _Draft:
    """Plain data of the spec, growing while segments are read; ``positions`` of the steps and of ``f`` and ``q``."""

    steps: list[dict[str, Any]] = field(factory=list)
    output: dict[str, Any] = field(factory=dict)
    positions: dict[tuple[str, int | str], int] = field(factory=dict)

    def begin(self, segment: _Segment, op: str) -> dict[str, Any]:
        self.positions["steps", len(self.steps)] = segment.position
        self.steps.append({"op": op})
        return self.steps[-1]

    def last(self, op: str) -> dict[str, Any] | None:
        return self.steps[-1] if self.steps and self.steps[-1]["op"] == op else None


def parse(text: str) -> TransformSpec:
    """The spec of a compact form; raises InvalidInput with the position of the segment."""
    if len(text) > MAX_LENGTH:
        raise InvalidParameter("the compact form is too long", value=len(text), allowed=f"{MAX_LENGTH} characters")
    draft = _Draft()
    for segment in _segments(text):
        try:
            _add(draft, segment)
        except InvalidInput as error:
            raise error.at(segment.position) from None
    try:
        return read_parameters(TransformSpec, {"steps": draft.steps, "output": draft.output})
    except InvalidInput as error:
        where = draft.positions.get(error.path[:2])  # type: ignore[arg-type]  # other paths are simply not found
        raise error if where is None else error.at(where) from None


def compact(spec: TransformSpec) -> str:
    """The shortest text that parses to the same spec."""
    output = spec.output
    parts = [part for step in spec.steps for part in _printed(step)]
    if output.format is not None:
        parts.append(f"f:{output.format}")
    if output.quality is not None:
        parts.append(f"q:{output.quality}")
    return ",".join(parts)


def _segments(text: str) -> Iterator[_Segment]:
    position = 0
    for part in text.split(",") if text else ():
        name, *arguments = part.split(":")
        yield _Segment(name, arguments, position)
        position += len(part) + 1


def _add(draft: _Draft, segment: _Segment) -> None:
    name = segment.name
    if name in _OUTPUT:
        key, kind = _OUTPUT[name]
        _set_once(draft.output, key, _value(_only_argument(segment), kind), name)
        draft.positions["output", key] = segment.position
    elif name in _RESIZE:
        _add_resize_key(draft, segment)
    elif name in Adjust.compact:
        _add_adjustment(draft, segment)
    elif name in _POSITIONAL:
        kind = _POSITIONAL[name]
        read_arguments = _SPECIAL.get(kind, _positional)
        draft.begin(segment, kind.op).update(read_arguments(kind, segment.arguments))
    else:
        raise unknown(UnknownOperation, "operation", name, _NAMES)


def _add_resize_key(draft: _Draft, segment: _Segment) -> None:
    key = _RESIZE[segment.name]
    step = draft.last(Resize.op)
    if step is None:
        if any(position < segment.position for position in _begun_by_key(draft)):
            raise ConflictingParameters(
                f"{segment.name} stands apart from the other keys of its resize; write a second resize as rs:fit:w:h"
            )
        step = draft.begin(segment, Resize.op)
        draft.positions["resize keys", segment.position] = segment.position
    _set_once(step, key, _value(_only_argument(segment), getattr(fields(Resize), key).type), segment.name)


def _begun_by_key(draft: _Draft) -> list[int]:
    return [position for (group, _), position in draft.positions.items() if group == "resize keys"]


def _add_adjustment(draft: _Draft, segment: _Segment) -> None:
    names = list(Adjust.compact.values())
    key = Adjust.compact[segment.name]
    step = draft.last(Adjust.op)
    # What would be done earlier than the last one written is a step of its own: order is meaning.
    if step is None or any(names.index(other) >= names.index(key) for other in step if other != "op"):
        step = draft.begin(segment, Adjust.op)
    step[key] = _value(_only_argument(segment), float)


def _positional(kind: type[Operation], arguments: list[str]) -> dict[str, Any]:
    parameters = fields(kind)
    if len(arguments) > len(parameters):
        allowed = ":".join([str(kind.compact), *(parameter.name for parameter in parameters)])
        raise InvalidParameter(f"{kind.compact} has too many arguments", value=len(arguments), allowed=allowed)
    given = zip(parameters, arguments, strict=False)
    return {one.name: _value(argument, one.type) for one, argument in given if argument != ""}


def _crop(kind: type[Operation], arguments: list[str]) -> dict[str, Any]:
    names = ["x", "y", "width", "height"] if len(arguments) == 4 else ["width", "height"]
    *rest, last = arguments or [""]
    last, at, gravity = last.partition("@")
    if len(arguments) not in (2, 4) or (at and len(arguments) == 4):
        raise InvalidParameter("crop needs a box", allowed="crop:x:y:width:height or crop:width:height@gravity")
    lengths = {name: _value(text, int | Percent) for name, text in zip(names, [*rest, last], strict=True)}
    return lengths | ({"gravity": gravity} if at else {})


def _resize(kind: type[Operation], arguments: list[str]) -> dict[str, Any]:
    if len(arguments) > 5:
        raise InvalidParameter("rs has too many arguments", allowed="rs:fit:width:height:gravity:background")
    names = ["fit", "width", "height", "gravity", "background"]
    given = zip(names, arguments, strict=False)
    return {name: _value(text, getattr(fields(Resize), name).type) for name, text in given if text != ""}


_SPECIAL: dict[type[Operation], Callable[[type[Operation], list[str]], dict[str, Any]]] = {Crop: _crop, Resize: _resize}


def _only_argument(segment: _Segment) -> str:
    if len(segment.arguments) != 1:
        raise InvalidParameter(f"{segment.name} takes one value", allowed=f"{segment.name}:value")
    return segment.arguments[0]


def _set_once(target: dict[str, Any], key: str, value: Any, name: str) -> None:
    if key in target:
        raise DuplicateParameter(f"{name} is given twice", value=value)
    target[key] = value


def _value(text: str, kind: Any) -> Any:
    """The plain value of an argument whose field has type ``kind``; what it may be is checked later."""
    kinds = get_args(kind) if get_origin(kind) in (Union, types.UnionType) else (kind,)
    if Percent in kinds and text.endswith("p"):
        number(text[:-1])
        return f"{text[:-1]}%"
    if bool in kinds:
        if text not in ("0", "1"):
            raise InvalidParameter("a switch must be 0 or 1", value=text, allowed="0 or 1")
        return text == "1"
    if int in kinds or float in kinds:
        return number(text)
    return _decoded(text) if str in kinds else text


def number(text: str) -> float:
    """A plain decimal number of ASCII digits; raises InvalidParameter for every other way to write one."""
    if not re.fullmatch(_NUMBER, text):
        allowed = "digits, with a minus and decimals where they make sense"
        raise InvalidParameter(f"{shortened(text)} is not a number", value=text, allowed=allowed)
    return float(text) if "." in text else int(text)


def _decoded(text: str) -> str:
    try:
        prefix, encoded = text[:2], text[2:].encode("ascii")
        if prefix != "t.":
            raise ValueError
        return base64.b64decode(encoded + b"=" * (-len(encoded) % 4), altchars=b"-_", validate=True).decode()
    except ValueError:
        allowed = "t. and the UTF-8 text in unpadded base64url"
        raise InvalidParameter(f"{shortened(text)} is not an encoded text", value=text, allowed=allowed) from None


def _printed(step: Operation) -> list[str]:
    match step:
        case Adjust():
            return [f"{name}:{_text(getattr(step, key))}" for name, key in Adjust.compact.items() if getattr(step, key)]
        case Crop(gravity=None):
            return [":".join(["crop", *(_text(value) for value in (step.x, step.y, step.width, step.height))])]
        case Crop():
            at = "" if step.gravity is Gravity.CENTER else f"@{step.gravity}"
            return [f"crop:{_text(step.width)}:{_text(step.height)}{at}"]
        case Resize():
            return _printed_resize(step)
        case _:
            values = [_argument(getattr(step, one.name), one) for one in fields(type(step))]
            return [":".join(_without_trailing_defaults([str(step.compact), *values]))]


def _printed_resize(step: Resize) -> list[str]:
    gravity = "" if step.gravity is Gravity.CENTER else _text(step.gravity)
    parts = ["rs", _text(step.fit), _text(step.width), _text(step.height), gravity, _text(step.background)]
    # Both sides are always written, so that `rs:inside:300:` cannot be taken for a shape of its own.
    text = ":".join([*parts[:4], *_without_trailing_defaults(parts[4:])])
    return [text, "el:1"] if step.enlarge else [text]


def _argument(value: Any, parameter: "Attribute[Any]") -> str:
    if isinstance(value, str) and parameter.type is str:
        return "t." + base64.urlsafe_b64encode(value.encode()).rstrip(b"=").decode()
    default = parameter.default
    return "" if default is not NOTHING and not isinstance(default, Factory) and value == default else _text(value)  # type: ignore[arg-type]  # Factory is a class at run time


def _without_trailing_defaults(parts: list[str]) -> list[str]:
    while parts and parts[-1] == "":
        parts.pop()
    return parts


def _text(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "1" if value else "0"
        case Percent():
            return f"{_text(value.value)}p"
        case float():
            return f"{value:.6f}".rstrip("0")
        case Color():
            return str(value)
        case _:
            return str(value)
