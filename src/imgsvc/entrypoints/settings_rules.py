"""Rules of settings that are text: what they may hold."""

import re
from ipaddress import ip_network
from typing import Any

from attrs import Attribute

from imgsvc.domain.errors import InvalidInput
from imgsvc.domain.field_rules import comma_separated, matches


def one_of(*names: str) -> Any:
    return matches("|".join(names), "one of " + ", ".join(names))


def long_enough(instance: object, attribute: "Attribute[Any]", value: str) -> None:
    if len(value.encode()) < 32:
        raise _refused(attribute, "have at least 32 bytes")


def sendable(instance: object, attribute: "Attribute[Any]", value: str) -> None:
    """A secret that clients send in a header."""
    if not re.fullmatch(r"[!-~]{32,}", value):
        raise _refused(attribute, "have at least 32 bytes, all of them visible characters of ASCII")


def key_list(instance: object, attribute: "Attribute[Any]", value: str) -> None:
    form = r"([A-Za-z0-9_-]{1,16}:)?[^\s,:]{32,}"
    if not all(re.fullmatch(form, one.strip()) for one in value.split(",")):
        allowed = "name:secret, or a secret alone, separated by commas, each secret with at least 32 bytes"
        raise _refused(attribute, f"be {allowed}")


def networks(instance: object, attribute: "Attribute[Any]", value: str) -> None:
    for one in comma_separated(value):
        try:
            ip_network(one)
        except ValueError:
            allowed = "addresses and networks, such as 10.0.0.0/8, separated by commas"
            raise _refused(attribute, f"be {allowed}") from None


# As browsers name them: in lower case, without a path, and without the port that the scheme has anyway.
_ORIGIN = re.compile(r"([a-z][a-z0-9+.-]*)://(?:[a-z0-9_-]+(?:\.[a-z0-9_-]+)*|\[[0-9a-f:.]+\])(?::([1-9][0-9]{0,4}))?")
_USUAL_PORTS = {"http": 80, "https": 443}


def origins(instance: object, attribute: "Attribute[Any]", value: str) -> None:
    if value.strip() == "*":
        return
    for number, one in enumerate(comma_separated(value), 1):
        if not _is_origin(one):
            allowed = "* alone, or origins as browsers name them, such as https://example.org, separated by commas"
            raise _refused(attribute, f"be {allowed}; number {number} is none")


def _is_origin(text: str) -> bool:
    found = _ORIGIN.fullmatch(text)
    port = int(found[2] or 0) if found else 0
    return found is not None and port < 2**16 and port != _USUAL_PORTS.get(found[1])


def _refused(attribute: "Attribute[Any]", rule: str) -> InvalidInput:
    return InvalidInput(f"{attribute.name} must {rule}", path=(attribute.name,))
