"""User: an account; everything else belongs to exactly one."""

import unicodedata
from datetime import datetime
from typing import NewType
from uuid import UUID, uuid4

from attrs import field, frozen
from attrs.validators import optional

from imgsvc.domain.errors import PasswordTooLong, PasswordTooWeak
from imgsvc.domain.field_rules import composed, matches
from imgsvc.domain.passwords import is_common

UserId = NewType("UserId", UUID)

MIN_PASSWORD_CHARACTERS = 8
MAX_PASSWORD_BYTES = 1024

username_rule = matches(r"[\w.@+-]{3,64}", "3 to 64 letters, digits or any of . _ - @ +")
_PART = r"[^\s@\x00-\x1f\x7f-\x9f]+"
email_rule = matches(rf"(?=.{{3,254}}$){_PART}@{_PART}\.{_PART}", "an e-mail address")


@frozen(kw_only=True)
class User:
    """Somebody who can log in; the name is shown as it was registered."""

    id: UserId = field(factory=lambda: UserId(uuid4()))
    username: str = field(converter=composed, validator=username_rule)
    email: str | None = field(default=None, validator=optional(email_rule))
    password_hash: str = field(repr=False)
    created_at: datetime  # always with a time zone

    @property
    def username_key(self) -> str:
        return username_key(self.username)


def username_key(username: str) -> str:
    """What two names share that nobody should be able to tell apart by case or Unicode form."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", username).casefold())


def check_new_password(password: str, username: str, email: str | None = None) -> None:
    """Raises PasswordTooLong or PasswordTooWeak; neither ever repeats the password."""
    if is_too_long(password):
        allowed = f"at most {MAX_PASSWORD_BYTES} bytes in UTF-8"
        raise PasswordTooLong("the password is too long", path=("password",), allowed=allowed)
    if len(password) < MIN_PASSWORD_CHARACTERS:
        allowed = f"at least {MIN_PASSWORD_CHARACTERS} characters"
        raise PasswordTooWeak("the password is too short", path=("password",), allowed=allowed)
    if username_key(password) in {username_key(name) for name in (username, email) if name}:
        raise PasswordTooWeak("the password must not be the username or the e-mail address", path=("password",))
    if is_common(password):
        allowed = "a password that is not among the most common ones"
        raise PasswordTooWeak("the password is one that everybody tries first", path=("password",), allowed=allowed)


def is_too_long(password: str) -> bool:
    return len(password.encode(errors="surrogatepass")) > MAX_PASSWORD_BYTES
