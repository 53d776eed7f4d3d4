"""Every failure we can explain, named for what the caller can do about it.

``code`` is stable and meant for programs; the message is one sentence for people. Neither ever holds a path of
this machine, SQL, a secret or a library's own text.
"""

import errno
from collections.abc import Iterable
from typing import ClassVar, NamedTuple, Self, TypeAlias, TypeVar

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
    """A key that is given twice, though it can mean one thing only."""

    code = "duplicate_parameter"


class ConflictingParameters(InvalidInput):
    """Two ways to say the same, or two things that exclude each other."""

    code = "conflicting_parameters"


class UnknownOperation(InvalidInput):
    """There is no operation of this name."""

    code = "unknown_operation"


class TooManyOperations(InvalidInput):
    """The spec has more steps, or more watermarks, than one may have."""

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


class UnknownPreset(InvalidInput):
    """The caller has no preset of this name."""

    code = "unknown_preset"


class UnsupportedOutput(InvalidInput):
    """The format is not one that we write, or it cannot say what the output asks of it."""

    code = "unsupported_output"


class PasswordTooWeak(InvalidInput):
    """A password that is short, common, or like the name."""

    code = "password_too_weak"


class PasswordTooLong(InvalidInput):
    """A password of more than 1024 bytes."""

    code = "password_too_long"


class EmptyFile(InvalidInput):
    """The file has no bytes."""

    code = "empty_file"


class CorruptImage(InvalidInput):
    """The header can be read, the pixels cannot."""

    code = "corrupt_image"


class ImageTooLarge(InvalidInput):
    """Too many pixels, known from the header alone."""

    code = "image_too_large"


class TooManyFrames(InvalidInput):
    """The animation has more frames than one may have."""

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


class InvalidUrl(InvalidInput):
    """Not an address of the web, or one that holds a user or a password."""

    code = "invalid_url"


class UrlNotAllowed(InvalidInput):
    """No host of the public internet: one that nobody has, or of a network that this service does not call."""

    code = "url_not_allowed"


class FetchFailed(InvalidInput):
    """What was to be fetched cannot be had there; the caller can look at the address."""

    code = "fetch_failed"


class FetchTimedOut(FetchFailed):
    """Whoever was asked takes too long."""

    code = "fetch_timeout"


class InvalidCursor(InvalidInput):
    """A cursor that no list of ours gave out."""

    code = "invalid_cursor"


class InvalidIdempotencyKey(InvalidInput):
    """A key that cannot be one: it has 1 to 255 visible characters."""

    code = "invalid_idempotency_key"


class IdempotencyMismatch(InvalidInput):
    """The key was used for another request."""

    code = "idempotency_mismatch"


class NotAuthenticated(ImgsvcError):
    """The caller can log in."""

    code = "unauthenticated"


class InvalidCredentials(NotAuthenticated):
    """The name or the password is wrong; which of them is not told."""

    code = "invalid_credentials"


class InvalidToken(NotAuthenticated):
    """What was sent as a token is none of ours, or was changed."""

    code = "invalid_token"


class TokenExpired(NotAuthenticated):
    """The token was good until lately; log in, or use the refresh token."""

    code = "token_expired"


class TokenRevoked(NotAuthenticated):
    """The session of the token has ended, or its account has."""

    code = "token_revoked"


class TokenReused(NotAuthenticated):
    """A refresh token that has been exchanged already: somebody else may have it, so its session has ended."""

    code = "token_reused"


class NotAllowed(ImgsvcError):
    """The caller can ask somebody for permission."""

    code = "not_allowed"


class InvalidSignature(NotAllowed):
    """A public link that we did not sign, or that was changed since."""

    code = "invalid_signature"


class QuotaExceeded(NotAllowed):
    """The account has as much as it may have; the caller can delete something."""

    code = "quota_exceeded"


class RegistrationClosed(NotAllowed):
    """Accounts are opened by whoever runs the service."""

    code = "registration_closed"


class InsufficientScope(NotAllowed):
    """Who asks is known by an API key that is not good for this."""

    code = "insufficient_scope"


class WrongPassword(NotAllowed):
    """Who asks is known, and did not give the password that this needs."""

    code = "invalid_credentials"


class NotFound(ImgsvcError):
    """There is nothing with this id, or it is somebody else's."""

    code = "not_found"


class UserNotFound(NotFound):
    pass


class ApiKeyNotFound(NotFound):
    pass


class ImageNotFound(NotFound):
    pass


class ImageErased(ImageNotFound):
    """There was such an image, and its owner erased it."""

    code = "image_erased"


class VariantNotFound(NotFound):
    pass


class LinkExpired(NotFound):
    """A public link that was good once, and is gone for good; whoever made it can make another."""

    code = "link_expired"


class OriginalMissing(NotFound):
    """The image is there, its bytes are not; the caller can upload it again."""

    code = "original_missing"


class OriginalDamaged(OriginalMissing):
    """There are bytes, but not those that were uploaded."""

    code = "integrity_error"


class PresetNotFound(NotFound):
    pass


class WebhookNotFound(NotFound):
    pass


class DeliveryNotFound(NotFound):
    pass


class BlobNotFound(NotFound):
    """A key of the blob store holds nothing."""


class Conflict(ImgsvcError):
    """The caller can choose another."""

    code = "conflict"


class TooManyPresets(Conflict):
    """One has to go before there is another."""

    code = "too_many_presets"


class RequestInProgress(Conflict):
    """The same request is being worked on; the caller can wait, and send it again."""

    code = "in_progress"


class ImageExists(Conflict):
    """There is an image with this id."""


class UsernameTaken(Conflict):
    """Somebody has this name already, in whatever spelling."""

    code = "username_taken"


class TooManyApiKeys(Conflict):
    """One has to go before there is another."""

    code = "too_many_api_keys"


class TooManyWebhooks(Conflict):
    """One has to go before there is another."""

    code = "too_many_webhooks"


class WebhookDisabled(Conflict):
    """It is told nothing, which its owner can change."""

    code = "webhook_disabled"


class VariantNotReady(Conflict):
    """The variant is still being made, or failed."""

    code = "variant_not_ready"


class JobFinished(Conflict):
    """The job has come to its end already."""

    code = "job_finished"


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


class UsedUp(NamedTuple):
    """Of which rate there is too little left."""

    name: str
    amount: int  # within the period
    seconds: int
    remaining: int


class TooManyRequests(ImgsvcError):
    """The caller has used up what he may have in so much time; ``retry_after`` tells in how many seconds there is more.

    Others are not affected.
    """

    code = "rate_limited"

    def __init__(self, detail: str, retry_after: int, used_up: UsedUp | None = None) -> None:
        super().__init__(detail)
        self.retry_after = retry_after
        self.used_up = used_up


class TooManyWaiting(TooManyRequests):
    """The caller waits for as many jobs at once as he may already."""

    code = "too_many_waiting"


class TooManyJobs(TooManyRequests):
    """So many jobs of the account have not ended that it may have no more for now."""

    code = "too_many_jobs"


class Unavailable(Busy):
    """Something that we depend on does not answer."""

    code = "unavailable"


class AccessRefused(Unavailable):
    """Something that we depend on answers, but does not let us in; an operator can mend that."""


class StorageFull(Unavailable):
    """There is no room for anything more; nothing was kept."""

    code = "storage_full"


def not_kept(error: OSError) -> Unavailable:
    """What became of an upload that the system would not keep for a while."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return StorageFull("there is no room for an upload just now")
    return Unavailable("an upload cannot be kept just now")


def unknown(kind: type[InvalidInputT], what: str, name: str, names: Iterable[str]) -> InvalidInputT:
    """A failure that names an unknown name, all that there are, and the one that was probably meant."""
    known = sorted(names)
    meant = wording.nearest(name, known)
    hint = f"; did you mean {meant!r}?" if meant else ""
    return kind(
        f"unknown {what} {shortened(name)}{hint}", value=name, allowed=", ".join(known) or "none", nearest=meant
    )
