"""A set of texts in a fixed amount of memory."""

import os
import struct
from hashlib import blake2b

from attrs import field, frozen

_BITS = 2**27  # 16 MiB
_PLACES = struct.Struct("<4I")


@frozen
class KeyFilter:
    """Contains whatever was added, and rarely something else: of others one in a million, and one in 200 with ten
    million added (a Bloom filter). Each one is wrong about others, so what one takes for known another does not.
    """

    _bits: bytearray = field(factory=lambda: bytearray(_BITS // 8), init=False, repr=False)
    _salt: bytes = field(factory=lambda: os.urandom(16), init=False, repr=False)

    def add(self, text: str) -> None:
        for place in self._places(text):
            self._bits[place >> 3] |= 1 << (place & 7)

    def __contains__(self, text: str) -> bool:
        return all(self._bits[place >> 3] >> (place & 7) & 1 for place in self._places(text))

    def _places(self, text: str) -> list[int]:
        digest = blake2b(text.encode(), digest_size=_PLACES.size, key=self._salt).digest()
        return [number % _BITS for number in _PLACES.unpack(digest)]
