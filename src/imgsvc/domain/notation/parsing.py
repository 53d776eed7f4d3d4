"""The compact form as a spec: segments become plain data, and that is read by the rules of the JSON form."""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import islice
from types import MappingProxyType
from typing import Any

from attrs import define, field, fields_dict, frozen

from imgsvc.domain.errors import (
    ConflictingParameters,
    DuplicateParameter,
    InvalidInput,
    InvalidParameter,
    Path,
    UnknownOperation,
    unknown,
)
from imgsvc.domain.geometry import Percent
from imgsvc.domain.notation.arguments import read_argument
from imgsvc.domain.notation.names import ARGUMENTS, LONG_NAMES, MAX_LENGTH, NAMES, OUTPUT, POSITIONAL, PRESET, RESIZE
from imgsvc.domain.operations import Adjust, Crop, Operation, Resize, Watermark
from imgsvc.domain.plain_data import read_parameters
from imgsvc.domain.transform import Output, SpecChanges, TransformSpec
from imgsvc.domain.wording import nearest, shortened


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


@lru_cache(maxsize=1024)  # a few sizes are asked for of all images, and reading one takes as long as a query
def parse(text: str) -> TransformSpec:
    """The spec of a compact form; raises InvalidInput with the position of the segment."""
    return parse_changes(text).spec


def parse_changes(text: str) -> SpecChanges:
    """What ``parse`` reads, with the output options that it names."""
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
        spec = read_parameters(TransformSpec, {"steps": draft.steps, "output": draft.output})
    except InvalidInput as error:
        where = draft.position_of(error.path)
        raise error if where is None else error.at(where) from None
    return SpecChanges(spec, draft.output)


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
    if name in OUTPUT:
        key = OUTPUT[name]
        _set_once(draft.output, key, read_argument(_only_argument(segment), fields_dict(Output)[key].type), name)
        draft.positions["output", key] = segment.position
    elif name in RESIZE:
        _add_resize_key(draft, segment)
    elif name in Adjust.compact:
        _add_adjustment(draft, segment)
    elif name in POSITIONAL:
        kind = POSITIONAL[name]
        draft.begin(segment, kind.op)
        draft.steps[-1].update(_parameters(kind, segment.arguments))
    else:
        raise _unknown(name)


def _unknown(name: str) -> InvalidInput:
    """Names the compact name that was probably meant, also where its long form stands."""
    if name == PRESET:
        detail = "a preset, p:name, can only come first, and only in a spec that an account asks for"
        return UnknownOperation(detail, value=name, allowed=", ".join(sorted(NAMES)))
    long_name = nearest(name, LONG_NAMES)
    if long_name is None or (name != long_name and nearest(name, NAMES) is not None):
        return unknown(UnknownOperation, "operation", name, NAMES)
    meant = LONG_NAMES[long_name]
    detail = f"unknown operation {shortened(name)}; {long_name} is written {meant} here"
    return UnknownOperation(detail, value=name, allowed=", ".join(sorted(NAMES)), nearest=meant)


def _add_resize_key(draft: _Draft, segment: _Segment) -> None:
    key = RESIZE[segment.name]
    if not draft.ends_with(Resize.op):
        if draft.has_resize_in_keys:
            raise ConflictingParameters(
                f"{segment.name} stands apart from the other keys of its resize",
                allowed="keys of one resize next to each other; a second resize as rs:fit:width:height",
            )
        draft.begin(segment, Resize.op)
        draft.has_resize_in_keys = True
    draft.refine(segment, key, read_argument(_only_argument(segment), fields_dict(Resize)[key].type))


def _add_adjustment(draft: _Draft, segment: _Segment) -> None:
    key = Adjust.compact[segment.name]
    value = read_argument(_only_argument(segment), float)
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
    is_image = re.fullmatch("[0-9a-fA-F-]{36}", source) is not None
    return _positional(Watermark, arguments, {"source": "image", "size": "scale"} if is_image else {"source": "text"})


def _positional(
    kind: type[Operation], arguments: list[str], other_names: Mapping[str, str] = MappingProxyType({})
) -> dict[str, Any]:
    names = ARGUMENTS[kind]
    if len(arguments) > len(names):
        allowed = ":".join([str(kind.compact), *names])
        raise InvalidParameter(f"{kind.compact} has too many arguments", value=len(arguments), allowed=allowed)
    parameters = fields_dict(kind)
    given = zip((other_names.get(name, name) for name in names), arguments, strict=False)
    return {name: read_argument(argument, parameters[name].type) for name, argument in given if argument != ""}


def _crop_at_gravity(arguments: list[str]) -> dict[str, Any]:
    box, at, gravity = ":".join(arguments).partition("@")
    sides = box.split(":")
    if len(sides) != 2:
        allowed = "crop:x:y:width:height or crop:width:height@gravity"
        raise InvalidParameter("crop takes a box of four numbers or two", value=len(arguments), allowed=allowed)
    lengths = {name: read_argument(text, int | Percent) for name, text in zip(("width", "height"), sides, strict=True)}
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
