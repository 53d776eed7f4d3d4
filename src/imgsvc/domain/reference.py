"""The transform language described as data: what its classes say of themselves, with meanings and examples."""

import re
import types
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, TypeAlias, Union, get_args, get_origin
from uuid import UUID

from attrs import NOTHING, Attribute, fields, frozen

from imgsvc.domain.color import Color
from imgsvc.domain.errors import UnknownOperation, unknown
from imgsvc.domain.examples import EXAMPLES, OUTPUT_EXAMPLES, Example
from imgsvc.domain.field_rules import Within, rules_of, tidy_number
from imgsvc.domain.geometry import FocalPoint, Gravity, Interest, LengthWithin
from imgsvc.domain.meanings import CHOICES, DEFAULTS, MEANINGS
from imgsvc.domain.notation.names import ARGUMENTS, OUTPUT, RESIZE
from imgsvc.domain.operations import OPERATIONS, Adjust, Crop, Operation, Resize, Watermark
from imgsvc.domain.output import Output
from imgsvc.domain.plain_scalars import words_of


@frozen
class Choice:
    word: str
    means: str  # empty where the word explains itself


@frozen(kw_only=True)
class ParameterReference:
    """A parameter of an operation, or an output option."""

    name: str
    compact: str | None  # the key of its own that it has in the compact form
    kind: str  # integer, number, boolean, string or length
    minimum: float | None
    maximum: float | None
    unit: str
    choices: tuple[Choice, ...]
    allowed: str  # all of these in words
    default: str | None  # in words; None where it must be given
    means: str


@frozen(kw_only=True)
class OperationReference:
    name: str
    forms: tuple[str, ...]  # compact ones; what is in brackets may be left out, from the end
    summary: str
    details: str  # paragraphs, with an empty line between
    parameters: tuple[ParameterReference, ...]
    examples: tuple[Example, ...]


@frozen(kw_only=True)
class OutputReference:
    option: ParameterReference
    example: Example


@frozen
class ValueReference:
    """What several parameters may hold."""

    name: str
    means: str


Reference: TypeAlias = OperationReference | OutputReference | ValueReference


def operations() -> tuple[OperationReference, ...]:
    return tuple(described(kind) for kind in OPERATIONS.values())


def described(kind: type[Operation]) -> OperationReference:
    summary, _, details = (kind.__doc__ or "").replace("``", "`").partition("\n")
    return OperationReference(
        name=kind.op,
        forms=_forms(kind),
        summary=summary.strip(),
        details="\n\n".join(" ".join(part.split()) for part in details.strip().split("\n\n")),
        parameters=tuple(_parameter(kind, one) for one in fields(kind)),
        examples=EXAMPLES[kind.op],
    )


def output_options() -> tuple[OutputReference, ...]:
    return tuple(
        OutputReference(option=_parameter(Output, one), example=OUTPUT_EXAMPLES[one.name]) for one in fields(Output)
    )


def values() -> tuple[ValueReference, ...]:
    compass = ", ".join(Gravity)
    interest = ", ".join(f"{one} ({CHOICES[one]})" for one in Interest)
    return (
        ValueReference("length", "pixels, or a percentage of the picture's side at that step: 50%, compactly 50p"),
        ValueReference("gravity", f"{compass}; {interest}; or fp:x:y, a point in parts of the picture: fp:0.7:0.4"),
        ValueReference("colour", "3, 4, 6 or 8 hexadecimal digits (the last for alpha), a CSS name, or transparent"),
        ValueReference("switch", "true or false, compactly 1 or 0"),
    )


def find(name: str) -> Reference:
    """By its name or a key of its compact forms; raises UnknownOperation."""
    by_name: dict[str, Reference] = {value.name: value for value in values()}
    by_name["color"] = by_name["colour"]
    for option in output_options():
        by_name |= {option.option.name: option, str(option.option.compact): option}
    for operation in operations():
        by_name |= dict.fromkeys((operation.name, *_keys(operation)), operation)
    if name not in by_name:
        raise unknown(UnknownOperation, "operation", name, by_name)
    return by_name[name]


def _keys(operation: OperationReference) -> set[str]:
    return {re.split(r"\W", segment)[0] for form in operation.forms for segment in form.split(",")}


def _forms(kind: type[Operation]) -> tuple[str, ...]:
    if kind is Adjust:
        return (_in_keys(Adjust.compact),)
    if kind is Crop:
        return "crop:x:y:width:height", "crop:width:height[@gravity]"
    names = ARGUMENTS[kind]
    if kind is Resize:
        return _form("rs", names, needed=3), _in_keys(RESIZE)
    if kind is Watermark:
        others = {"size": "scale", "color": ""}  # what an image has in the places of a text's
        of_image = [others.get(name, name) for name in names[1 : names.index("rotate") + 1]]
        return _form("wm", ["t.text", *names[1:]], needed=1), _form("wm", ["image", *of_image], needed=1)
    return (_form(str(kind.compact), names, needed=sum(one.default is NOTHING for one in fields(kind))),)


def _in_keys(keys: Mapping[str, str]) -> str:
    return ",".join(f"{key}:{name}" for key, name in keys.items())


def _form(name: str, arguments: Sequence[str], *, needed: int) -> str:
    parts = "".join(f":{one}" for one in arguments[:needed])
    optional = "".join(f":{one}" for one in arguments[needed:])
    return f"{name}{parts}[{optional}]" if optional else f"{name}{parts}"


def _parameter(kind: type[Any], one: "Attribute[Any]") -> ParameterReference:
    rules = rules_of(one)
    numbers = next((rule for rule in rules if isinstance(rule, Within)), None)
    lengths = next((rule for rule in rules if isinstance(rule, LengthWithin)), None)
    choices = _choices(one.type)
    return ParameterReference(
        name=one.name,
        compact=_KEYS.get(kind, {}).get(one.name),
        kind=_kind(one.type, lengths),
        minimum=numbers.low if numbers else lengths.least if lengths else None,
        maximum=numbers.high if numbers else lengths.most if lengths else None,
        unit=numbers.unit if numbers else "pixels or %" if lengths else "",
        choices=choices,
        allowed=_allowed(one.type, rules, [choice.word for choice in choices]),
        default=_default(kind, one),
        means=MEANINGS[kind][one.name],
    )


_KEYS: dict[type[Any], dict[str, str]] = {
    kind: {name: key for key, name in keys.items()}
    for kind, keys in ((Output, OUTPUT), (Resize, RESIZE), (Adjust, Adjust.compact))
}


def _options(kind: Any) -> tuple[Any, ...]:
    """The types of a field that may have one of several."""
    is_union = get_origin(kind) in (Union, types.UnionType)
    return tuple(one for one in get_args(kind) if one is not type(None)) if is_union else (kind,)


def _choices(kind: Any) -> tuple[Choice, ...]:
    words = [word for one in _options(kind) if isinstance(one, type) and issubclass(one, StrEnum) for word in one]
    named = tuple(Choice(word.value, CHOICES.get(word, "")) for word in words)
    return (*named, *(Choice(word, "") for word in words_of(kind)))


def _kind(kind: Any, lengths: LengthWithin | None) -> str:
    if lengths:
        return "length"
    names = {int: "integer", float: "number", bool: "boolean"}
    return next((names[one] for one in _options(kind) if one in names), "string")


def _allowed(kind: Any, rules: Sequence[Any], words: Sequence[str]) -> str:
    options = _options(kind)
    if Gravity in options:
        return "a gravity" if FocalPoint in options else "a point of the compass, or center"
    if bool in options:
        return "true or false"
    if Color in options:
        return "a colour"
    if UUID in options:
        return "the id of an image"
    numbers = next((rule for rule in rules if isinstance(rule, Within)), None)
    if numbers is not None:
        whole = "" if float in options else "a whole number, "
        known = f"{whole}{tidy_number(numbers.low)} to {tidy_number(numbers.high)} {numbers.unit}".strip()
        return f"{known}, or {' or '.join(words)}" if words else known
    return ", ".join(words) or next(rule.allowed for rule in rules if hasattr(rule, "allowed"))


def _default(kind: type[Any], one: "Attribute[Any]") -> str | None:
    if (kind, one.name) in DEFAULTS:
        return DEFAULTS[kind, one.name]
    if one.default is NOTHING:
        return None
    return {True: "true", False: "false"}.get(one.default) if isinstance(one.default, bool) else str(one.default)
