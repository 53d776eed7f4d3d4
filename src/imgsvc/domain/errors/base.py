"""What all errors are kinds of."""

from collections.abc import Iterable
from typing import ClassVar, Self, TypeAlias, TypeVar

from imgsvc.domain import wording
from imgsvc.domain.wording import cut, echoed, echoed_path, shortened

Path: TypeAlias = tuple[str | int, ...]

_ABSENT = object()


class ImgsvcError(Exception):
    """The root of all failures that callers are meant to see."""

    code: ClassVar[str] = "error"

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class InvalidInput(ImgsvcError):
    """The caller can correct the request.

    ``path`` leads to the offending value in the JSON form of the input, ``position`` to its first character in the
    compact form, ``parameter`` names the query parameter; each where it applies. What is echoed of the input is short
    and fit for JSON, whatever the input was.
    """

    code: ClassVar[str] = "validation_error"

    def __init__(
        self,
        detail: str,
        *,
        path: Path = (),
        value: object = _ABSENT,
        allowed: str | None = None,
        nearest: str | None = None,
        position: int | None = None,
        parameter: str | None = None,
    ) -> None:
        super().__init__(detail)
        self.path = echoed_path(path)
        self.value = value if value is _ABSENT else echoed(value)
        self.allowed = allowed
        self.nearest = nearest
        self.position = position
        self.parameter = None if parameter is None else cut(parameter)

    @property
    def has_value(self) -> bool:
        return self.value is not _ABSENT

    @property
    def pointer(self) -> str:
        """The path as a JSON pointer (RFC 6901)."""
        return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in self.path)

    def under(self, *parents: str | int) -> Self:
        """The same failure, seen from further up in the input."""
        self.path = (*echoed_path(parents), *self.path)
        return self

    def moved_to(self, *path: str | int) -> Self:
        """The same failure, of what stands elsewhere in the input; without a path, of all that was given."""
        self.path = echoed_path(path)
        return self

    def at(self, position: int) -> Self:
        """The same failure, at a character of the compact form."""
        if self.position is None:
            self.position = position
        return self

    def of(self, parameter: str) -> Self:
        """The same failure, in a query parameter."""
        self.parameter = cut(parameter)
        return self

    def as_kind(self, kind: "type[InvalidInputT]") -> "InvalidInputT":
        """The same failure under another code."""
        error = kind.__new__(kind)
        InvalidInput.__init__(error, self.detail)
        error.__dict__.update(self.__dict__)
        return error


InvalidInputT = TypeVar("InvalidInputT", bound=InvalidInput)


def unknown(kind: type[InvalidInputT], what: str, name: str, names: Iterable[str]) -> InvalidInputT:
    """A failure that names an unknown name, all that there are, and the one that was probably meant."""
    known = sorted(names)
    meant = wording.nearest(name, known)
    hint = f"; did you mean {meant!r}?" if meant else ""
    return kind(
        f"unknown {what} {shortened(name)}{hint}", value=name, allowed=", ".join(known) or "none", nearest=meant
    )
