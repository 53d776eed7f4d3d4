"""The flat shape: operations and output options side by side in one object, without an order of their own.

Its parts become steps in the order of ``FLAT_ORDER``; ``null`` means that a part is absent, and so does ``false``
where it switches nothing off.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, get_args

from attrs import fields

from imgsvc.domain.errors import DuplicateParameter, InvalidInput, InvalidParameter, Path, UnknownOperation, unknown
from imgsvc.domain.operations import OPERATIONS, Adjust, Operation, Resize
from imgsvc.domain.plain_data import read_parameters
from imgsvc.domain.transform import Output, SpecChanges, TransformSpec

FLAT_ORDER = (
    "auto_orient",
    "crop",
    "trim",
    "resize",
    "rotate",
    "flip",
    "mirror",
    "pad",
    "background",
    "adjust",
    "grayscale",
    "sepia",
    "invert",
    "tint",
    "blur",
    "sharpen",
    "pixelate",
    "round",
    "watermark",
)

# Other names for an operation or an output option, and what they are here.
ALIASES = {"orient": "auto_orient", "greyscale": "grayscale", "compress": "quality", "apply_filter": "filters"}
_ADJUST_KEYS = tuple(Adjust.compact.values())
OUTPUT_KEYS = tuple(one.name for one in fields(Output))
# Names that only hold others, and which.
_GROUPS = {"filters": (*FLAT_ORDER, *_ADJUST_KEYS), "adjust": _ADJUST_KEYS, "output": OUTPUT_KEYS}
FILTERS = _GROUPS["filters"]
# To switch these off is not to leave them out: pictures are oriented by default, and a preset may have an option on.
_SWITCHES = ("auto_orient", *(one.name for one in fields(Output) if one.type is bool))
_FLAT_KEYS = (*FLAT_ORDER, *_ADJUST_KEYS, "filters", *OUTPUT_KEYS, "output")


def read_flat(plain: object) -> SpecChanges:
    """Raises InvalidInput with the path in the flat object."""
    steps, output = read_keys("transformations", plain, _FLAT_KEYS)
    return SpecChanges(TransformSpec(steps, Output(**output)), output)


def read_keys(called: str, plain: object, known: Iterable[str]) -> tuple[list[Operation], dict[str, Any]]:
    """The operations of a flat object in their fixed order, and its output options."""
    given: dict[str, Any] = {}
    for path, name, value in _entries(called, plain, known):
        if name in given:
            raise DuplicateParameter(f"{name} is given twice", path=path, value=value, allowed=f"{name} once")
        try:
            given[name] = _read_entry(name, value)
        except InvalidInput as error:
            raise error.under(*path) from None
    # Adjustments come one by one; the spec makes one step of them again.
    order = [key for name in FLAT_ORDER for key in _GROUPS.get(name, (name,))]
    return [given[name] for name in order if name in given], {key: given[key] for key in OUTPUT_KEYS if key in given}


def _entries(called: str, plain: object, known: Iterable[str]) -> Iterator[tuple[Path, str, Any]]:
    """What is present in a flat object, its groups opened: path, name and value."""
    if not isinstance(plain, Mapping):
        raise InvalidParameter(f"{called} must be an object", value=plain, allowed="an object")
    for key, value in plain.items():
        name = str(ALIASES.get(key, key))
        if name not in known:
            names = [*known, "steps"] if known is _FLAT_KEYS else known
            raise unknown(UnknownOperation, "operation", key, names).under(key)
        if value is None or (value is False and name not in _SWITCHES):
            continue
        if name not in _GROUPS:
            yield (key,), name, value
            continue
        try:
            yield from (((key, *path), inner, one) for path, inner, one in _entries(key, value, _GROUPS[name]))
        except InvalidInput as error:
            raise error.under(key) from None


def _read_entry(name: str, value: object) -> Any:
    """An operation, or the value of an output option."""
    if name in OPERATIONS:
        return read_operation(name, value)
    kind = Adjust if name in _ADJUST_KEYS else Output
    try:
        holder = read_parameters(kind, {name: value})
    except InvalidInput as error:
        raise error.moved_to() from None  # it counts from the entry, which is all of that object
    return holder if kind is Adjust else getattr(holder, name)


def read_operation(name: str, value: object) -> Operation:
    """From ``true`` (as it is by default), its first parameter alone, or an object of parameters."""
    kind = OPERATIONS[name]
    if not isinstance(value, Mapping):
        return _read_alone(kind, value)
    has_both_sides = value.get("width") is not None and value.get("height") is not None
    return read_parameters(kind, {"enlarge": True, **value} if kind is Resize and has_both_sides else value)


def _read_alone(kind: type[Operation], value: object) -> Operation:
    first = next((parameter.name for parameter in fields(kind)), None)
    if value is not True and (first is None or kind.op in ("crop", "resize")):
        allowed = "true" if first is None else "an object of parameters"
        raise InvalidParameter(f"{kind.op} must be {allowed}", value=value, allowed=allowed)
    try:
        return read_parameters(kind, {} if value is True else {first: value})
    except InvalidInput as error:
        raise error.moved_to() from None  # what stands alone has no key of its own in the caller's shape


assert set(FLAT_ORDER) == {kind.op for kind in get_args(Operation)}, "every operation has a place in the fixed order"
