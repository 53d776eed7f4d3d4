"""How passwords and tokens are made, each with a secret that is given or else made once and kept in the data folder."""

from datetime import timedelta
from pathlib import Path

from imgsvc.adapters.credentials.bcrypt_passwords import BcryptPasswords
from imgsvc.adapters.credentials.jwt_tokens import JwtTokens
from imgsvc.adapters.credentials.kept_secret import kept_secret
from imgsvc.ports.clock import Clock
from imgsvc.ports.credentials import PasswordHasher, TokenIssuer

_ISSUER = "imgsvc"
_AUDIENCE = "imgsvc"


def open_password_hasher(secret: str | None, data_dir: Path, *, cost: int) -> PasswordHasher:
    """Raises ValueError for a secret or a cost of no use."""
    return BcryptPasswords(_given_or_kept(secret, data_dir, "password_secret"), cost)


def open_token_issuer(secret: str | None, data_dir: Path, *, lifetime: timedelta, clock: Clock) -> TokenIssuer:
    """Raises ValueError for a secret or a lifetime of no use."""
    return JwtTokens(_given_or_kept(secret, data_dir, "token_secret"), _ISSUER, _AUDIENCE, lifetime, clock)


def _given_or_kept(secret: str | None, data_dir: Path, purpose: str) -> bytes:
    """One secret for each purpose, so that what is signed for one can never pass for the other."""
    # An empty one is a variable that was set and forgotten: too short, and never a reason to make one up.
    return secret.encode() if secret is not None else kept_secret(data_dir / "secrets" / purpose)
