"""Who asks is not known, or may not have what he asks for."""

from imgsvc.domain.errors.base import ImgsvcError


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
