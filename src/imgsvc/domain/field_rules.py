"""Rules that validate a field and, because they are data, also document it."""

import re
import unicodedata
from typing import Any, TypeGuard

from attrs import Attribute, frozen

from imgsvc.domain.errors import InvalidInput


@frozen
class Within:
    """A number from ``low`` to ``high``, both included; never NaN, never a bool. Or the one ``word``."""

    low: float
    high: float
    word: str | None = None
    unit: str = ""  # for who reads about the field

    def __call__(self, instance: object, attribute: "Attribute[Any]", value: object) -> None:
        if self.word is not None and value == self.word:
            return
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number or not self.low <= value <= self.high:  # type: ignore[operator]  # is_number says it is one
            raise refused(attribute.name, value, self.allowed)

    @property
    def allowed(self) -> str:
        numbers = f"{tidy_number(self.low)} to {tidy_number(self.high)}"
        return numbers if self.word is None else f"{numbers}, or {self.word}"


@frozen
class Characters:
    """Text of ``least`` to ``most`` characters."""

    least: int
    most: int

    def __call__(self, instance: object, attribute: "Attribute[Any]", value: object) -> None:
        if not is_text(value) or not self.least <= len(value) <= self.most:
            raise refused(attribute.name, value, self.allowed)

    @property
    def allowed(self) -> str:
        return f"text of {self.least} to {self.most} characters"


# Those that draw nothing and steer something: C0 and C1, and the ends of lines that JavaScript knows besides.
CONTROL_CHARACTERS = r"\x00-\x1f\x7f-\x9f\u2028\u2029"
_CONTROL = re.compile(f"[{CONTROL_CHARACTERS}]")
_CONTROL_IN_LINES = re.compile(rf"(?![\r\n\t])[{CONTROL_CHARACTERS}]")


@frozen
class Legible:
    """Text that people read: of ``least`` to ``most`` characters, not blank, and without control characters.

    With ``has_lines`` there may be several lines, and tabs.
    """

    least: int
    most: int
    has_lines: bool = False

    def __call__(self, instance: object, attribute: "Attribute[Any]", value: object) -> None:
        if not is_text(value) or not self.least <= len(value) <= self.most or (value and not self._is_legible(value)):
            raise refused(attribute.name, value, self.allowed)

    def _is_legible(self, text: str) -> bool:
        control = _CONTROL_IN_LINES if self.has_lines else _CONTROL
        return not text.isspace() and control.search(text) is None

    @property
    def allowed(self) -> str:
        lines = "; ends of lines and tabs are none" if self.has_lines else ""
        return f"text of {self.least} to {self.most} characters, not blank, without control characters{lines}"


@frozen
class Matches:
    """Text that the whole of ``pattern`` describes; ``allowed`` says so for people."""

    pattern: str
    allowed: str

    def __call__(self, instance: object, attribute: "Attribute[Any]", value: object) -> None:
        if not is_text(value) or not re.fullmatch(self.pattern, value):
            raise refused(attribute.name, value, self.allowed)


@frozen
class Each:
    """At most ``most`` texts, no two alike, each as ``rule`` says."""

    rule: "Characters | Matches"
    most: int

    def __call__(self, instance: object, attribute: "Attribute[Any]", value: object) -> None:
        if not isinstance(value, tuple) or len(value) > self.most:
            raise refused(attribute.name, value, self.allowed)
        for index, one in enumerate(value):
            try:
                self.rule(instance, attribute, one)
            except InvalidInput as error:
                raise error.moved_to(attribute.name, index) from None
            if one in value[:index]:
                detail = f"{attribute.name} has the same text twice"
                raise InvalidInput(detail, path=(attribute.name, index), value=one, allowed="distinct texts")

    @property
    def allowed(self) -> str:
        return f"at most {self.most} distinct texts, each {self.rule.allowed}"


def within(low: float, high: float, or_word: str | None = None, unit: str = "") -> Within:
    return Within(low, high, or_word, unit)


def characters(least: int, most: int) -> Characters:
    return Characters(least, most)


def legible(least: int, most: int, *, has_lines: bool = False) -> Legible:
    return Legible(least, most, has_lines)


def without_control_characters(text: str) -> str:
    """What is left of a text that nobody is to be refused for, such as the name of a file."""
    return _CONTROL.sub("", text) if is_text(text) else ""


def matches(pattern: str, allowed: str) -> Matches:
    return Matches(pattern, allowed)


def rules_of(attribute: "Attribute[Any]") -> list[Any]:
    """The rules of a field, also those behind attrs' ``optional`` and ``and_``."""
    return _inner_rules(attribute.validator)


def _inner_rules(validator: Any) -> list[Any]:
    inner = getattr(validator, "validator", None) or getattr(validator, "_validators", None)
    if inner is not None:
        return [rule for one in (inner if isinstance(inner, tuple) else (inner,)) for rule in _inner_rules(one)]
    return [] if validator is None else [validator]


def is_text(value: object) -> TypeGuard[str]:
    """Whether it is text that can be written: without half of a surrogate pair, which JSON and file names may hold."""
    if not isinstance(value, str):
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def refused(name: str, value: object, allowed: str) -> InvalidInput:
    """The failure of a value that its field does not allow."""
    return InvalidInput(f"{name} must be {allowed}", path=(name,), value=value, allowed=allowed)


def tidy_number(value: float) -> float:
    """2.0 as 2, and no more than six decimals, so that equal numbers print and hash equally."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not -1e15 < value < 1e15:
        return value  # not a number, or one that a rule will refuse
    rounded = round(value, 6)
    return int(rounded) if rounded == int(rounded) else rounded


def comma_separated(text: str) -> list[str]:
    """The items of a list, without the spaces around them."""
    return [one.strip() for one in text.split(",") if one.strip()]


def composed(text: str) -> str:
    """In the Unicode form (NFC) that most keyboards send; macOS sends another."""
    return unicodedata.normalize("NFC", text) if isinstance(text, str) else text
