"""Keys for programs: made, listed, deleted, and known again."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from uuid import uuid4

from attrs import frozen

from imgsvc.domain.api_key import MAX_API_KEYS, ApiKey, ApiKeyId, Scope
from imgsvc.domain.errors import ApiKeyNotFound, Busy, InvalidToken, TokenRevoked
from imgsvc.domain.session import Identity
from imgsvc.domain.user import UserId
from imgsvc.ports.api_keys import ApiKeyRepository
from imgsvc.ports.clock import Clock
from imgsvc.ports.credentials import ApiKeyIssuer

_NOTED = timedelta(hours=1)  # how far back the noted use of a key may lie, though it was used since


@frozen
class CreateApiKey:
    """Make a key, which is shown this once."""

    keys: ApiKeyRepository
    issuer: ApiKeyIssuer
    clock: Clock

    def __call__(
        self, caller: UserId, name: str, scopes: tuple[Scope, ...], key_id: ApiKeyId | None = None
    ) -> tuple[ApiKey, str | None]:
        """What is remembered of it, and the key itself.

        None where the caller has one of the ``key_id`` already, which an earlier try has left: what it is, nobody
        knows any more. Raises InvalidInput, TooManyApiKeys, UserNotFound.
        """
        issued = self.issuer.issue()
        key = ApiKey(
            id=key_id or ApiKeyId(uuid4()),
            owner=caller,
            name=name,
            scopes=scopes,
            key_hash=issued.key_hash,
            hint=issued.hint,
            created_at=self.clock(),
        )
        kept = self.keys.add(key, MAX_API_KEYS)
        return kept, issued.key if kept.key_hash == key.key_hash else None


@frozen
class ListApiKeys:
    """All keys of the caller, the newest first."""

    keys: ApiKeyRepository

    def __call__(self, caller: UserId) -> Sequence[ApiKey]:
        """Without what they are, which nobody knows any more."""
        return self.keys.list_of(caller)


@frozen
class DeleteApiKey:
    """Have a key be good for nothing from here on, in every process."""

    keys: ApiKeyRepository

    def __call__(self, caller: UserId, key_id: ApiKeyId) -> None:
        """Raises ApiKeyNotFound, also when the key is someone else's."""
        if not self.keys.delete(caller, key_id):
            raise ApiKeyNotFound(f"no API key {key_id}")


@frozen
class KnownKeys:
    """Whose key somebody offers."""

    keys: ApiKeyRepository
    issuer: ApiKeyIssuer
    clock: Clock

    def is_one(self, credential: str) -> bool:
        return self.issuer.is_one(credential)

    def identity(self, credential: str) -> Identity:
        """Raises InvalidToken, and TokenRevoked where there is no such key, or none any more."""
        key_hash = self.issuer.hash_of(credential)
        if key_hash is None:
            raise InvalidToken("the API key is not valid")
        found = self.keys.find(key_hash)
        if found is None:
            raise TokenRevoked("there is no such API key, or none any more")
        key, user = found
        self._note_use(key)
        return Identity(user=user, key=key.id, scopes=frozenset(key.scopes))

    def _note_use(self, key: ApiKey) -> None:
        """At most once an hour, since that is a write; who asks need not know when it fails."""
        if key.last_used_at is not None and self.clock() - key.last_used_at < _NOTED:
            return
        with suppress(Busy):
            self.keys.note_use(key.id)
