"""Keys that programs send in place of an access token."""

from datetime import datetime
from uuid import UUID

from attrs import field, frozen

from imgsvc.application.use_cases import UseCases
from imgsvc.domain.api_key import ApiKey, ApiKeyId, Scope, key_name, some_scopes
from imgsvc.domain.errors import ApiKeyNotFound, TooManyApiKeys
from imgsvc.domain.session import Identity
from imgsvc.entrypoints.http.endpoint import Answer, endpoint
from imgsvc.entrypoints.http.idempotency import shown_once


@frozen(kw_only=True)
class ApiKeyRequest:
    name: str = field(validator=key_name)
    scopes: tuple[Scope, ...] = field(default=(Scope.READ,), validator=some_scopes)


@frozen(kw_only=True)
class ApiKeyView:
    id: UUID
    name: str
    scopes: tuple[Scope, ...]
    hint: str  # how the key begins
    created_at: datetime
    last_used_at: datetime | None  # to about an hour

    @classmethod
    def of(cls, key: ApiKey) -> "ApiKeyView":
        return cls(
            id=key.id,
            name=key.name,
            scopes=key.scopes,
            hint=key.hint,
            created_at=key.created_at,
            last_used_at=key.last_used_at,
        )


@frozen(kw_only=True)
class NewApiKeyView:
    key: str | None = shown_once()  # none where the same request was answered before: delete this one, and make another
    api_key: ApiKeyView


@frozen(kw_only=True)
class ApiKeyListView:
    items: tuple[ApiKeyView, ...]


@endpoint("POST", "/v1/api-keys", tag="accounts", status=201, raises=(TooManyApiKeys,))
def create_api_key(use_cases: UseCases, login: Identity, body: ApiKeyRequest, new_id: UUID) -> Answer[NewApiKeyView]:
    """Make a key for a program; it is shown this once."""
    kept, key = use_cases.create_api_key(login.user.id, body.name, body.scopes, ApiKeyId(new_id))
    view = NewApiKeyView(key=key, api_key=ApiKeyView.of(kept))
    return Answer(view, 201, {"Location": f"/v1/api-keys/{kept.id}"})


@endpoint("GET", "/v1/api-keys", tag="accounts")
def list_api_keys(use_cases: UseCases, login: Identity) -> ApiKeyListView:
    """Your keys, the newest first; not what they are, but how they begin."""
    return ApiKeyListView(items=tuple(ApiKeyView.of(key) for key in use_cases.list_api_keys(login.user.id)))


@endpoint("DELETE", "/v1/api-keys/{key_id}", tag="accounts", status=204, raises=(ApiKeyNotFound,))
def delete_api_key(use_cases: UseCases, login: Identity, key_id: UUID) -> None:
    """Have a key be good for nothing, at once."""
    use_cases.delete_api_key(login.user.id, ApiKeyId(key_id))


ENDPOINTS = (create_api_key, list_api_keys, delete_api_key)
