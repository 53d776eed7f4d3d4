"""Entities and specs to and from plain dicts, lists, text and numbers, strictly.

Nothing is guessed: a wrong type, an unknown key or a missing one is an InvalidInput whose path leads to it.
"""

import re
import types
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Literal, TypeVar, Union, cast, get_args, get_origin
from uuid import UUID

from attrs import fields, has
from cattrs import Converter
from cattrs.errors import AttributeValidationNote, ClassValidationError, ForbiddenExtraKeysError
from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn

from imgsvc.domain.color import Color
from imgsvc.domain.errors import (
    InvalidInput,
    InvalidParameter,
    Path,
    UnknownField,
    UnknownOperation,
    UnknownParameter,
    unknown,
)
from imgsvc.domain.geometry import FocalPoint, Gravity, Interest, Percent
from imgsvc.domain.merging import Absent

T = TypeVar("T")


def read(kind: type[T], plain: object) -> T:
    """A value of ``kind`` from plain data; raises InvalidInput."""
    try:
        return _reader.structure(plain, kind)
    except Exception as error:
        raise _explained(error) from None


def read_parameters(kind: type[T], plain: object) -> T:
    """Like ``read``, with the error codes of the transform language."""
    try:
        return read(kind, plain)
    except InvalidInput as error:
        raise as_parameter(error) from None


def as_parameter(error: InvalidInput) -> InvalidInput:
    """A failure to read a field as the failure to read a parameter of a transform."""
    kinds = {UnknownField: UnknownParameter, InvalidInput: InvalidParameter}
    return error.as_kind(kinds[type(error)]) if type(error) in kinds else error


def plain(value: object) -> Any:
    """Plain data of a value, every field shown."""
    return _writer.unstructure(value)


def canonical(value: object) -> Any:
    """Plain data of a value without the fields that have their default.

    What is left out cannot change an id when a later version gives an operation another parameter.
    """
    return _canonical_writer.unstructure(value)


def is_tagged_union(kind: Any) -> bool:
    """Whether ``kind`` is a union of classes that are told apart by their ``op``."""
    return get_origin(kind) in (Union, types.UnionType) and all(hasattr(one, "op") for one in get_args(kind))


def words_of(kind: Any) -> tuple[str, ...]:
    """The words that a field may hold besides its number: of ``int | Literal["max"]``, ``max``."""
    literals = (one for one in get_args(kind) if get_origin(one) is Literal)
    return tuple(word for literal in literals for word in get_args(literal))


class _Misfit(Exception):
    """A value of the wrong kind; only who asked for it knows how it is called."""

    def __init__(self, value: object, allowed: str) -> None:
        super().__init__(allowed)
        self.value = value
        self.allowed = allowed


def _read_text(value: object, _: Any) -> str:
    if not isinstance(value, str):
        raise _Misfit(value, "text")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise _Misfit(value, "Unicode text, without half of a surrogate pair") from None
    return value


def _read_text_or_choice(value: object, kind: Any) -> str:
    # cattrs asks the hook of str for a StrEnum too, which is one.
    return _read_choice(value, kind) if issubclass(kind, StrEnum) else _read_text(value, kind)


def _read_list(value: object, kind: Any) -> tuple[Any, ...]:
    if not isinstance(value, list):
        raise _Misfit(value, "a list")
    items = []
    for index, item in enumerate(value):
        try:
            items.append(_reader.structure(item, get_args(kind)[0]))
        except Exception as error:
            raise _explained(error, (index,)) from None
    return tuple(items)


def _read_int(value: object, _: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value // 1:
        raise _Misfit(value, "a whole number")
    return int(value)


def _read_float(value: object, _: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _Misfit(value, "a number")
    return value


def _read_bool(value: object, _: Any) -> bool:
    if not isinstance(value, bool):
        raise _Misfit(value, "true or false")
    return value


def _read_length(value: object, _: Any) -> int | Percent:
    if isinstance(value, str) and re.fullmatch(r"(0|[1-9][0-9]{0,3})(\.[0-9]{1,6})?%", value):
        return Percent(float(value[:-1]))
    try:
        return _read_int(value, int)
    except _Misfit:
        raise _Misfit(value, 'a whole number of pixels, or a percentage such as "50%"') from None


def _read_anchor(value: object, _: Any) -> Any:
    names = [one.value for one in (*Gravity, *Interest)]
    if not isinstance(value, str):
        raise _Misfit(value, "one of " + ", ".join(names) + ", or fp:x:y")
    if value.startswith("fp:"):
        return FocalPoint.parse(value)
    if value in Gravity.__members__.values():
        return Gravity(value)
    try:
        return Interest(value)
    except ValueError:
        raise unknown(InvalidInput, "gravity", value, [*names, "fp:x:y"]) from None


def _read_number_or_word(value: object, kind: Any) -> Any:
    words = words_of(kind)
    if isinstance(value, str) and value in words:
        return value
    choice = next((one for one in get_args(kind) if isinstance(one, type) and issubclass(one, StrEnum)), None)
    if choice is not None:
        return _read_choice(value, choice)
    try:
        return _read_int(value, int)
    except _Misfit:
        raise _Misfit(value, "a whole number, or " + ", ".join(words)) from None


def _read_uuid(value: object, _: Any) -> UUID:
    if not isinstance(value, str) or not re.fullmatch(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", value):
        raise _Misfit(value, "an id")
    return UUID(value)


def _read_moment(value: object, _: Any) -> datetime:
    # Python reads forms that few others do, such as those of weeks.
    if isinstance(value, str) and re.fullmatch(
        r"\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d))?", value
    ):
        with suppress(ValueError, OverflowError):
            moment = datetime.fromisoformat(value)
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    raise _Misfit(value, "a day or a moment with its zone, such as 2026-03-01 or 2026-03-01T12:30:00Z")


def _read_color(value: object, _: Any) -> Color:
    return Color.parse(_read_text(value, str))


def _read_choice(value: object, kind: type[StrEnum]) -> StrEnum:
    names = [choice.value for choice in kind]
    if not isinstance(value, str):
        raise _Misfit(value, "one of " + ", ".join(names))
    try:
        return kind(value)
    except ValueError:
        raise unknown(InvalidInput, _last_word(kind.__name__), value, names) from None


def _last_word(name: str) -> str:
    """``VariantStatus`` as a person would say it."""
    return str(re.findall("[A-Z][a-z]*", name)[-1]).lower()


def _read_tagged(value: object, union: Any) -> Any:
    kinds = {one.op: one for one in get_args(union)}
    if not isinstance(value, Mapping):
        raise _Misfit(value, 'an object with an "op"')
    name = value.get("op")
    if not isinstance(name, str):
        fault = "missing" if name is None else "not text"
        allowed = ", ".join(sorted(kinds))
        raise InvalidInput(f"op is {fault}: which operation is it?", path=("op",), value=name, allowed=allowed)
    if name not in kinds:
        raise unknown(UnknownOperation, "operation", name, kinds).under("op")
    return _reader.structure({key: item for key, item in value.items() if key != "op"}, kinds[name])


def _is_list(kind: Any) -> bool:
    origin: Any = get_origin(kind)
    return origin is tuple


def _is_length(kind: Any) -> bool:
    return get_origin(kind) in (Union, types.UnionType) and Percent in get_args(kind)


def _is_anchor(kind: Any) -> bool:
    return get_origin(kind) in (Union, types.UnionType) and FocalPoint in get_args(kind)


def _is_optional(kind: Any) -> bool:
    return get_origin(kind) in (Union, types.UnionType) and not {type(None), Absent}.isdisjoint(get_args(kind))


# AnySpec: read later, in any shape.
def _as_it_is(value: object, _: Any) -> object:
    return value


def _read_optional(value: object, kind: Any) -> Any:
    if value is None and type(None) in get_args(kind):
        return None
    present = [one for one in get_args(kind) if one not in (type(None), Absent)]
    return _reader.structure(value, cast(Any, Union[tuple(present)]))  # noqa: UP007  # built at run time


def _make_reader() -> Converter:
    converter = Converter(forbid_extra_keys=True, detailed_validation=True)
    converter.register_structure_hook(str, _read_text_or_choice)
    converter.register_structure_hook(int, _read_int)
    converter.register_structure_hook(float, _read_float)
    converter.register_structure_hook(bool, _read_bool)
    converter.register_structure_hook(Color, _read_color)
    converter.register_structure_hook(UUID, _read_uuid)
    converter.register_structure_hook(datetime, _read_moment)
    converter.register_structure_hook_func(_is_list, _read_list)
    converter.register_structure_hook_func(lambda kind: kind is object, _as_it_is)
    converter.register_structure_hook_func(is_tagged_union, _read_tagged)
    converter.register_structure_hook_func(_is_length, _read_length)
    converter.register_structure_hook_func(lambda kind: bool(words_of(kind)), _read_number_or_word)
    converter.register_structure_hook_func(_is_anchor, _read_anchor)
    converter.register_structure_hook_func(_is_optional, _read_optional)

    def of_object(kind: Any) -> Any:
        structure = make_dict_structure_fn(kind, converter)

        def read_object(value: object, _: Any) -> Any:
            # cattrs itself takes an empty text or list for an object without keys.
            if not isinstance(value, Mapping):
                raise _Misfit(value, "an object")
            return structure(value, kind)

        return read_object

    converter.register_structure_hook_factory(has, of_object)
    return converter


def _make_writer(*, omit_defaults: bool) -> Converter:
    converter = Converter(omit_if_default=omit_defaults, unstruct_collection_overrides={tuple: list})
    for kind in (Color, FocalPoint, Percent, UUID):
        converter.register_unstructure_hook(kind, str)
    converter.register_unstructure_hook(datetime, lambda moment: moment.isoformat().replace("+00:00", "Z"))

    def with_op(kind: type) -> Any:
        unstructure: Any = make_dict_unstructure_fn(kind, converter, _cattrs_omit_if_default=omit_defaults)
        return lambda value: {"op": kind.op, **unstructure(value)}  # type: ignore[attr-defined]  # chosen by its op

    converter.register_unstructure_hook_factory(lambda kind: has(kind) and hasattr(kind, "op"), with_op)
    return converter


def _explained(error: Exception, path: Path = ()) -> InvalidInput:
    """The first failure in what cattrs raised, as one of ours, with the path to it."""
    if isinstance(error, ClassValidationError):
        first, name = _first(error)
        return _explained(first, (*path, name) if name else path)
    if isinstance(error, InvalidInput):
        return error.under(*path)
    if isinstance(error, _Misfit):
        detail = f"{_called(path)} must be {error.allowed}"
        return InvalidInput(detail, path=path, value=error.value, allowed=error.allowed)
    if isinstance(error, ForbiddenExtraKeysError):
        name = sorted(map(str, error.extra_fields))[0]
        return unknown(UnknownField, "field", name, [one.name for one in fields(error.cl)]).under(*path, name)
    if isinstance(error, KeyError) and path:
        return InvalidInput(f"{_called(path)} is missing", path=path)
    if isinstance(error, ValueError | TypeError):
        return InvalidInput(f"{_called(path)} is not what it should be", path=path)
    raise error  # ours, not the caller's


def _called(path: Path) -> str:
    match path:
        case (*_, str(name)):
            return name
        case (*_, int(index)):
            return f"item {index + 1} of the list"
        case _:
            return "the input"


def _first(error: ClassValidationError) -> tuple[Exception, str | None]:
    """The failure that explains most, and the name of its field where it is of one field."""
    # An unknown key explains more than the missing one that it was meant for.
    inner = sorted(error.exceptions, key=lambda one: not isinstance(one, ForbiddenExtraKeysError))[0]
    notes = [note for note in getattr(inner, "__notes__", ()) if isinstance(note, AttributeValidationNote)]
    # The last note is the outermost: a failure from deeper down carries those of its way up.
    return inner, notes[-1].name if notes else None


_reader = _make_reader()
_writer = _make_writer(omit_defaults=False)
_canonical_writer = _make_writer(omit_defaults=True)
