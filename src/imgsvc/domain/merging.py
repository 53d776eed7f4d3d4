"""Changes to an entity, in which what is absent stays, and what is null is cleared (RFC 7396)."""

from collections.abc import Mapping
from enum import Enum
from typing import Any, Final, TypeAlias, TypeVar

from attrs import Attribute, AttrsInstance, fields, frozen

T = TypeVar("T")


class Absent(Enum):
    """What a field holds that nobody gave."""

    ABSENT = "absent"


ABSENT: Final = Absent.ABSENT
Change: TypeAlias = T | Absent | None
Replacement: TypeAlias = T | Absent  # of what cannot be cleared


@frozen
class IfGiven:
    """The rule of what a field holds where something is given."""

    validator: Any

    def __call__(self, instance: object, attribute: "Attribute[Any]", value: object) -> None:
        if value is not None and value is not ABSENT:
            self.validator(instance, attribute, value)


def given(changes: AttrsInstance) -> Mapping[str, Any]:
    """The fields that somebody gave, null included."""
    found = {one.name: getattr(changes, one.name) for one in fields(type(changes))}
    return {name: value for name, value in found.items() if value is not ABSENT}
