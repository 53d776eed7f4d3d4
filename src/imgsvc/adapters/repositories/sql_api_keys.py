"""API keys in a SQL database."""

from collections.abc import Collection, Sequence
from typing import Any

from attrs import frozen
from sqlalchemy import Engine, and_, delete, func, insert, select, update

from imgsvc.adapters.repositories.portable_sql import TimeFromNow, rows_of
from imgsvc.adapters.repositories.sql_invalidations import note_invalidation
from imgsvc.adapters.repositories.sql_users import user_of_row
from imgsvc.adapters.repositories.statements import KEY_BY_HASH
from imgsvc.adapters.repositories.tables import api_keys, users
from imgsvc.adapters.repositories.transactions import reading, repeated_if_overtaken, writing
from imgsvc.domain.api_key import ApiKey, ApiKeyId, Scope
from imgsvc.domain.errors import TooManyApiKeys, UserNotFound
from imgsvc.domain.user import User, UserId


@frozen
class SqlApiKeys:
    engine: Engine

    @repeated_if_overtaken
    def add(self, key: ApiKey, most: int) -> ApiKey:
        owner = select(users.c.id).where(users.c.id == key.owner, users.c.erased_at.is_(None))
        with writing(self.engine) as connection:
            # Locked, so that who adds several at once has them counted one after the other.
            if connection.execute(owner.with_for_update(key_share=True)).one_or_none() is None:
                raise UserNotFound(f"no user {key.owner}")
            is_it = and_(api_keys.c.id == key.id, api_keys.c.owner == key.owner)
            earlier = connection.execute(select(api_keys).where(is_it)).one_or_none()
            if earlier is not None:
                return _key(dict(earlier._mapping))
            count = select(func.count()).select_from(api_keys).where(api_keys.c.owner == key.owner)
            if connection.execute(count).scalar_one() >= most:
                raise TooManyApiKeys(f"there are {most} API keys already: delete one that is not needed")
            connection.execute(insert(api_keys).values(_row(key)))
        return key

    def find(self, key_hash: str) -> tuple[ApiKey, User] | None:
        with reading(self.engine) as connection:
            row = connection.execute(KEY_BY_HASH, {"wanted": key_hash}).one_or_none()
        if row is None:
            return None
        columns = {name.removeprefix("key_"): value for name, value in row._mapping.items() if name.startswith("key_")}
        return _key(columns), user_of_row(row)

    def existing(self, key_ids: Collection[ApiKeyId]) -> set[ApiKeyId]:
        with reading(self.engine) as connection:
            return {row.id for row in rows_of(connection, select(api_keys.c.id), api_keys.c.id, key_ids)}

    def list_of(self, owner: UserId) -> Sequence[ApiKey]:
        query = select(api_keys).where(api_keys.c.owner == owner)
        with reading(self.engine) as connection:
            rows = connection.execute(query.order_by(api_keys.c.created_at.desc(), api_keys.c.id.desc())).all()
        return [_key(dict(row._mapping)) for row in rows]

    @repeated_if_overtaken
    def delete(self, owner: UserId, key_id: ApiKeyId) -> bool:
        removal = delete(api_keys).where(api_keys.c.id == key_id, api_keys.c.owner == owner)
        with writing(self.engine) as connection:
            if not connection.execute(removal).rowcount:
                return False
            note_invalidation(connection, owner)
        return True

    @repeated_if_overtaken
    def note_use(self, key_id: ApiKeyId) -> None:
        with writing(self.engine) as connection:
            connection.execute(update(api_keys).where(api_keys.c.id == key_id).values(last_used_at=TimeFromNow()))


def _row(key: ApiKey) -> dict[str, Any]:
    return {
        "id": key.id,
        "owner": key.owner,
        "name": key.name,
        "scopes": ",".join(key.scopes),
        "key_hash": key.key_hash,
        "hint": key.hint,
        "created_at": key.created_at,
        "last_used_at": key.last_used_at,
    }


def _key(row: dict[str, Any]) -> ApiKey:
    return ApiKey(**{**row, "scopes": tuple(Scope(one) for one in row["scopes"].split(","))})
