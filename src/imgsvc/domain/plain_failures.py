"""Failures to read plain data, in our words: as InvalidInput, with the path to the value."""

from attrs import fields
from cattrs.errors import AttributeValidationNote, ClassValidationError, ForbiddenExtraKeysError

from imgsvc.domain.errors import InvalidInput, InvalidParameter, Path, UnknownField, UnknownParameter, unknown


class Misfit(Exception):
    """A value of the wrong kind; only who asked for it knows how it is called."""

    def __init__(self, value: object, allowed: str) -> None:
        super().__init__(allowed)
        self.value = value
        self.allowed = allowed


def explained(error: Exception, path: Path = ()) -> InvalidInput:
    """The first failure in what cattrs raised, as one of ours, with the path to it."""
    if isinstance(error, ClassValidationError):
        first, name = _first(error)
        return explained(first, (*path, name) if name else path)
    if isinstance(error, InvalidInput):
        return error.under(*path)
    if isinstance(error, Misfit):
        detail = f"{_called(path)} must be {error.allowed}"
        return InvalidInput(detail, path=path, value=error.value, allowed=error.allowed)
    if isinstance(error, ForbiddenExtraKeysError):
        name = sorted(map(str, error.extra_fields))[0]
        return unknown(UnknownField, "field", name, [one.name for one in fields(error.cl)]).under(*path, name)
    if isinstance(error, KeyError) and path:
        return InvalidInput(f"{_called(path)} is missing", path=path)
    if isinstance(error, ValueError | TypeError):
        return InvalidInput(f"{_called(path)} is not what it should be", path=path)
    raise error  # ours, not the caller's


def _called(path: Path) -> str:
    match path:
        case (*_, str(name)):
            return name
        case (*_, int(index)):
            return f"item {index + 1} of the list"
        case _:
            return "the input"


def _first(error: ClassValidationError) -> tuple[Exception, str | None]:
    """The failure that explains most, and the name of its field where it is of one field."""
    # An unknown key explains more than the missing one that it was meant for.
    inner = sorted(error.exceptions, key=lambda one: not isinstance(one, ForbiddenExtraKeysError))[0]
    notes = [note for note in getattr(inner, "__notes__", ()) if isinstance(note, AttributeValidationNote)]
    # The last note is the outermost: a failure from deeper down carries those of its way up.
    return inner, notes[-1].name if notes else None


def as_parameter(error: InvalidInput) -> InvalidInput:
    """A failure to read a field as the failure to read a parameter of a transform."""
    kinds = {UnknownField: UnknownParameter, InvalidInput: InvalidParameter}
    return error.as_kind(kinds[type(error)]) if type(error) in kinds else error
