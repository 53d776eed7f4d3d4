"""Who somebody is: register, log in, prove it again with a token."""

from attrs import evolve, frozen

from imgsvc.domain.errors import InvalidCredentials, TokenRevoked, UserNotFound
from imgsvc.domain.field_rules import is_text
from imgsvc.domain.user import User, check_new_password
from imgsvc.ports.clock import Clock
from imgsvc.ports.credentials import IssuedToken, PasswordHasher, TokenIssuer
from imgsvc.ports.repositories import UserRepository


@frozen
class RegisterUser:
    """Open an account."""

    users: UserRepository
    hasher: PasswordHasher
    clock: Clock

    def __call__(self, username: str, password: str, email: str | None = None) -> User:
        """Raises InvalidInput, PasswordTooWeak, PasswordTooLong, UsernameTaken."""
        check_new_password(password, username)
        # Everything is checked before the quarter of a second that a hash costs.
        user = User(username=username, email=email, password_hash="", created_at=self.clock())
        user = evolve(user, password_hash=self.hasher.hash(password))
        self.users.add(user)
        return user


@frozen
class LogIn:
    """Exchange a name and a password for a token."""

    users: UserRepository
    hasher: PasswordHasher
    tokens: TokenIssuer

    def __call__(self, username: str, password: str) -> IssuedToken:
        """Raises InvalidCredentials, after the same time for an unknown name as for a wrong password."""
        user = self.users.find_by_username(username) if is_text(username) else None
        matches = self.hasher.matches(password, user.password_hash if user else None)
        if user is None or not matches:
            raise InvalidCredentials("the username or the password is wrong")
        return self.tokens.issue(user.id)


@frozen
class Authenticate:
    """Tell whose token it is."""

    users: UserRepository
    tokens: TokenIssuer

    def __call__(self, token: str) -> User:
        """Raises InvalidToken, TokenExpired, and TokenRevoked where the user is gone."""
        try:
            return self.users.get(self.tokens.verify(token))
        except UserNotFound:
            raise TokenRevoked("the account of this token is gone") from None
