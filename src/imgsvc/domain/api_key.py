"""ApiKey: what a program is known by, that has nobody to log in for it."""

from datetime import datetime
from enum import StrEnum
from typing import Any, NewType
from uuid import UUID, uuid4

from attrs import Attribute, field, frozen

from imgsvc.domain.field_rules import legible, refused
from imgsvc.domain.user import UserId

ApiKeyId = NewType("ApiKeyId", UUID)

MAX_API_KEYS = 100  # of one user


class Scope(StrEnum):
    """What a key is good for."""

    READ = "read"  # to look at everything, and to have it rendered
    WRITE = "write"  # to make, change and erase


def some_scopes(instance: object, attribute: "Attribute[Any]", value: object) -> None:
    """A rule: at least one, none twice."""
    if not isinstance(value, tuple) or not value or len(set(value)) < len(value):
        given = [str(one) for one in value] if isinstance(value, tuple) else value
        raise refused(attribute.name, given, f"one or more of {', '.join(Scope)}, each once")


key_name = legible(1, 100)


@frozen(kw_only=True)
class ApiKey:
    """A key as it is remembered: what it is called, and by what it is known, but not what it is."""

    id: ApiKeyId = field(factory=lambda: ApiKeyId(uuid4()))
    owner: UserId
    name: str = field(validator=key_name)
    scopes: tuple[Scope, ...] = field(validator=some_scopes)
    key_hash: str = field(repr=False)
    hint: str  # how it begins, so that its owner can tell which it is
    created_at: datetime  # always with a time zone
    last_used_at: datetime | None = None  # to about an hour
