"""Scalars in plain data: what is one text or number there, read strictly, by a function for each kind."""

import re
import types
from contextlib import suppress
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Literal, Union, get_args, get_origin
from uuid import UUID

from cattrs import Converter

from imgsvc.domain.color import Color
from imgsvc.domain.errors import InvalidInput, unknown
from imgsvc.domain.field_rules import is_text
from imgsvc.domain.geometry import FocalPoint, Gravity, Interest, Percent
from imgsvc.domain.plain_failures import Misfit


def register_scalars(converter: Converter) -> None:
    """Have the converter read each kind by its function here."""
    converter.register_structure_hook(str, _read_text_or_choice)
    converter.register_structure_hook(int, _read_int)
    converter.register_structure_hook(float, _read_float)
    converter.register_structure_hook(bool, _read_bool)
    converter.register_structure_hook(Color, _read_color)
    converter.register_structure_hook(UUID, _read_uuid)
    converter.register_structure_hook(datetime, _read_moment)
    converter.register_structure_hook_func(_is_length, _read_length)
    converter.register_structure_hook_func(lambda kind: bool(words_of(kind)), _read_number_or_word)
    converter.register_structure_hook_func(_is_anchor, _read_anchor)


def words_of(kind: Any) -> tuple[str, ...]:
    """The words that a field may hold besides its number: of ``int | Literal["max"]``, ``max``."""
    literals = (one for one in get_args(kind) if get_origin(one) is Literal)
    return tuple(word for literal in literals for word in get_args(literal))


def _read_text_or_choice(value: object, kind: Any) -> str:
    # cattrs asks the hook of str for a StrEnum too, which is one.
    return _read_choice(value, kind) if issubclass(kind, StrEnum) else _read_text(value, kind)


def _read_text(value: object, _: Any) -> str:
    if not isinstance(value, str):
        raise Misfit(value, "text")
    if not is_text(value):
        raise Misfit(value, "Unicode text, without half of a surrogate pair")
    return value


def _read_choice(value: object, kind: type[StrEnum]) -> StrEnum:
    names = [choice.value for choice in kind]
    if not isinstance(value, str):
        raise Misfit(value, "one of " + ", ".join(names))
    try:
        return kind(value)
    except ValueError:
        raise unknown(InvalidInput, _last_word(kind.__name__), value, names) from None


def _last_word(name: str) -> str:
    """``VariantStatus`` as a person would say it."""
    return str(re.findall("[A-Z][a-z]*", name)[-1]).lower()


def _read_int(value: object, _: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value // 1:
        raise Misfit(value, "a whole number")
    return int(value)


def _read_float(value: object, _: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Misfit(value, "a number")
    return value


def _read_bool(value: object, _: Any) -> bool:
    if not isinstance(value, bool):
        raise Misfit(value, "true or false")
    return value


def _read_number_or_word(value: object, kind: Any) -> Any:
    words = words_of(kind)
    if isinstance(value, str) and value in words:
        return value
    choice = next((one for one in get_args(kind) if isinstance(one, type) and issubclass(one, StrEnum)), None)
    if choice is not None:
        return _read_choice(value, choice)
    try:
        return _read_int(value, int)
    except Misfit:
        raise Misfit(value, "a whole number, or " + ", ".join(words)) from None


def _is_length(kind: Any) -> bool:
    return get_origin(kind) in (Union, types.UnionType) and Percent in get_args(kind)


def _read_length(value: object, _: Any) -> int | Percent:
    if isinstance(value, str) and re.fullmatch(r"(0|[1-9][0-9]{0,3})(\.[0-9]{1,6})?%", value):
        return Percent(float(value[:-1]))
    try:
        return _read_int(value, int)
    except Misfit:
        raise Misfit(value, 'a whole number of pixels, or a percentage such as "50%"') from None


def _is_anchor(kind: Any) -> bool:
    return get_origin(kind) in (Union, types.UnionType) and FocalPoint in get_args(kind)


def _read_anchor(value: object, _: Any) -> Any:
    names = [one.value for one in (*Gravity, *Interest)]
    if not isinstance(value, str):
        raise Misfit(value, "one of " + ", ".join(names) + ", or fp:x:y")
    if value.startswith("fp:"):
        return FocalPoint.parse(value)
    if value in Gravity.__members__.values():
        return Gravity(value)
    try:
        return Interest(value)
    except ValueError:
        raise unknown(InvalidInput, "gravity", value, [*names, "fp:x:y"]) from None


def _read_color(value: object, _: Any) -> Color:
    return Color.parse(_read_text(value, str))


def _read_uuid(value: object, _: Any) -> UUID:
    if not isinstance(value, str) or not re.fullmatch(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", value):
        raise Misfit(value, "an id")
    return UUID(value)


def _read_moment(value: object, _: Any) -> datetime:
    # Python reads forms that few others do, such as those of weeks.
    if isinstance(value, str) and re.fullmatch(
        r"\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d))?", value
    ):
        with suppress(ValueError, OverflowError):
            moment = datetime.fromisoformat(value)
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    raise Misfit(value, "a day or a moment with its zone, such as 2026-03-01 or 2026-03-01T12:30:00Z")
