"""How passwords, tokens and links are made, with secrets that are given, or else made once and kept."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from imgsvc.adapters.credentials.bcrypt_passwords import BcryptPasswords
from imgsvc.adapters.credentials.hmac_seals import HmacSeals
from imgsvc.adapters.credentials.hmac_signatures import HmacSignatures
from imgsvc.adapters.credentials.jwt_tokens import JwtTokens
from imgsvc.adapters.credentials.kept_secret import diagnose_kept_secret, kept_secret
from imgsvc.adapters.credentials.random_keys import RandomKeys
from imgsvc.adapters.credentials.refresh_tokens import RefreshTokens
from imgsvc.ports.clock import Clock
from imgsvc.ports.credentials import ApiKeyIssuer, PasswordHasher, RefreshTokenIssuer, TokenIssuer
from imgsvc.ports.diagnosis import Finding, Subject
from imgsvc.ports.signatures import Sealer, Signer

_ISSUER = "imgsvc"
_AUDIENCE = "imgsvc"


def open_password_hasher(secret: str | None, data_dir: Path, *, cost: int) -> PasswordHasher:
    """Raises ValueError for a secret or a cost of no use."""
    return BcryptPasswords(_given_or_kept(secret, data_dir, "password_secret"), cost)


def open_token_issuer(secret: str | None, data_dir: Path, *, lifetime: timedelta, clock: Clock) -> TokenIssuer:
    """Raises ValueError for a secret or a lifetime of no use."""
    return JwtTokens(_given_or_kept(secret, data_dir, "token_secret"), _ISSUER, _AUDIENCE, lifetime, clock)


def open_signer(keys: str | None, data_dir: Path) -> Signer:
    """``keys`` are ``name:secret``, or secrets alone, separated by commas; the first signs. Raises ValueError."""
    # What is kept is read like what is given: whoever changes keys in the file changes them here.
    return HmacSignatures.from_text(_given_or_kept(keys, data_dir, "link_keys").decode())


def open_refresh_token_issuer(secret: str | None, data_dir: Path) -> RefreshTokenIssuer:
    """Made with the secret of access tokens. Raises ValueError for one of no use."""
    return RefreshTokens(_given_or_kept(secret, data_dir, "token_secret"))


def open_sealer(secret: str | None, data_dir: Path) -> Sealer:
    """Made with the secret of access tokens, which all processes share. Raises ValueError for one of no use."""
    return HmacSeals(_given_or_kept(secret, data_dir, "token_secret"))


def open_api_key_issuer() -> ApiKeyIssuer:
    return RandomKeys()


def diagnose_secrets(data_dir: Path, **given: str | None) -> Iterator[Finding]:
    """Of ``token_secret``, ``password_secret`` and ``link_keys``."""
    subject = Subject("secrets")
    for purpose, secret in given.items():
        if secret is None:
            yield diagnose_kept_secret(subject, _place_of(data_dir, purpose))
        else:
            yield subject.ok(f"{purpose} is given")


def _given_or_kept(secret: str | None, data_dir: Path, purpose: str) -> bytes:
    """One secret for each purpose, so that what is signed for one can never pass for the other."""
    # An empty one is a variable that was set and forgotten: too short, and never a reason to make one up.
    return secret.encode() if secret is not None else kept_secret(_place_of(data_dir, purpose))


def _place_of(data_dir: Path, purpose: str) -> Path:
    return data_dir / "secrets" / purpose
