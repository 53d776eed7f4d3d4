"""Who somebody is: register, and log in."""

from attrs import evolve, frozen

from imgsvc.application.login_attempts import LoginAttempts
from imgsvc.application.sessions import IssuedSession, SessionTokens
from imgsvc.domain.errors import InvalidCredentials
from imgsvc.domain.field_rules import is_text
from imgsvc.domain.user import User, check_new_password
from imgsvc.ports.clock import Clock
from imgsvc.ports.credentials import PasswordHasher
from imgsvc.ports.sessions import SessionRepository
from imgsvc.ports.users import UserRepository


@frozen
class RegisterUser:
    """Open an account."""

    users: UserRepository
    hasher: PasswordHasher
    clock: Clock

    def __call__(self, username: str, password: str, email: str | None = None) -> User:
        """Raises InvalidInput, PasswordTooWeak, PasswordTooLong, UsernameTaken."""
        check_new_password(password, username, email)
        # Everything is checked before the quarter of a second that a hash costs.
        user = User(username=username, email=email, password_hash="", created_at=self.clock())
        user = evolve(user, password_hash=self.hasher.hash(password))
        self.users.add(user)
        return user


@frozen
class LogIn:
    """Exchange a name and a password for a session."""

    users: UserRepository
    sessions: SessionRepository
    hasher: PasswordHasher
    tokens: SessionTokens
    attempts: LoginAttempts

    def __call__(self, username: str, password: str, address: str = "") -> IssuedSession:
        """Raises InvalidCredentials, after the same time for an unknown name as for a wrong password; TooManyRequests.

        ``address`` is where the caller asks from, in whatever form tells one from another.
        """
        self.attempts.count(username, address)
        user = self.users.find_by_username(username) if is_text(username) else None
        matches = self.hasher.matches(password, user.password_hash if user else None)
        if user is None or not matches:
            raise _wrong()
        session, token = self.tokens.first(user.id)
        if not self.sessions.add(session, user.password_hash, self.tokens.lifetime):
            raise _wrong()  # it was changed within the last instant
        return self.tokens.issued(session.id, user.id, token)


def _wrong() -> InvalidCredentials:
    return InvalidCredentials("the username or the password is wrong")
