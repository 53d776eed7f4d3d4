"""Types as JSON schemas: attrs classes with their field rules, unions, and the words of the domain."""

import types
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal, NewType, Union, get_args, get_origin
from uuid import UUID

from attrs import NOTHING, Attribute, fields, has

from imgsvc.domain.color import Color
from imgsvc.domain.field_rules import Characters, Each, Legible, Matches, Within, rules_of
from imgsvc.domain.geometry import FocalPoint, LengthWithin, Percent
from imgsvc.domain.meanings import MEANINGS
from imgsvc.domain.merging import Absent
from imgsvc.domain.notation import MAX_LENGTH
from imgsvc.domain.plain_data import is_tagged_union
from imgsvc.domain.preset import PresetName, name_rule
from imgsvc.domain.transform import TransformSpec
from imgsvc.domain.wanted_specs import AnySpec

Schema = dict[str, Any]

_SIMPLE: dict[Any, Schema] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    UUID: {"type": "string", "format": "uuid"},
    datetime: {"type": "string", "format": "date-time"},
    Color: {
        "type": "string",
        "format": "color",
        "description": "3, 4, 6 or 8 hexadecimal digits, or a CSS colour name",
    },
    FocalPoint: {
        "type": "string",
        "format": "focal-point",
        "pattern": r"^fp(:(0(\.[0-9]{1,6})?|1(\.0{1,6})?)){2}$",
        "description": "fp:x:y, a point in parts of the picture",
    },
    type(None): {"type": "null"},
}
COMPACT: Schema = {"type": "string", "description": "in compact form"}


class Schemas:
    """Turns types into schemas; attrs classes become components."""

    def __init__(self) -> None:
        self.components: dict[str, Schema] = {}

    def of(self, kind: Any, *, strict: bool = False) -> Schema:
        """The schema of a type; ``strict`` for what we read, where unknown keys are refused."""
        if kind is AnySpec:
            return {"anyOf": [*self.spec_shapes(), COMPACT]}
        if kind is PresetName:
            return {"type": "string", "pattern": f"^{name_rule.pattern}$"}
        if isinstance(kind, NewType):
            return self.of(kind.__supertype__, strict=strict)
        if kind in _SIMPLE:
            return dict(_SIMPLE[kind])
        if isinstance(kind, type) and issubclass(kind, StrEnum):
            return {"type": "string", "enum": [choice.value for choice in kind]}
        if kind is Percent:
            return {"type": "string", "pattern": r"^[0-9]{1,4}(\.[0-9]{1,6})?%$"}
        if get_origin(kind) is Literal:
            return {"type": "string", "enum": list(get_args(kind))}
        if get_origin(kind) is tuple:
            return {"type": "array", "items": self.of(get_args(kind)[0], strict=strict)}
        if get_origin(kind) is dict or kind is dict:
            return {"type": "object"}
        if get_origin(kind) in (Union, types.UnionType):
            return self._of_union(kind, strict)
        assert has(kind), f"no schema for {kind}"
        self.components.setdefault(kind.__name__, {})
        self.components[kind.__name__] = self.of_object(kind, strict=strict)
        return {"$ref": f"#/components/schemas/{kind.__name__}"}

    def spec_shapes(self) -> list[Schema]:
        """A spec in JSON."""
        return [
            self.of(TransformSpec, strict=True),
            {
                "type": "object",
                "description": "operations by name, in a fixed order",
                "not": {"anyOf": [{"required": ["steps"]}, {"required": ["t"]}]},
            },
            {"type": "array", "items": {"type": "object", "required": ["operation"]}, "description": "in this order"},
            {
                "type": "object",
                "description": "the compact form, which stands alone",
                "required": ["t"],
                "additionalProperties": False,
                "properties": {"t": {**COMPACT, "maxLength": MAX_LENGTH}},
            },
        ]

    def _of_union(self, union: Any, strict: bool) -> Schema:
        options = [self.of(one, strict=strict) for one in get_args(union) if one is not Absent]
        if is_tagged_union(union):
            mapping = {one.op: f"#/components/schemas/{one.__name__}" for one in get_args(union)}
            return {"oneOf": options, "discriminator": {"propertyName": "op", "mapping": mapping}}
        return {"anyOf": options} if len(options) > 1 else options[0]

    def of_object(self, kind: Any, *, strict: bool) -> Schema:
        meanings = MEANINGS.get(kind, {})
        properties = {
            one.name: _explained(self.of_field(one, strict=strict), meanings.get(one.name)) for one in fields(kind)
        }
        required = [one.name for one in fields(kind) if one.default is NOTHING or not strict]
        if hasattr(kind, "op"):
            properties = {"op": {"const": kind.op}, **properties}
            required = ["op", *required]
        return {
            "type": "object",
            "description": first_line(kind),
            "properties": properties,
            **({"required": required} if required else {}),
            **({"additionalProperties": False} if strict else {}),
        }

    def of_field(self, attribute: "Attribute[Any]", *, strict: bool) -> Schema:
        schema = self.of(attribute.type, strict=strict)
        if not strict:
            return schema
        for rule in rules_of(attribute):
            target = next((one for one in schema.get("anyOf", ()) if one != {"type": "null"}), schema)
            target.update(_rule(rule))
        if isinstance(attribute.default, str | int | float):
            schema["default"] = attribute.default
        elif isinstance(attribute.default, Percent):
            schema["default"] = str(attribute.default)
        elif isinstance(attribute.default, Color):
            schema["default"] = f"#{attribute.default}"  # as the format "color" wants it
        return schema


def _explained(schema: Schema, meaning: str | None) -> Schema:
    """With what the parameter of a transform means, after what the schema says already."""
    told = [text for text in (meaning, schema.get("description")) if text]
    return {**schema, "description": "; ".join(told)} if told else schema


def _rule(rule: Any) -> Schema:
    match rule:
        case Within(low, high):
            return {"minimum": low, "maximum": high}
        case LengthWithin(least=least, most=most):
            return {"minimum": least, "maximum": most, "description": rule.allowed}
        case Characters(least, most):
            return {"minLength": least, "maxLength": most}
        case Legible(least, most):
            return {"minLength": least, "maxLength": most, "description": rule.allowed}
        case Matches(pattern, allowed):
            return {"pattern": f"^{pattern}$", "description": allowed}
        case Each(rule, most):
            return {"maxItems": most, "uniqueItems": True, "items": {"type": "string", **_rule(rule)}}
        case _:
            return {}


def first_line(documented: Any) -> str:
    return (documented.__doc__ or "").partition("\n")[0]
