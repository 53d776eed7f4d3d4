"""Access tokens as signed JWTs, after the best practices of RFC 8725."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid4

import jwt
from attrs import field, frozen
from attrs.validators import gt, min_len

from imgsvc.domain.errors import InvalidToken, TokenExpired
from imgsvc.domain.session import SessionId
from imgsvc.domain.user import UserId
from imgsvc.ports.clock import Clock
from imgsvc.ports.credentials import IssuedToken, TokenClaims

MAX_TOKEN: Final = 4096  # characters; ours have about 450
_FORM: Final = re.compile(r"[\w-]+\.[\w-]+\.[\w-]+", re.ASCII)  # the library also takes padding: two forms of one token
LEEWAY: Final = 60  # seconds that the clock of who issued a token may be ahead
_ALGORITHM: Final = "HS256"
_HEADER: Final = {"alg": _ALGORITHM, "typ": "at+jwt"}  # the type (RFC 9068) tells it from any other token of ours
_REQUIRED: Final = ["exp", "iat", "sub", "sid", "jti", "iss", "aud"]


@frozen
class JwtTokens:
    """HS256 and nothing else. ``secret`` has at least 32 bytes, ``lifetime`` is what a stolen token is good for."""

    secret: bytes = field(repr=False, validator=min_len(32))
    issuer: str
    audience: str
    lifetime: timedelta = field(validator=gt(timedelta(0)))
    clock: Clock

    def issue(self, user_id: UserId, session_id: SessionId) -> IssuedToken:
        now = self.clock()
        claims = {
            "iss": self.issuer,
            "aud": self.audience,
            "sub": str(user_id),
            "sid": str(session_id),
            "jti": uuid4().hex,
            "iat": int(now.timestamp()),
            "exp": int((now + self.lifetime).timestamp()),
        }
        return IssuedToken(jwt.encode(claims, self.secret, _ALGORITHM, headers=dict(_HEADER)), self.lifetime)

    def verify(self, token: str) -> TokenClaims:
        """Everything else is checked before the times, so that only a token of ours is told that it expired."""
        claims = self._claims(token)
        user, session = UserId(_id(claims["sub"])), SessionId(_id(claims["sid"]))
        self._check_times(claims)
        return TokenClaims(user, session, _moment(claims["exp"]))

    def _claims(self, token: str) -> dict[str, Any]:
        if len(token) > MAX_TOKEN or not _FORM.fullmatch(token):
            raise _invalid()
        try:
            found = jwt.decode_complete(
                token,
                self.secret,
                algorithms=[_ALGORITHM],
                issuer=self.issuer,
                audience=self.audience,
                options={
                    "require": _REQUIRED,
                    "strict_aud": True,
                    "enforce_minimum_key_length": True,
                    # The library takes "1", True and 1e30 for a time, and knows no clock but the machine's.
                    "verify_exp": False,
                    "verify_iat": False,
                    "verify_nbf": False,
                },
            )
        except jwt.PyJWTError:
            raise _invalid() from None  # its text may quote the token
        if found["header"] != _HEADER:
            raise _invalid()  # we never write crit, kid, jwk or jku
        claims: dict[str, Any] = found["payload"]
        return claims

    def _check_times(self, claims: dict[str, Any]) -> None:
        now = self.clock().timestamp()
        for claim in ("iat", "nbf"):
            if _seconds(claims.get(claim, 0)) > now + LEEWAY:
                raise _invalid()
        # Nobody is told of more than the lifetime, so clocks that differ do not lengthen it.
        if _seconds(claims["exp"]) <= now:
            raise TokenExpired("the token has expired")


def _id(text: object) -> UUID:
    try:
        found = UUID(text) if isinstance(text, str) else None
    except ValueError:
        raise _invalid() from None
    if found is None or str(found) != text:
        raise _invalid()  # one id has one form
    return found


def _seconds(value: object) -> int:
    if type(value) is not int:  # a bool is one to isinstance
        raise _invalid()
    return value


def _moment(seconds: int) -> datetime:
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError):
        return datetime.max.replace(tzinfo=UTC)


def _invalid() -> InvalidToken:
    return InvalidToken("the token is not valid")
