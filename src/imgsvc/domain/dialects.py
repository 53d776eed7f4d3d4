"""The shapes that clients of other services send, read as specs.

Where a shape has no order of its own, its parts become steps in the order of ``FLAT_ORDER``. In all of these shapes
a resize with both sides means ``cover`` with ``enlarge``: who names a size expects that size.
"""

from collections.abc import Iterable, Mapping
from typing import Any, get_args

from attrs import fields

from imgsvc.domain import notation
from imgsvc.domain.errors import (
    ConflictingParameters,
    DuplicateParameter,
    InvalidInput,
    InvalidParameter,
    UnknownOperation,
    UnknownParameter,
    shortened,
    unknown,
)
from imgsvc.domain.operations import OPERATIONS, Adjust, Operation, Resize
from imgsvc.domain.plain_data import read_parameters
from imgsvc.domain.transform import Output, TransformSpec

FLAT_ORDER = (
    "auto_orient",
    "crop",
    "resize",
    "rotate",
    "flip",
    "mirror",
    "background",
    "adjust",
    "grayscale",
    "sepia",
    "blur",
    "sharpen",
    "watermark",
)

# Other names for an operation or an output option, and what they are here.
_ALIASES = {"orient": "auto_orient", "greyscale": "grayscale", "compress": "quality"}
_OUTPUT_KEYS = ("format", "quality", "output")
_FILTERS = ("filters", "apply_filter")
_ADJUST_KEYS = tuple(Adjust.compact.values())
_FLAT_KEYS = (*FLAT_ORDER, *_ADJUST_KEYS, *_OUTPUT_KEYS)


def read_spec(plain: object) -> TransformSpec:
    """The spec of a JSON body in any of the shapes; raises InvalidInput with the path in that shape."""
    if isinstance(plain, list):
        return _read_operations(plain)
    if isinstance(plain, Mapping) and "transformations" in plain:
        if len(plain) > 1:
            other = next(key for key in plain if key != "transformations")
            raise UnknownParameter(f'{shortened(str(other))} cannot stand beside "transformations"', path=(str(other),))
        try:
            return _read_flat(plain["transformations"])
        except InvalidInput as error:
            raise error.under("transformations") from None
    if isinstance(plain, Mapping) and plain and ("steps" not in plain and set(plain) != {"output"}):
        return _read_flat(plain)
    return read_parameters(TransformSpec, plain)


def read_query(pairs: Iterable[tuple[str, str]]) -> TransformSpec:
    """The spec of a query string: ``t`` with the compact form, or the flat keys of ``QUERY_KEYS``."""
    query: dict[str, str] = {}
    for name, value in pairs:
        if name in query:
            raise DuplicateParameter(f"{shortened(name)} is given twice", parameter=name, value=value)
        query[name] = value
    try:
        if "t" in query:
            return _read_compact(query)
        return _read_flat(_flat_of_query(query))
    except InvalidInput as error:
        if error.parameter is None:
            error.parameter = _parameter_of(error, query)
        raise


def _read_compact(query: Mapping[str, str]) -> TransformSpec:
    if len(query) > 1:
        other = next(name for name in query if name != "t")
        kind = ConflictingParameters if other in QUERY_KEYS else UnknownParameter
        raise kind(f"{shortened(other)} cannot stand beside t", parameter=other, allowed="t, or the single parameters")
    return notation.parse(query["t"])


def _read_flat(plain: object) -> TransformSpec:
    if not isinstance(plain, Mapping):
        raise InvalidParameter("this must be an object", allowed="an object of operations")
    steps: dict[str, Operation] = {}
    output: dict[str, Any] = {}
    _collect(plain, steps, output)
    return _spec([steps[name] for name in FLAT_ORDER if name in steps], output)


def _collect(plain: Mapping[Any, Any], steps: dict[str, Operation], output: dict[str, Any]) -> None:
    adjustments = {key: plain[key] for key in _ADJUST_KEYS if plain.get(key) is not None}
    if adjustments:
        _set_once(steps, "adjust", read_parameters(Adjust, adjustments))
    for key, value in plain.items():
        name = _ALIASES.get(key, key)
        try:
            if key in _FILTERS and isinstance(value, Mapping):
                _collect(value, steps, output)
            elif name in _OUTPUT_KEYS:
                _collect_output(name, value, output)
            elif name in OPERATIONS:
                if value is not None and (value is not False or name == "auto_orient"):
                    _set_once(steps, name, _operation(name, value))
            elif key not in _ADJUST_KEYS:
                raise unknown(UnknownOperation, "operation", str(key), [*_FLAT_KEYS, "steps"])
        except InvalidInput as error:
            raise error.under(str(key)) from None


def _collect_output(name: str, value: object, output: dict[str, Any]) -> None:
    if name == "output":
        output.update(value if isinstance(value, Mapping) else {})
        read_parameters(Output, value)
    elif value is not None:
        read_parameters(Output, {name: value})
        _set_once(output, name, value)


def _operation(name: str, value: object) -> Operation:
    """An operation from ``true`` (as it is by default), its first parameter alone, or an object of parameters."""
    kind = OPERATIONS[name]
    if isinstance(value, Mapping):
        parameters: dict[Any, Any] = dict(value)
    elif value is True or (value is False and name == "auto_orient"):
        parameters = {} if value else {"enabled": False}
    elif fields(kind) and name not in ("crop", "resize"):
        parameters = {fields(kind)[0].name: value}
    else:
        raise InvalidParameter(f"{name} must be true or an object", value=value, allowed="true or an object")
    if kind is Resize and parameters.get("width") is not None and parameters.get("height") is not None:
        parameters = {"enlarge": True, **parameters}
    try:
        return read_parameters(kind, parameters)
    except InvalidInput as error:
        # What stood alone has no key of its own in the caller's shape.
        error.path = error.path if isinstance(value, Mapping) else ()
        raise


def _set_once(target: dict[str, Any], name: str, value: Any) -> None:
    if name in target:
        raise DuplicateParameter(f"{name} is given twice")
    target[name] = value


def _spec(steps: list[Operation], output: Mapping[str, Any]) -> TransformSpec:
    return TransformSpec(steps=steps, output=read_parameters(Output, output))


def _read_operations(plain: list[Any]) -> TransformSpec:
    steps: list[Operation] = []
    output: dict[str, Any] = {}
    for index, item in enumerate(plain):
        try:
            _add_operation(item, steps, output)
        except InvalidInput as error:
            raise error.under(index) from None
    return _spec(steps, output)


def _add_operation(item: object, steps: list[Operation], output: dict[str, Any]) -> None:
    operation = item.get("operation") if isinstance(item, Mapping) else None
    if not isinstance(item, Mapping) or not isinstance(operation, str):
        allowed = 'an object such as {"operation": "crop", "params": {...}}'
        raise InvalidParameter("this names no operation", allowed=allowed)
    for key in item:
        if key not in ("operation", "params"):
            raise unknown(UnknownParameter, "key", str(key), ["operation", "params"]).under(str(key))
    name, parameters = _ALIASES.get(operation, operation), item.get("params", {})
    if name not in (*OPERATIONS, *_FILTERS, "format", "quality", "output"):
        names = [*OPERATIONS, "apply_filter", "format", "quality"]
        raise unknown(UnknownOperation, "operation", name, names).under("operation")
    if not isinstance(parameters, Mapping):
        raise InvalidParameter("params must be an object", path=("params",), allowed="an object")
    try:
        if name in OPERATIONS:
            steps.append(_operation(name, parameters))
            return
        filters: dict[str, Operation] = {}
        _collect(parameters, filters, output)
        steps.extend(filters[one] for one in FLAT_ORDER if one in filters)
    except InvalidInput as error:
        raise error.under("params") from None


def _number(text: str) -> Any:
    return notation.number(text)


def _switch(text: str) -> bool:
    if text.lower() not in ("1", "0", "true", "false"):
        raise InvalidParameter("a switch must be 1, 0, true or false", value=text, allowed="1, 0, true, false")
    return text.lower() in ("1", "true")


def _switch_or_number(text: str) -> Any:
    return _switch(text) if text.lower() in ("true", "false") else _number(text)


def _length(text: str) -> Any:
    return text if text.endswith("%") else _number(text)


def _box(text: str) -> dict[str, Any]:
    parts = text.split(",")
    if len(parts) != 4:
        raise InvalidParameter("crop must be x,y,width,height", value=text, allowed="four numbers")
    return dict(zip(("x", "y", "width", "height"), map(_length, parts), strict=True))


# Each key of the flat query: where its value goes in the flat shape, and how its text is read.
QUERY_KEYS: dict[str, tuple[tuple[str, ...], Any]] = {
    "autoOrient": (("auto_orient",), _switch),
    "crop": (("crop",), _box),
    "width": (("resize", "width"), _length),
    "height": (("resize", "height"), _length),
    "fit": (("resize", "fit"), str),
    "gravity": (("resize", "gravity"), str),
    "enlarge": (("resize", "enlarge"), _switch),
    "rotate": (("rotate",), _number),
    "flip": (("flip",), _switch),
    "mirror": (("mirror",), _switch),
    "background": (("background",), str),
    "brightness": (("brightness",), _number),
    "contrast": (("contrast",), _number),
    "saturation": (("saturation",), _number),
    "grayscale": (("grayscale",), _switch),
    "sepia": (("sepia",), _switch_or_number),
    "blur": (("blur",), _switch_or_number),
    "sharpen": (("sharpen",), _switch_or_number),
    "watermarkText": (("watermark", "text"), str),
    "format": (("format",), str),
    "quality": (("quality",), _number),
    "compress": (("compress",), _number),
}


def _flat_of_query(query: Mapping[str, str]) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, text in query.items():
        if name not in QUERY_KEYS:
            raise unknown(UnknownParameter, "parameter", name, [*QUERY_KEYS, "t"])
        path, read_text = QUERY_KEYS[name]
        target = flat
        for part in path[:-1]:
            target = target.setdefault(part, {})
        try:
            target[path[-1]] = read_text(text)
        except InvalidInput as error:
            error.parameter = name
            raise
    return flat


def _parameter_of(error: InvalidInput, query: Mapping[str, str]) -> str | None:
    """The parameter that put the refused value where it was found."""
    if "t" in query:
        return "t"
    paths = {QUERY_KEYS[name][0]: name for name in query if name in QUERY_KEYS}
    found = next((name for path, name in paths.items() if error.path[: len(path)] == path), None)
    error.path = ()
    return found or (str(error.value) if str(error.value) in query else None)


assert set(FLAT_ORDER) == {kind.op for kind in get_args(Operation)}, "every operation has a place in the fixed order"
