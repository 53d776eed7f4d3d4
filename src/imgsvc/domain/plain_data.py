"""Entities and specs to and from plain dicts, lists, text and numbers, strictly.

Nothing is guessed: a wrong type, an unknown key or a missing one is an InvalidInput whose path leads to it.
"""

import types
from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeVar, Union, cast, get_args, get_origin
from uuid import UUID

from attrs import has
from cattrs import Converter
from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn

from imgsvc.domain.color import Color
from imgsvc.domain.errors import InvalidInput, UnknownOperation, unknown
from imgsvc.domain.geometry import FocalPoint, Percent
from imgsvc.domain.merging import Absent
from imgsvc.domain.plain_failures import Misfit, as_parameter, explained
from imgsvc.domain.plain_scalars import register_scalars

T = TypeVar("T")


def read(kind: type[T], plain: object) -> T:
    """A value of ``kind`` from plain data; raises InvalidInput."""
    try:
        return _reader.structure(plain, kind)
    except Exception as error:
        raise explained(error) from None


def read_parameters(kind: type[T], plain: object) -> T:
    """Like ``read``, with the error codes of the transform language."""
    try:
        return read(kind, plain)
    except InvalidInput as error:
        raise as_parameter(error) from None


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


def _is_list(kind: Any) -> bool:
    origin: Any = get_origin(kind)
    return origin is tuple


def _read_list(value: object, kind: Any) -> tuple[Any, ...]:
    if not isinstance(value, list):
        raise Misfit(value, "a list")
    items = []
    for index, item in enumerate(value):
        try:
            items.append(_reader.structure(item, get_args(kind)[0]))
        except Exception as error:
            raise explained(error, (index,)) from None
    return tuple(items)


def _read_tagged(value: object, union: Any) -> Any:
    kinds = {one.op: one for one in get_args(union)}
    if not isinstance(value, Mapping):
        raise Misfit(value, 'an object with an "op"')
    name = value.get("op")
    if not isinstance(name, str):
        fault = "missing" if name is None else "not text"
        allowed = ", ".join(sorted(kinds))
        raise InvalidInput(f"op is {fault}: which operation is it?", path=("op",), value=name, allowed=allowed)
    if name not in kinds:
        raise unknown(UnknownOperation, "operation", name, kinds).under("op")
    return _reader.structure({key: item for key, item in value.items() if key != "op"}, kinds[name])


# AnySpec: read later, in any shape.
def _as_it_is(value: object, _: Any) -> object:
    return value


def _is_optional(kind: Any) -> bool:
    return get_origin(kind) in (Union, types.UnionType) and not {type(None), Absent}.isdisjoint(get_args(kind))


def _read_optional(value: object, kind: Any) -> Any:
    if value is None and type(None) in get_args(kind):
        return None
    present = [one for one in get_args(kind) if one not in (type(None), Absent)]
    return _reader.structure(value, cast(Any, Union[tuple(present)]))  # noqa: UP007  # built at run time


def _make_reader() -> Converter:
    converter = Converter(forbid_extra_keys=True, detailed_validation=True)
    register_scalars(converter)
    converter.register_structure_hook_func(_is_list, _read_list)
    converter.register_structure_hook_func(lambda kind: kind is object, _as_it_is)
    converter.register_structure_hook_func(is_tagged_union, _read_tagged)
    converter.register_structure_hook_func(_is_optional, _read_optional)

    def of_object(kind: Any) -> Any:
        structure = make_dict_structure_fn(kind, converter)

        def read_object(value: object, _: Any) -> Any:
            # cattrs itself takes an empty text or list for an object without keys.
            if not isinstance(value, Mapping):
                raise Misfit(value, "an object")
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


_reader = _make_reader()
_writer = _make_writer(omit_defaults=False)
_canonical_writer = _make_writer(omit_defaults=True)
