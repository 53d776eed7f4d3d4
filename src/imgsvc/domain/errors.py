"""Every failure we can explain, named for what the caller can do about it.

``code`` is stable and meant for programs; the message is one sentence for people. Neither ever holds a path of
this machine, SQL, a secret or a library's own text.
"""

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


class UnknownField(InvalidInput):
    """A key that the object does not have."""

    code = "unknown_field"


class InvalidParameter(InvalidInput):
    """A value that a transform or a list does not allow."""

    code = "invalid_parameter"


class UnknownParameter(InvalidInput):
    """A key that the operation, the output or the query does not have."""

    code = "unknown_parameter"


class DuplicateParameter(InvalidInput):
    code = "duplicate_parameter"


class ConflictingParameters(InvalidInput):
    code = "conflicting_parameters"


class UnknownOperation(InvalidInput):
    code = "unknown_operation"


class TooManyOperations(InvalidInput):
    code = "too_many_operations"


class CropOutOfBounds(InvalidInput):
    """The crop and the picture have no pixel in common."""

    code = "crop_out_of_bounds"


class OutputTooLarge(InvalidInput):
    """A picture on the way to the result would be over the limits."""

    code = "output_too_large"


class TooManyBytes(InvalidInput):
    """No quality makes the result as small as it was to be."""

    code = "max_bytes_unreachable"


class UseAsync(InvalidInput):
    """The rendering costs more than anybody should wait for; it can be had as a job."""

    code = "use_async"


class UnsupportedOutput(InvalidInput):
    code = "unsupported_output"


class PasswordTooWeak(InvalidInput):
    code = "password_too_weak"


class PasswordTooLong(InvalidInput):
    code = "password_too_long"


class EmptyFile(InvalidInput):
    code = "empty_file"


class CorruptImage(InvalidInput):
    """The header can be read, the pixels cannot."""

    code = "corrupt_image"


class ImageTooLarge(InvalidInput):
    """Too many pixels, known from the header alone."""

    code = "image_too_large"


class TooManyFrames(InvalidInput):
    code = "too_many_frames"


class UnsupportedFormat(InvalidInput):
    """Not a picture that we read."""

    code = "unsupported_format"


class TypeMismatch(UnsupportedFormat):
    """A picture, but labelled as something else."""

    code = "type_mismatch"


class FileTooLarge(InvalidInput):
    """Too many bytes."""

    code = "file_too_large"


class InvalidCursor(InvalidInput):
    """A cursor that no list of ours gave out."""

    code = "invalid_cursor"


class NotAuthenticated(ImgsvcError):
    """The caller can log in."""

    code = "unauthenticated"


class InvalidCredentials(NotAuthenticated):
    """The name or the password is wrong; which of them is not told."""

    code = "invalid_credentials"


class InvalidToken(NotAuthenticated):
    code = "invalid_token"


class TokenExpired(NotAuthenticated):
    code = "token_expired"


class TokenRevoked(NotAuthenticated):
    code = "token_revoked"


class NotAllowed(ImgsvcError):
    """The caller can ask somebody for permission."""

    code = "not_allowed"


class NotFound(ImgsvcError):
    """The caller can look again; also what strangers are told."""

    code = "not_found"


class UserNotFound(NotFound):
    pass


class ImageNotFound(NotFound):
    pass


class VariantNotFound(NotFound):
    pass


class BlobNotFound(NotFound):
    """A key of the blob store holds nothing."""


class Conflict(ImgsvcError):
    """The caller can choose another."""

    code = "conflict"


class UsernameTaken(Conflict):
    code = "username_taken"


class VariantNotReady(Conflict):
    """The variant is still being made, or failed."""

    code = "variant_not_ready"


class RenderingFailed(ImgsvcError):
    """The picture passed every check and still could not be rendered; doing the same again rarely helps."""

    code = "processing_failed"


class RenderingTimedOut(RenderingFailed):
    """The rendering took longer than one may, and was given up."""

    code = "processing_timeout"


class RenderingCrashed(RenderingFailed):
    """The decoder ended while it worked; the picture may have done that, or the machine."""

    code = "decoder_crashed"


class Busy(ImgsvcError):
    """The caller can wait ``retry_after`` seconds, and do the same again."""

    code = "overloaded"
    retry_after: ClassVar[int] = 2


class Unavailable(Busy):
    """Something that we depend on does not answer."""

    code = "unavailable"


class AccessRefused(Unavailable):
    """Something that we depend on answers, but does not let us in; an operator can mend that."""


class StorageFull(Unavailable):
    code = "storage_full"


def unknown(kind: type[InvalidInputT], what: str, name: str, names: Iterable[str]) -> InvalidInputT:
    """A failure that names an unknown name, all that there are, and the one that was probably meant."""
    known = sorted(names)
    meant = wording.nearest(name, known)
    hint = f"; did you mean {meant!r}?" if meant else ""
    return kind(
        f"unknown {what} {shortened(name)}{hint}", value=name, allowed=", ".join(known) or "none", nearest=meant
    )
