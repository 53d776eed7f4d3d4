"""Text that only we could have signed."""

from typing import Protocol

from attrs import frozen


@frozen
class Signature:
    """``key`` names the key; both are of ASCII letters, digits, ``-`` and ``_``."""

    key: str
    text: str


class Signer(Protocol):
    """Several keys: the first signs, and all verify, so that one can take another's place without a gap.

    Calls are safe from any thread, and take some microseconds.
    """

    def sign(self, message: str) -> Signature:
        """With the key that signs at present."""

    def verify(self, message: bytes, signature: Signature) -> bool:
        """Whether the key made just this text of just this message; after the same time for each answer."""
