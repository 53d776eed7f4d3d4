"""API keys: 256 bits of chance behind a word that scanners of secrets, and people, know them by."""

import hashlib
import re
import secrets
from typing import Final

from attrs import frozen

from imgsvc.ports.credentials import IssuedApiKey

_PREFIX: Final = "imgsvc_"
_FORM: Final = re.compile(rf"{_PREFIX}[\w-]{{43}}", re.ASCII)
_SHOWN: Final = len(_PREFIX) + 4


@frozen
class RandomKeys:
    def issue(self) -> IssuedApiKey:
        key = _PREFIX + secrets.token_urlsafe(32)
        return IssuedApiKey(key, _hash(key), key[:_SHOWN])

    def is_one(self, credential: str) -> bool:
        return credential.startswith(_PREFIX)

    def hash_of(self, key: str) -> str | None:
        return _hash(key) if _FORM.fullmatch(key) else None


def _hash(key: str) -> str:
    """A quick one: of 256 bits of chance nobody finds the origin by trying."""
    return hashlib.sha256(key.encode()).hexdigest()
