"""Refresh tokens: chance, and nothing that could be read in them."""

import base64
import hashlib
import hmac
import re
import secrets
from typing import Final

from attrs import field, frozen
from attrs.validators import min_len

from imgsvc.domain.errors import InvalidToken
from imgsvc.ports.credentials import RefreshToken

_PREFIX: Final = "imgsvcrt_"  # by which scanners of secrets, and people, know one
_BYTES: Final = 32
_FORM: Final = re.compile(rf"{_PREFIX}([\w-]{{43}})([\w-]{{43}})", re.ASCII)


@frozen
class RefreshTokens:
    """Two parts of 256 bits, in base64url: the first names the family, the second changes with each exchange.

    The successor's second part is a keyed hash of its predecessor, so nothing need be kept to give it out twice, and
    who knows neither the ``secret`` (32 bytes at least) nor the successor cannot tell it from chance.
    """

    secret: bytes = field(repr=False, validator=min_len(32))

    def issue(self) -> RefreshToken:
        return _made(_text(secrets.token_bytes(_BYTES)), _text(secrets.token_bytes(_BYTES)))

    def read(self, token: str) -> RefreshToken:
        found = _FORM.fullmatch(token)
        if found is None:
            raise InvalidToken("the token is not valid")
        return _made(found[1], found[2])

    def successor(self, token: RefreshToken) -> RefreshToken:
        family = token.token.removeprefix(_PREFIX)[:43]
        # A key of its own, so that what is made with it is good for nothing else that the secret is.
        key = hmac.digest(self.secret, b"successors of refresh tokens", "sha256")
        return _made(family, _text(hmac.digest(key, token.token.encode(), "sha256")))


def _made(family: str, rest: str) -> RefreshToken:
    token = f"{_PREFIX}{family}{rest}"
    return RefreshToken(token, _hash(family), _hash(token))


def _hash(text: str) -> str:
    """A quick one: of 256 bits of chance nobody finds the origin by trying."""
    return hashlib.sha256(text.encode()).hexdigest()


def _text(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
