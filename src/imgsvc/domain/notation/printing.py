"""A spec as its compact form."""

import base64
from typing import Any

from attrs import Attribute, fields, fields_dict

from imgsvc.domain.geometry import Gravity, Percent
from imgsvc.domain.notation.names import KEYS_ALONE, OUTPUT, RESIZE, STAMP
from imgsvc.domain.operations import Adjust, Crop, Operation, Resize, Watermark
from imgsvc.domain.transform import Output, TransformSpec


def compact(spec: TransformSpec) -> str:
    """The shortest text that parses to the same spec."""
    parts = [part for step in spec.steps for part in _printed(step)]
    for name, key in OUTPUT.items():
        value = getattr(spec.output, key)
        if value != fields_dict(Output)[key].default:
            parts.append(f"{name}:{_text(value)}")
    return ",".join(parts)


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
    keys = {name: (getattr(step, RESIZE[name]), fields_dict(Resize)[RESIZE[name]].default) for name in KEYS_ALONE}
    return [text, *(f"{name}:{_text(value)}" for name, (value, default) in keys.items() if value != default)]


def _printed_watermark(step: Watermark) -> str:
    if step.text is not None:
        source = "t." + base64.urlsafe_b64encode(step.text.encode()).rstrip(b"=").decode()
    else:
        source = str(step.image)
    names = [name if name != "size" or step.image is None else "scale" for name in STAMP[1:]]
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
