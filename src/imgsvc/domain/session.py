"""Session: what a login begins, and everything that ends it ends; and who a request comes from."""

from datetime import datetime
from typing import NewType
from uuid import UUID, uuid4

from attrs import field, frozen

from imgsvc.domain.api_key import ApiKeyId, Scope
from imgsvc.domain.errors import InsufficientScope
from imgsvc.domain.user import User, UserId

SessionId = NewType("SessionId", UUID)


@frozen(kw_only=True)
class Session:
    """A family of refresh tokens, of which the latest alone is good, and the access tokens that they were good for."""

    id: SessionId = field(factory=lambda: SessionId(uuid4()))
    owner: UserId
    family_hash: str  # of what all refresh tokens of the session have in common
    token_hash: str  # of the latest


@frozen(kw_only=True)
class Identity:
    """Who a request comes from, and what he is known by: a session, or the API key of a program."""

    user: User
    session: SessionId | None = None
    key: ApiKeyId | None = None
    scopes: frozenset[Scope] = frozenset(Scope)
    expires_at: datetime | None = None  # when that is good for nothing any more; None for what does not expire

    @property
    def logged_in(self) -> SessionId:
        """The session. Raises InsufficientScope for an API key."""
        if self.session is None:
            raise InsufficientScope("an API key cannot do this: log in")
        return self.session

    def must_have(self, scope: Scope) -> None:
        """Raises InsufficientScope."""
        if scope not in self.scopes:
            raise InsufficientScope(f"this API key has not the scope {scope}")
