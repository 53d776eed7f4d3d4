"""Users in a SQL database."""

from datetime import datetime
from typing import Any

from attrs import frozen
from sqlalchemy import Engine, Row, func, insert, select
from sqlalchemy.exc import IntegrityError

from imgsvc.adapters.repositories.statements import ONE_USER
from imgsvc.adapters.repositories.tables import foundation, users
from imgsvc.adapters.repositories.transactions import reading, repeated_if_overtaken, writing
from imgsvc.domain.errors import UsernameTaken, UserNotFound
from imgsvc.domain.user import User, UserId, username_key


@frozen
class SqlUsers:
    engine: Engine

    @repeated_if_overtaken
    def add(self, user: User) -> None:
        try:
            with writing(self.engine) as connection:
                connection.execute(insert(users).values(_row(user)))
        except IntegrityError as error:
            raise UsernameTaken("the username is taken") from error

    def get(self, user_id: UserId) -> User:
        with reading(self.engine) as connection:
            row = connection.execute(ONE_USER, {"wanted": user_id}).one_or_none()
        if row is None:
            raise UserNotFound(f"no user {user_id}")
        return user_of_row(row)

    def first_created_at(self) -> datetime | None:
        with reading(self.engine) as connection:
            there: datetime | None = connection.execute(select(func.min(users.c.created_at))).scalar_one()
            erased: datetime | None = connection.execute(select(foundation.c.founded_at)).scalar_one_or_none()
        return min((one for one in (there, erased) if one is not None), default=None)

    def find_by_username(self, username: str) -> User | None:
        query = select(users).where(users.c.username_key == username_key(username), users.c.erased_at.is_(None))
        with reading(self.engine) as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else user_of_row(row)


def _row(user: User) -> dict[str, Any]:
    return {
        "id": user.id,
        "username": user.username,
        "username_key": user.username_key,
        "email": user.email,
        "password_hash": user.password_hash,
        "created_at": user.created_at,
    }


def user_of_row(row: Row[Any]) -> User:
    return User(
        id=row.id,
        username=row.username,
        email=row.email,
        password_hash=row.password_hash,
        created_at=row.created_at,
    )
