"""Who asks, as he was known by the same credentials a moment ago."""

from math import inf

from attrs import frozen
from starlette.requests import Request

from imgsvc.domain.errors import NotAuthenticated
from imgsvc.domain.session import Identity
from imgsvc.entrypoints.composition import utc_now
from imgsvc.entrypoints.http.bodies import bearer_token
from imgsvc.entrypoints.http.invalidated_cache import InvalidatedCache


@frozen
class CallerCache:
    """Of what is kept until it is invalidated: whatever revokes a token or a key says so of the account."""

    entries: InvalidatedCache

    def find(self, request: Request) -> Identity | None:
        """None also where the request names nobody, or not as it should."""
        try:
            found: Identity | None = self.entries.find(bearer_token(request))
        except NotAuthenticated:
            return None
        return found

    def mark(self) -> int:
        """To be taken before anybody is asked who that is."""
        return self.entries.mark()

    def keep(self, request: Request, identity: Identity, mark: int) -> None:
        """Unless something was to be forgotten since the mark; no longer than his token is good."""
        good_for = seconds_left(identity)
        self.entries.keep(bearer_token(request), identity, (identity.user.id,), mark, good_for=good_for)


def seconds_left(identity: Identity) -> float:
    """That what he is known by is good for."""
    return inf if identity.expires_at is None else (identity.expires_at - utc_now()).total_seconds()
