"""Seals by HMAC-SHA256, of which 128 bits are shown."""

import hmac
from base64 import urlsafe_b64encode
from typing import Final

from attrs import field, frozen
from attrs.validators import min_len

_BYTES: Final = 16


@frozen
class HmacSeals:
    """With a ``secret`` of 32 bytes at least, which may be good for something else too."""

    secret: bytes = field(repr=False, validator=min_len(32))
    _key: bytes = field(init=False, repr=False)

    @_key.default
    def _key_of_its_own(self) -> bytes:
        # So that what is made with it is good for nothing else that the secret is.
        return hmac.digest(self.secret, b"seals of what clients keep", "sha256")

    def seal(self, message: str) -> str:
        digest = hmac.digest(self._key, message.encode(), "sha256")
        return urlsafe_b64encode(digest[:_BYTES]).rstrip(b"=").decode()

    def is_seal_of(self, message: str, seal: str) -> bool:
        return hmac.compare_digest(self.seal(message).encode(), seal.encode())
