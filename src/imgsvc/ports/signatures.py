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


class Sealer(Protocol):
    """Seals what clients keep for us, so that nobody else can have written what they bring back.

    All processes that share a database make the same seals, and go on doing so when they are started again. Calls are
    safe from any thread, and take some microseconds.
    """

    def seal(self, message: str) -> str:
        """In ASCII letters, digits, ``-`` and ``_``."""

    def is_seal_of(self, message: str, seal: str) -> bool:
        """After the same time for each answer; of text that can be encoded."""
