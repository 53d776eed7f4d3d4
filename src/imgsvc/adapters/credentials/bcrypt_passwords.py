"""Passwords hashed with bcrypt, over a keyed hash that brings any length down to the 72 bytes bcrypt takes."""

import base64
import hmac
import logging
import os
import re
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore
from typing import Final

import bcrypt
from attrs import field, frozen
from attrs.validators import and_, ge, le, min_len

from imgsvc.domain.errors import Busy, InvalidInput, PasswordTooLong
from imgsvc.domain.user import MAX_PASSWORD_BYTES

_CHEAPEST: Final = 4  # bcrypt's own limit
_DEAREST: Final = 16  # four seconds; each step doubles it, and a damaged hash may ask for 31
_HASH = re.compile(  # the last character of the salt has two bits to tell, and bcrypt raises for any other
    r"\$2b\$(\d\d)\$[./A-Za-z0-9]{21}[.Oeu][./A-Za-z0-9]{31}", re.ASCII
)
_SURROGATE = re.compile("[\ud800-\udfff]")

_log = logging.getLogger(__name__)


@frozen
class BcryptPasswords:
    """bcrypt(base64(HMAC-SHA384(secret, password))), the form that OWASP advises; without the secret no hash matches.

    Passwords are normalised to NFC first (RFC 8265), because keyboards differ in how they write the same letter.
    As many hashes are made at once as there are cores, and Busy is raised for who would wait more than
    ``patience`` seconds, so that logins cannot take every thread of the service.
    """

    secret: bytes = field(repr=False, validator=min_len(32))
    cost: int = field(default=12, validator=and_(ge(_CHEAPEST), le(_DEAREST)))
    patience: float = field(default=5.0, kw_only=True)
    _slots: BoundedSemaphore = field(init=False, repr=False, eq=False)

    @_slots.default
    def _one_slot_a_core(self) -> BoundedSemaphore:
        return BoundedSemaphore(os.cpu_count() or 1)

    @property
    def _dummy(self) -> bytes:
        """A hash like any other, of nothing that anybody knows."""
        return f"$2b${self.cost:02}${'.' * 53}".encode()

    def hash(self, password: str) -> str:
        """Raises InvalidInput for what is not Unicode text, besides what the port says."""
        prehash = self._prehash(password)
        with self._slot():
            return bcrypt.hashpw(prehash, bcrypt.gensalt(self.cost)).decode()

    def matches(self, password: str, password_hash: str | None) -> bool:
        prehash = self._prehash_or_none(password)
        stored = _usable(password_hash)
        # Without a password or a hash to compare, a comparison that fails takes its time all the same.
        with self._slot():
            is_same = bcrypt.checkpw(prehash or self._prehash(""), stored or self._dummy)
        return is_same and prehash is not None and stored is not None

    def _prehash_or_none(self, password: str) -> bytes | None:
        try:
            return self._prehash(password)
        except InvalidInput:
            return None

    def _prehash(self, password: str) -> bytes:
        """64 bytes without a NUL. Raises PasswordTooLong or InvalidInput; neither ever repeats the password."""
        _check_text(password)
        text = unicodedata.normalize("NFC", password)
        return base64.b64encode(hmac.digest(self.secret, text.encode(), "sha384"))

    @contextmanager
    def _slot(self) -> Iterator[None]:
        if not self._slots.acquire(timeout=self.patience):
            raise Busy("too many passwords are being checked")
        try:
            yield
        finally:
            self._slots.release()


def _check_text(password: str) -> None:
    """The length is that of the password as it came, before anything is done with it."""
    if len(password) > MAX_PASSWORD_BYTES or len(password.encode(errors="surrogatepass")) > MAX_PASSWORD_BYTES:
        allowed = f"at most {MAX_PASSWORD_BYTES} bytes in UTF-8"
        raise PasswordTooLong("the password is too long", path=("password",), allowed=allowed)
    if _SURROGATE.search(password):
        raise InvalidInput("the password is not Unicode text", path=("password",))


def _usable(password_hash: str | None) -> bytes | None:
    if password_hash is None:
        return None
    found = _HASH.fullmatch(password_hash)
    if found is None or not _CHEAPEST <= int(found[1]) <= _DEAREST:
        _log.error("a stored password hash is corrupt; its user cannot log in")
        return None
    return password_hash.encode()
