"""Logins that last: begun with a password, gone on with, ended; and whether a token still counts."""

import logging
from collections.abc import Collection
from datetime import datetime, timedelta

from attrs import field, frozen

from imgsvc.application.api_keys import KnownKeys
from imgsvc.application.login_attempts import LoginAttempts
from imgsvc.application.retention import MustStop, never, until_nothing_is_left
from imgsvc.domain.errors import TokenReused, TokenRevoked, WrongPassword
from imgsvc.domain.session import Identity, Session, SessionId
from imgsvc.domain.user import User, UserId, check_new_password
from imgsvc.ports.api_keys import ApiKeyRepository
from imgsvc.ports.clock import Clock
from imgsvc.ports.credentials import PasswordHasher, RefreshToken, RefreshTokenIssuer, TokenIssuer
from imgsvc.ports.sessions import SessionRepository

logger = logging.getLogger(__name__)

# After which a second exchange of the same token is no longer somebody who lost the answer to the first.
GRACE = timedelta(seconds=10)


@frozen(kw_only=True)
class IssuedSession:
    """What a client needs to be known: an access token for now, and a refresh token for the next one."""

    id: SessionId
    token: str = field(repr=False)
    lifetime: timedelta  # of the access token
    refresh_token: str = field(repr=False)
    refresh_lifetime: timedelta  # of the session, which no exchange prolongs


@frozen
class SessionTokens:
    """The two tokens of a session."""

    access: TokenIssuer
    refresh: RefreshTokenIssuer
    lifetime: timedelta  # of a session

    def first(self, owner: UserId) -> tuple[Session, RefreshToken]:
        """A session that is not kept yet, and the token that it begins with."""
        token = self.refresh.issue()
        return Session(owner=owner, family_hash=token.family_hash, token_hash=token.token_hash), token

    def issued(
        self, session_id: SessionId, owner: UserId, token: RefreshToken, lifetime: timedelta | None = None
    ) -> IssuedSession:
        access = self.access.issue(owner, session_id)
        return IssuedSession(
            id=session_id,
            token=access.token,
            lifetime=access.lifetime,
            refresh_token=token.token,
            refresh_lifetime=self.lifetime if lifetime is None else lifetime,
        )


@frozen
class Authenticate:
    """Tell whose access token or API key it is. Whether it still counts is decided here and in ``FindRevoked``."""

    sessions: SessionRepository
    tokens: TokenIssuer
    keys: KnownKeys

    def __call__(self, token: str) -> Identity:
        """Raises InvalidToken, TokenExpired, and TokenRevoked where the session, the key or the account is gone."""
        if self.keys.is_one(token):
            return self.keys.identity(token)
        claims = self.tokens.verify(token)
        # Whatever revokes a token (logging out, a new password, an exchanged refresh token that came again, the end of
        # the account) removes the row of its session; so this one read tells in every process.
        user = self.sessions.user_of(claims.session)
        if user.id != claims.user:
            raise TokenRevoked("the session of this token has ended")
        return Identity(user=user, session=claims.session, expires_at=claims.expires_at)


@frozen
class FindRevoked:
    """Tell which of those who were let in would not be any more; of many at once, since they wait for long."""

    sessions: SessionRepository
    keys: ApiKeyRepository

    def __call__(self, identities: Collection[Identity]) -> set[Identity]:
        """Those whose session, key or account has ended. Raises Busy, Unavailable."""
        lasting = self.sessions.lasting({one.session for one in identities if one.session is not None})
        existing = self.keys.existing({one.key for one in identities if one.key is not None})
        return {one for one in identities if one.session not in lasting and one.key not in existing}


@frozen
class RefreshSession:
    """Exchange a refresh token for an access token and the next refresh token."""

    sessions: SessionRepository
    tokens: SessionTokens
    clock: Clock

    def __call__(self, refresh_token: str) -> IssuedSession:
        """Raises InvalidToken, TokenExpired, TokenRevoked; TokenReused, and the session has ended then.

        Who asks again within a few seconds, having lost the answer, is given the same refresh token once more.
        """
        token = self.tokens.refresh.read(refresh_token)
        successor = self.tokens.refresh.successor(token)
        try:
            kept = self.sessions.rotate(token.family_hash, token.token_hash, successor.token_hash, GRACE)
        except TokenReused:
            logger.warning("a refresh token was used again, so its session has ended")
            raise
        return self.tokens.issued(kept.id, kept.owner, successor, _until(kept.expires_at, self.clock()))


@frozen
class LogOut:
    """End a session: its access tokens and refresh tokens are good for nothing from here on."""

    sessions: SessionRepository

    def __call__(self, session_id: SessionId) -> None:
        """Raises Busy, Unavailable."""
        self.sessions.end(session_id)


@frozen
class ChangePassword:
    """Take another password, which ends every session and begins a new one."""

    sessions: SessionRepository
    hasher: PasswordHasher
    tokens: SessionTokens
    attempts: LoginAttempts

    def __call__(self, user: User, current: str, new: str, address: str = "") -> IssuedSession:
        """Raises WrongPassword, TooManyRequests as LogIn does; PasswordTooWeak, PasswordTooLong, InvalidInput."""
        check_new_password(new, user.username, user.email)
        self.attempts.count(user.username, address)
        if not self.hasher.matches(current, user.password_hash):
            raise _wrong()
        new_hash = self.hasher.hash(new)
        session, token = self.tokens.first(user.id)
        # One transaction: nobody is ever known by a password and a session of which one is older than the other.
        if not self.sessions.change_password(user.id, user.password_hash, new_hash, session, self.tokens.lifetime):
            raise _wrong()
        return self.tokens.issued(session.id, user.id, token)


@frozen
class PruneSessions:
    """Forget sessions that have lasted as long as they may."""

    sessions: SessionRepository

    def __call__(self, *, must_stop: MustStop = never) -> int:
        """How many there were. Raises Busy, Unavailable."""
        return until_nothing_is_left(self.sessions.remove_expired, must_stop)


def _wrong() -> WrongPassword:
    return WrongPassword("the current password is wrong")


def _until(moment: datetime, now: datetime) -> timedelta:
    return max(timedelta(0), moment - now)
