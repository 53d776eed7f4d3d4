"""The compact form of a spec, one URL segment: ``crop:10:20:400:300,rs:cover:300:200,gray,f:webp,q:80``.

``,`` stands between steps, ``:`` between arguments, ``p`` for percent; an empty argument is the default. Parsing makes
plain data of the text and reads that, so the rules are those of the JSON form.
"""

import base64
import re
import types
from collections.abc import Iterator, Mapping
from itertools import islice
from types import MappingProxyType
from typing import Any, Union, get_args, get_origin

from attrs import Attribute, define, field, fields, fields_dict, frozen

from imgsvc.domain.errors import (
    ConflictingParameters,
    DuplicateParameter,
    InvalidInput,
    InvalidParameter,
    Path,
    UnknownOperation,
    unknown,
)
from imgsvc.domain.geometry import Gravity, Percent
from imgsvc.domain.operations import OPERATIONS, Adjust, Crop, Operation, Resize, Watermark
from imgsvc.domain.plain_data import read_parameters, words_of
from imgsvc.domain.transform import Output, TransformSpec
from imgsvc.domain.wording import nearest, shortened

MAX_LENGTH = 2048

_OUTPUT = {
    "f": "format",
    "q": "quality",
    "ll": "lossless",
    "pr": "progressive",
    "pl": "png_level",
    "mb": "max_bytes",
    "nl": "never_larger",
    "md": "metadata",
    "icc": "icc",
    "fr": "frames",
}
# A resize in single keys, which stand next to each other; they may also refine an `rs` right before them.
_RESIZE = {
    "w": "width",
    "h": "height",
    "fit": "fit",
    "g": "gravity",
    "el": "enlarge",
    "dpr": "dpr",
    "kernel": "kernel",
}
_KEYS_ALONE = ("el", "dpr", "kernel")  # which have no place among the arguments of `rs`
_POSITIONAL = {kind.compact: kind for kind in OPERATIONS.values() if isinstance(kind.compact, str)}
# A watermark's source is a text or an image, and what follows the opacity how large that is.
_STAMP = ("source", "gravity", "opacity", "size", "x", "y", "color", "tile", "rotate", "font", "stroke", "stroke_color")
# What the arguments of an operation are, in order; a crop at a gravity is read by itself.
_ARGUMENTS: dict[type[Operation], list[str]] = {
    **{kind: [one.name for one in fields(kind)] for kind in _POSITIONAL.values()},
    Crop: ["x", "y", "width", "height"],
    Resize: ["fit", "width", "height", "gravity", "background"],
    Watermark: list(_STAMP),
}
_LONG_NAMES = {kind.op: compact for compact, kind in _POSITIONAL.items()} | {
    name: compact for compact, name in Adjust.compact.items()
}
_NAMES = {*_POSITIONAL, *_OUTPUT, *_RESIZE, *Adjust.compact}
_NUMBER = r"-?(0|[1-9][0-9]{0,8})(\.[0-9]{1,6})?"


@frozen
class _Segment:
    """What stands between two commas, and where in the text it begins."""

    name: str
    arguments: list[str]
    position: int


@define
class _Draft:
    """Plain data of the spec, growing while segments are read, and where in the text each part of it was given."""

    steps: list[dict[str, Any]] = field(factory=list)
    output: dict[str, Any] = field(factory=dict)
    positions: dict[Path, int] = field(factory=dict)
    has_resize_in_keys: bool = False

    def begin(self, segment: _Segment, op: str) -> None:
        self.positions["steps", len(self.steps)] = segment.position
        self.steps.append({"op": op})

    def ends_with(self, op: str) -> bool:
        return bool(self.steps) and self.steps[-1]["op"] == op

    def refine(self, segment: _Segment, key: str, value: Any) -> None:
        """Add a key to the last step; raises DuplicateParameter."""
        _set_once(self.steps[-1], key, value, segment.name)
        self.positions["steps", len(self.steps) - 1, key] = segment.position

    def position_of(self, path: Path) -> int | None:
        """Of what was given for ``path``, or for the step that it is part of."""
        return self.positions.get(path[:3], self.positions.get(path[:2]))


def parse(text: str) -> TransformSpec:
    """The spec of a compact form; raises InvalidInput with the position of the segment."""
    if len(text) > MAX_LENGTH:
        allowed = f"at most {MAX_LENGTH} characters"
        detail = f"the compact form has {len(text)} characters, which is too long"
        raise InvalidParameter(detail, value=len(text), allowed=allowed, position=MAX_LENGTH)
    draft = _Draft()
    for segment in _segments(text):
        try:
            _add(draft, segment)
        except InvalidInput as error:
            raise error.at(segment.position) from None
    try:
        return read_parameters(TransformSpec, {"steps": draft.steps, "output": draft.output})
    except InvalidInput as error:
        where = draft.position_of(error.path)
        raise error if where is None else error.at(where) from None


def compact(spec: TransformSpec) -> str:
    """The shortest text that parses to the same spec."""
    parts = [part for step in spec.steps for part in _printed(step)]
    for name, key in _OUTPUT.items():
        value = getattr(spec.output, key)
        if value != fields_dict(Output)[key].default:
            parts.append(f"{name}:{_text(value)}")
    return ",".join(parts)


def _segments(text: str) -> Iterator[_Segment]:
    position = 0
    for part in text.split(",") if text else ():
        name, *arguments = part.split(":")
        yield _Segment(name, _with_points_joined(arguments), position)
        position += len(part) + 1


def _with_points_joined(arguments: list[str]) -> list[str]:
    """A focal point, ``fp:x:y``, is one argument."""
    joined: list[str] = []
    rest = iter(arguments)
    for argument in rest:
        is_point = argument.rpartition("@")[2] == "fp"
        joined.append(":".join([argument, *islice(rest, 2)]) if is_point else argument)
    return joined


def _add(draft: _Draft, segment: _Segment) -> None:
    name = segment.name
    if name in _OUTPUT:
        key = _OUTPUT[name]
        _set_once(draft.output, key, _value(_only_argument(segment), fields_dict(Output)[key].type), name)
        draft.positions["output", key] = segment.position
    elif name in _RESIZE:
        _add_resize_key(draft, segment)
    elif name in Adjust.compact:
        _add_adjustment(draft, segment)
    elif name in _POSITIONAL:
        kind = _POSITIONAL[name]
        draft.begin(segment, kind.op)
        draft.steps[-1].update(_parameters(kind, segment.arguments))
    else:
        raise _unknown(name)


def _unknown(name: str) -> InvalidInput:
    """Names the compact name that was probably meant, also where its long form stands."""
    long_name = nearest(name, _LONG_NAMES)
    if long_name is None or (name != long_name and nearest(name, _NAMES) is not None):
        return unknown(UnknownOperation, "operation", name, _NAMES)
    meant = _LONG_NAMES[long_name]
    detail = f"unknown operation {shortened(name)}; {long_name} is written {meant} here"
    return UnknownOperation(detail, value=name, allowed=", ".join(sorted(_NAMES)), nearest=meant)


def _add_resize_key(draft: _Draft, segment: _Segment) -> None:
    key = _RESIZE[segment.name]
    if not draft.ends_with(Resize.op):
        if draft.has_resize_in_keys:
            raise ConflictingParameters(
                f"{segment.name} stands apart from the other keys of its resize",
                allowed="keys of one resize next to each other; a second resize as rs:fit:width:height",
            )
        draft.begin(segment, Resize.op)
        draft.has_resize_in_keys = True
    draft.refine(segment, key, _value(_only_argument(segment), fields_dict(Resize)[key].type))


def _add_adjustment(draft: _Draft, segment: _Segment) -> None:
    key = Adjust.compact[segment.name]
    value = _value(_only_argument(segment), float)
    # What would be done earlier than the last one written is a step of its own: order is meaning.
    order = list(Adjust.compact.values())
    if not draft.ends_with(Adjust.op) or set(draft.steps[-1]).intersection(order[order.index(key) :]):
        draft.begin(segment, Adjust.op)
    draft.refine(segment, key, value)


def _parameters(kind: type[Operation], arguments: list[str]) -> dict[str, Any]:
    if kind is Crop and (len(arguments) < 4 or any("@" in argument for argument in arguments)):
        return _crop_at_gravity(arguments)
    return _stamp(arguments) if kind is Watermark else _positional(kind, arguments)


def _stamp(arguments: list[str]) -> dict[str, Any]:
    """Of a watermark: an image's id where the source is not marked as text."""
    source, *_ = arguments or [""]
    is_image = re.fullmatch("[0-9a-f-]{36}", source) is not None
    return _positional(Watermark, arguments, {"source": "image", "size": "scale"} if is_image else {"source": "text"})


def _positional(
    kind: type[Operation], arguments: list[str], other_names: Mapping[str, str] = MappingProxyType({})
) -> dict[str, Any]:
    names = _ARGUMENTS[kind]
    if len(arguments) > len(names):
        allowed = ":".join([str(kind.compact), *names])
        raise InvalidParameter(f"{kind.compact} has too many arguments", value=len(arguments), allowed=allowed)
    parameters = fields_dict(kind)
    given = zip((other_names.get(name, name) for name in names), arguments, strict=False)
    return {name: _value(argument, parameters[name].type) for name, argument in given if argument != ""}


def _crop_at_gravity(arguments: list[str]) -> dict[str, Any]:
    box, at, gravity = ":".join(arguments).partition("@")
    sides = box.split(":")
    if len(sides) != 2:
        allowed = "crop:x:y:width:height or crop:width:height@gravity"
        raise InvalidParameter("crop takes a box of four numbers or two", value=len(arguments), allowed=allowed)
    lengths = {name: _value(text, int | Percent) for name, text in zip(("width", "height"), sides, strict=True)}
    return lengths | ({"gravity": gravity} if at else {})


def _only_argument(segment: _Segment) -> str:
    if len(segment.arguments) != 1:
        allowed = f"{segment.name}:value"
        raise InvalidParameter(f"{segment.name} takes one value", value=len(segment.arguments), allowed=allowed)
    return segment.arguments[0]


def _set_once(target: dict[str, Any], key: str, value: Any, name: str) -> None:
    if key in target:
        raise DuplicateParameter(f"{name} is given twice", value=value, allowed=f"{name} once")
    target[key] = value


def _value(text: str, kind: Any) -> Any:
    """The plain value of an argument whose field has type ``kind``; what it may be is checked later."""
    kinds = get_args(kind) if get_origin(kind) in (Union, types.UnionType) else (kind,)
    if Percent in kinds and text.endswith("%"):
        raise InvalidParameter("percent is written p here", value=text, allowed=f"{text[:-1]}p")
    if Percent in kinds and text.endswith("p"):
        number(text[:-1])
        return f"{text[:-1]}%"
    if bool in kinds:
        if text not in ("0", "1"):
            raise InvalidParameter("a switch must be 0 or 1", value=text, allowed="0 or 1")
        return text == "1"
    if words_of(kind) and not is_number(text):
        return text
    if int in kinds or float in kinds:
        return number(text)
    return _decoded(text) if str in kinds else text


def is_number(text: str) -> bool:
    return re.fullmatch(_NUMBER, text) is not None


def number(text: str) -> float:
    """A plain decimal number of ASCII digits; raises InvalidParameter for every other way to write one."""
    if not is_number(text):
        allowed = "a plain decimal number, such as 300, -5 or 0.25"
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
        raise InvalidParameter(f"{shortened(text)} is not text in base64url", value=text, allowed=allowed) from None


def _printed(step: Operation) -> list[str]:
    match step:
        case Adjust():
            changed = step.changed()
            return [f"{name}:{_text(getattr(step, key))}" for name, key in Adjust.compact.items() if key in changed]
        case Crop(gravity=None):
            return [":".join(["crop", *(_text(value) for value in (step.x, step.y, step.width, step.height))])]
        case Crop():
            at = "" if step.gravity is Gravity.CENTER else f"@{step.gravity}"
            return [f"crop:{_text(step.width)}:{_text(step.height)}{at}"]
        case Resize():
            return _printed_resize(step)
        case Watermark():
            return [_printed_watermark(step)]
        case _:
            values = [_argument(step, one) for one in fields(type(step))]
            return [":".join(_without_trailing_defaults([str(step.compact), *values]))]


def _printed_resize(step: Resize) -> list[str]:
    gravity = "" if step.gravity is Gravity.CENTER else _text(step.gravity)
    parts = ["rs", _text(step.fit), _text(step.width), _text(step.height), gravity, _text(step.background)]
    text = ":".join(_without_trailing_defaults(parts))
    keys = {name: (getattr(step, _RESIZE[name]), fields_dict(Resize)[_RESIZE[name]].default) for name in _KEYS_ALONE}
    return [text, *(f"{name}:{_text(value)}" for name, (value, default) in keys.items() if value != default)]


def _printed_watermark(step: Watermark) -> str:
    if step.text is not None:
        source = "t." + base64.urlsafe_b64encode(step.text.encode()).rstrip(b"=").decode()
    else:
        source = str(step.image)
    names = [name if name != "size" or step.image is None else "scale" for name in _STAMP[1:]]
    values = [_argument(step, fields_dict(Watermark)[name]) for name in names]
    return ":".join(_without_trailing_defaults([Watermark.compact, source, *values]))


def _argument(step: Operation, parameter: "Attribute[Any]") -> str:
    value, default = getattr(step, parameter.name), parameter.default
    follows = getattr(default, "factory", None)  # a default that other parameters decide
    return "" if value == (follows(step) if follows else default) else _text(value)


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
            return f"{value.digits}p"
        case float():
            return f"{value:.6f}".rstrip("0")
        case _:
            return str(value)
