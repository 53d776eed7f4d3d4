"""What a request says of its own bytes, compared with them (RFC 9530, and Content-MD5 of older clients)."""

import base64
import binascii
import hashlib
import re
from collections.abc import AsyncIterator, Mapping
from hmac import compare_digest
from typing import Any

from imgsvc.entrypoints.http.errors import DigestMismatch

_ALGORITHMS = {"sha-256": "sha256", "sha-512": "sha512"}  # others may be sent, and are not looked at
_ONE = re.compile(r"\s*([a-z0-9*._-]+)\s*=\s*:([A-Za-z0-9+/=]*):\s*")
HEADERS = ("Content-MD5", "Content-Digest", "Repr-Digest")


class Digests:
    """Those of one body, which is seen piece by piece."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        """Raises DigestMismatch for a digest that is none."""
        self._expected = [
            (name, hashlib.new(algorithm, usedforsecurity=False), _decoded(name, text))
            for name in HEADERS
            for algorithm, text in _named(name, headers.get(name, ""))
        ]

    async def seen(self, stream: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """The same bytes. Raises DigestMismatch at their end."""
        async for piece in stream:
            for _, digest, _ in self._expected:
                digest.update(piece)
            yield piece
        for name, digest, expected in self._expected:
            if not compare_digest(digest.digest(), expected):
                raise _mismatch(name, "the body is not what its digest says")


def _named(name: str, value: str) -> list[tuple[str, str]]:
    if not value:
        return []
    if name == "Content-MD5":
        return [("md5", value.strip())]
    found: dict[str, Any] = {}
    for one in value.split(","):
        parts = _ONE.fullmatch(one)
        if parts is None:
            raise _mismatch(name, "the digest cannot be read")
        found[parts[1]] = parts[2]
    return [(_ALGORITHMS[algorithm], text) for algorithm, text in found.items() if algorithm in _ALGORITHMS]


def _decoded(name: str, text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise _mismatch(name, "the digest cannot be read") from None


def _mismatch(name: str, detail: str) -> DigestMismatch:
    form = "the MD5 of the body in base64" if name == "Content-MD5" else "sha-256=:base64: or sha-512=:base64:"
    return DigestMismatch(detail, parameter=name, allowed=form)
