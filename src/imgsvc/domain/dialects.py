"""The shapes that clients of other services send, read as specs.

The flat shape is told in flat_shape.py; a query string is read as one. In all of these shapes a resize with both sides
means ``cover`` with ``enlarge``: who names a size expects that size.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from imgsvc.domain import notation
from imgsvc.domain.errors import (
    ConflictingParameters,
    DuplicateParameter,
    InvalidInput,
    InvalidParameter,
    UnknownOperation,
    UnknownParameter,
    unknown,
)
from imgsvc.domain.flat_shape import ALIASES, FILTERS, OUTPUT_KEYS, read_flat, read_keys, read_operation
from imgsvc.domain.flat_shape import FLAT_ORDER as FLAT_ORDER
from imgsvc.domain.operations import OPERATIONS, Operation
from imgsvc.domain.plain_data import read_parameters
from imgsvc.domain.transform import Output, SpecChanges, TransformSpec
from imgsvc.domain.wording import shortened

# What a list may name besides the operations, and the keys of its parameters.
_LISTED = {"filters": FILTERS, **dict.fromkeys((*OUTPUT_KEYS, "output"), OUTPUT_KEYS)}


def read_spec(plain: object) -> TransformSpec:
    """The spec of a JSON body in any of the shapes; raises InvalidInput with the path in that shape."""
    return read_changes(plain).spec


def read_changes(plain: object) -> SpecChanges:
    """What ``read_spec`` reads, with the output options that it names."""
    if isinstance(plain, list):
        return _read_operations(plain)
    if isinstance(plain, Mapping) and "transformations" in plain:
        return _read_transformations(plain)
    if isinstance(plain, Mapping) and plain and "steps" not in plain and set(plain) != {"output"}:
        return read_flat(plain)
    spec = read_parameters(TransformSpec, plain)
    return SpecChanges(spec, plain.get("output", {}) if isinstance(plain, Mapping) else ())


def read_query(pairs: Iterable[tuple[str, str]]) -> TransformSpec:
    """The spec of a query string: ``t`` with the compact form, or the flat keys of ``QUERY_KEYS``."""
    query: dict[str, str] = {}
    for name, value in pairs:
        if name in query:
            raise DuplicateParameter(
                f"{shortened(name)} is given twice", parameter=name, value=value, allowed="each parameter once"
            )
        query[name] = value
    try:
        return _read_compact(query) if "t" in query else read_flat(_flat_of_query(query)).spec
    except InvalidInput as error:
        if error.parameter is None:
            error.of(_parameter_of(error, query))
        raise


def _read_transformations(plain: Mapping[str, Any]) -> SpecChanges:
    other = next((key for key in plain if key != "transformations"), None)
    if other is not None:
        raise UnknownParameter(
            f"{shortened(other)} cannot stand beside transformations",
            path=(other,),
            value=other,
            allowed="transformations alone",
        )
    try:
        return read_flat(plain["transformations"])
    except InvalidInput as error:
        raise error.under("transformations") from None


def _read_operations(plain: list[Any]) -> SpecChanges:
    steps: list[Operation] = []
    output: dict[str, Any] = {}
    for index, item in enumerate(plain):
        try:
            more_steps, more_output = _read_listed(item)
            twice = next((key for key in more_output if key in output), None)
            if twice:
                raise DuplicateParameter(f"{twice} is given twice", path=("params",), allowed=f"{twice} once")
        except InvalidInput as error:
            raise error.under(index) from None
        steps += more_steps
        output |= more_output
    try:
        return SpecChanges(TransformSpec(steps, Output(**output)), output)
    except InvalidInput as error:
        raise error.moved_to() from None  # what is wrong with all steps is wrong with the list


def _read_listed(item: object) -> tuple[list[Operation], dict[str, Any]]:
    """The operations or output options of one item of a list."""
    operation = item.get("operation") if isinstance(item, Mapping) else None
    if not isinstance(item, Mapping) or not isinstance(operation, str):
        allowed = 'an object such as {"operation": "crop", "params": {...}}'
        raise InvalidParameter("an item of the list names no operation", value=item, allowed=allowed)
    for key in item:
        if key not in ("operation", "params"):
            raise unknown(UnknownParameter, "key", key, ["operation", "params"]).under(key)
    name = ALIASES.get(operation, operation)
    if name not in OPERATIONS and name not in _LISTED:
        names = [*OPERATIONS, "apply_filter", *OUTPUT_KEYS]
        raise unknown(UnknownOperation, "operation", operation, names).under("operation")
    parameters = {} if item.get("params") is None else item["params"]
    if not isinstance(parameters, Mapping):
        raise InvalidParameter("params must be an object", path=("params",), value=parameters, allowed="an object")
    try:
        if name in _LISTED:
            return read_keys("params", parameters, _LISTED[name])
        return [read_operation(name, parameters)], {}
    except InvalidInput as error:
        raise error.under("params") from None


def _read_compact(query: Mapping[str, str]) -> TransformSpec:
    other = next((name for name in query if name != "t"), None)
    if other is not None:
        kind = ConflictingParameters if other in QUERY_KEYS else UnknownParameter
        allowed = "t, or the single parameters"
        raise kind(f"{shortened(other)} cannot stand beside t", parameter=other, value=query[other], allowed=allowed)
    return notation.parse(query["t"])


def _flat_of_query(query: Mapping[str, str]) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, text in query.items():
        try:
            if name not in QUERY_KEYS:
                raise unknown(UnknownParameter, "parameter", name, [*QUERY_KEYS, "t"])
            (*parents, key), read_text = QUERY_KEYS[name]
            target = flat
            for parent in parents:
                target = target.setdefault(parent, {})
            target[key] = read_text(text)
        except InvalidInput as error:
            raise error.of(name) from None
    return flat


def _parameter_of(error: InvalidInput, query: Mapping[str, str]) -> str:
    """The parameter that put the refused value where it was found, or another one of the same operation."""
    if "t" in query:
        return "t"
    path, error.path = error.path, ()
    places = {QUERY_KEYS[name][0]: name for name in query}
    nearby = next(name for place, name in places.items() if place[0] == path[0])
    return next((name for place, name in places.items() if place == path[: len(place)]), nearby)


def _switch(text: str) -> bool:
    if text.lower() not in ("1", "0", "true", "false"):
        raise InvalidParameter("a switch must be 1, 0, true or false", value=text, allowed="1, 0, true, false")
    return text.lower() in ("1", "true")


def _switch_or_number(text: str) -> bool | float:
    return _switch(text) if text.lower() in ("true", "false") else notation.number(text)


def _switch_or_percent(text: str) -> bool | float:
    # Who writes 1 means "on"; one percent of a tone is hardly seen.
    return _switch(text) if text.lower() in ("1", "0", "true", "false") else notation.number(text)


def _length(text: str) -> str | float:
    return text if text.endswith("%") else notation.number(text)


def _box(text: str) -> dict[str, str | float]:
    parts = text.split(",")
    if len(parts) != 4:
        allowed = "x,y,width,height: four numbers of pixels, or percentages"
        raise InvalidParameter("crop must be four lengths with commas between them", value=text, allowed=allowed)
    return dict(zip(("x", "y", "width", "height"), map(_length, parts), strict=True))


def _sides(text: str) -> dict[str, float]:
    parts = text.split(",")
    if len(parts) > 4:
        allowed = "top,right,bottom,left: one to four numbers of pixels"
        raise InvalidParameter("pad must be one to four numbers with commas between them", value=text, allowed=allowed)
    return dict(zip(("top", "right", "bottom", "left"), map(notation.number, parts), strict=False))


def _number_or_word(text: str) -> str | float:
    return notation.number(text) if notation.is_number(text) else text


# Each key of the flat query: where its value goes in the flat shape, and how its text is read.
QUERY_KEYS: dict[str, tuple[tuple[str, ...], Callable[[str], Any]]] = {
    "autoOrient": (("auto_orient",), _switch),
    "crop": (("crop",), _box),
    "trim": (("trim",), _switch_or_number),
    "width": (("resize", "width"), _length),
    "height": (("resize", "height"), _length),
    "fit": (("resize", "fit"), str),
    "gravity": (("resize", "gravity"), str),
    "enlarge": (("resize", "enlarge"), _switch),
    "dpr": (("resize", "dpr"), notation.number),
    "kernel": (("resize", "kernel"), str),
    "rotate": (("rotate",), notation.number),
    "flip": (("flip",), _switch),
    "mirror": (("mirror",), _switch),
    "pad": (("pad",), _sides),
    "background": (("background",), str),
    "brightness": (("brightness",), notation.number),
    "contrast": (("contrast",), notation.number),
    "saturation": (("saturation",), notation.number),
    "hue": (("hue",), notation.number),
    "gamma": (("gamma",), notation.number),
    "grayscale": (("grayscale",), _switch),
    "sepia": (("sepia",), _switch_or_percent),
    "invert": (("invert",), _switch),
    "tint": (("tint",), str),
    "blur": (("blur",), _switch_or_number),
    "sharpen": (("sharpen",), _switch_or_number),
    "pixelate": (("pixelate",), _switch_or_number),
    "round": (("round",), _number_or_word),
    "watermarkText": (("watermark", "text"), str),
    "watermarkImage": (("watermark", "image"), str),
    "watermarkGravity": (("watermark", "gravity"), str),
    "watermarkOpacity": (("watermark", "opacity"), notation.number),
    "format": (("format",), str),
    "quality": (("quality",), notation.number),
    "compress": (("compress",), notation.number),
    "lossless": (("lossless",), _switch),
    "progressive": (("progressive",), _switch),
    "pngLevel": (("png_level",), notation.number),
    "maxBytes": (("max_bytes",), notation.number),
    "neverLarger": (("never_larger",), _switch),
    "metadata": (("metadata",), str),
    "icc": (("icc",), str),
    "frames": (("frames",), _number_or_word),
}
