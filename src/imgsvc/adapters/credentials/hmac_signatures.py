"""Signatures by HMAC-SHA256, of which all 256 bits count."""

import hashlib
import hmac
import re
from base64 import urlsafe_b64encode
from collections.abc import Mapping

from attrs import field, frozen

from imgsvc.ports.signatures import Signature

MAX_KEYS = 16
_KEY = re.compile(r"[A-Za-z0-9_-]{1,16}")
_SHORTEST = 32  # bytes of a secret


@frozen
class HmacSignatures:
    """``keys`` are secrets by their names, of which the first signs.

    A secret without a name is named by its hash, so that it can be given with others later and keep its name.
    """

    keys: Mapping[str, bytes] = field(repr=False)

    @classmethod
    def from_text(cls, text: str) -> "HmacSignatures":
        """``name:secret``, or a secret alone, separated by commas. Raises ValueError, which holds none."""
        pairs = [_named(one.strip()) for one in text.split(",")]
        keys = {name: secret.encode() for name, secret in pairs}
        is_sound = all(_KEY.fullmatch(name) and len(secret) >= _SHORTEST for name, secret in keys.items())
        if not is_sound or len(keys) < len(pairs) or len(keys) > MAX_KEYS:
            raise ValueError(
                f"link keys are name:secret, or a secret alone; at most {MAX_KEYS} separated by commas, the secrets of "
                f"at least {_SHORTEST} bytes, the names different and of at most 16 letters, digits, - and _"
            )
        return cls(keys)

    def sign(self, message: str) -> Signature:
        name = next(iter(self.keys))
        return Signature(name, _signed(self.keys[name], message.encode()))

    def verify(self, message: bytes, signature: Signature) -> bool:
        # A key that there is not costs the time of one that there is.
        secret = self.keys.get(signature.key, b"")
        expected = _signed(secret, message)
        is_equal = hmac.compare_digest(expected.encode(), signature.text.encode())
        return is_equal and bool(secret)


def _named(text: str) -> tuple[str, str]:
    name, colon, secret = text.partition(":")
    return (name, secret) if colon else (hashlib.sha256(text.encode()).hexdigest()[:8], text)


def _signed(secret: bytes, message: bytes) -> str:
    return urlsafe_b64encode(hmac.digest(secret, message, "sha256")).rstrip(b"=").decode()
