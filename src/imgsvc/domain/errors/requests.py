"""What is wrong with a request, whatever it is about."""

from imgsvc.domain.errors.base import InvalidInput


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


class PasswordTooWeak(InvalidInput):
    """A password that is short, common, or like the name."""

    code = "password_too_weak"


class PasswordTooLong(InvalidInput):
    """A password of more than 1024 bytes."""

    code = "password_too_long"


class InvalidCursor(InvalidInput):
    """A cursor that no list of ours gave out."""

    code = "invalid_cursor"


class InvalidIdempotencyKey(InvalidInput):
    """A key that cannot be one: it has 1 to 255 visible characters."""

    code = "invalid_idempotency_key"


class IdempotencyMismatch(InvalidInput):
    """The key was used for another request."""

    code = "idempotency_mismatch"
