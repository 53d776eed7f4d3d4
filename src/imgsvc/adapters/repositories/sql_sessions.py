"""Sessions in a SQL database; how long they last is on the database's clock."""

from collections.abc import Collection
from datetime import timedelta
from typing import Any

from attrs import frozen
from sqlalchemy import Connection, Engine, Row, and_, delete, insert, select, update

from imgsvc.adapters.repositories.portable_sql import TimeFromNow, rows_of
from imgsvc.adapters.repositories.removing import remove_older
from imgsvc.adapters.repositories.sql_invalidations import note_invalidation
from imgsvc.adapters.repositories.sql_users import user_of_row
from imgsvc.adapters.repositories.statements import USER_OF_SESSION
from imgsvc.adapters.repositories.tables import sessions, users
from imgsvc.adapters.repositories.transactions import reading, repeated_if_overtaken, writing
from imgsvc.domain.errors import TokenExpired, TokenReused, TokenRevoked
from imgsvc.domain.session import Session, SessionId
from imgsvc.domain.user import User, UserId
from imgsvc.ports.sessions import KeptSession


@frozen
class SqlSessions:
    engine: Engine

    @repeated_if_overtaken
    def add(self, session: Session, password_hash: str, lifetime: timedelta) -> bool:
        is_known = and_(users.c.password_hash == password_hash, users.c.erased_at.is_(None))
        checked = select(users.c.id).where(users.c.id == session.owner, is_known)
        with writing(self.engine) as connection:
            # Locked against a change of the password, which then sees this session, and ends it.
            if connection.execute(checked.with_for_update(read=True)).one_or_none() is None:
                return False
            _begin(connection, session, lifetime)
        return True

    def user_of(self, session_id: SessionId) -> User:
        with reading(self.engine) as connection:
            row = connection.execute(USER_OF_SESSION, {"wanted": session_id}).one_or_none()
        if row is None:
            raise TokenRevoked("the session of this token has ended")
        return user_of_row(row)

    def lasting(self, session_ids: Collection[SessionId]) -> set[SessionId]:
        query = select(sessions.c.id).where(sessions.c.expires_at > TimeFromNow())
        with reading(self.engine) as connection:
            return {row.id for row in rows_of(connection, query, sessions.c.id, session_ids)}

    @repeated_if_overtaken
    def rotate(self, family_hash: str, token_hash: str, successor_hash: str, grace: timedelta) -> KeptSession:
        lasts, is_recent = sessions.c.expires_at > TimeFromNow(), sessions.c.rotated_at > TimeFromNow(-grace)
        in_family = sessions.c.family_hash == family_hash
        latest = update(sessions).where(in_family, sessions.c.token_hash == token_hash, lasts)
        exchange = latest.values(token_hash=successor_hash, rotated_at=TimeFromNow()).returning(*sessions.c)
        with writing(self.engine) as connection:
            row = connection.execute(exchange).one_or_none()
            if row is not None:
                return _session(row)
            found = connection.execute(
                select(sessions, lasts.label("lasts"), is_recent.label("is_recent")).where(in_family)
            ).one_or_none()
            was_exchanged_twice = found is not None and found.token_hash == successor_hash and found.is_recent
            is_reused = found is not None and found.lasts and not was_exchanged_twice
            if found is not None and is_reused:
                connection.execute(delete(sessions).where(in_family))
                note_invalidation(connection, found.owner)
        # Outside of the transaction, which an exception would undo.
        if found is None:
            raise TokenRevoked("the session of this token has ended")
        if is_reused:
            raise TokenReused("this refresh token has been exchanged before, so its session has ended: log in again")
        if not found.lasts:
            raise TokenExpired("the session has lasted as long as it may: log in again")
        return _session(found)

    @repeated_if_overtaken
    def end(self, session_id: SessionId) -> None:
        with writing(self.engine) as connection:
            ended = delete(sessions).where(sessions.c.id == session_id).returning(sessions.c.owner)
            note_invalidation(connection, *connection.scalars(ended))

    @repeated_if_overtaken
    def change_password(
        self, user_id: UserId, old_hash: str, new_hash: str, session: Session, lifetime: timedelta
    ) -> bool:
        change = update(users).where(users.c.id == user_id, users.c.password_hash == old_hash)
        with writing(self.engine) as connection:
            if not connection.execute(change.values(password_hash=new_hash)).rowcount:
                return False
            connection.execute(delete(sessions).where(sessions.c.owner == user_id))
            _begin(connection, session, lifetime)
            note_invalidation(connection, user_id)
        return True

    @repeated_if_overtaken
    def remove_expired(self, limit: int) -> int:
        with writing(self.engine) as connection:
            return remove_older(connection, sessions.c.id, sessions.c.expires_at, timedelta(0), limit)


def _begin(connection: Connection, session: Session, lifetime: timedelta) -> None:
    moments = {"created_at": TimeFromNow(), "rotated_at": TimeFromNow(), "expires_at": TimeFromNow(lifetime)}
    connection.execute(insert(sessions).values(_row(session) | moments))


def _row(session: Session) -> dict[str, Any]:
    return {
        "id": session.id,
        "owner": session.owner,
        "family_hash": session.family_hash,
        "token_hash": session.token_hash,
    }


def _session(row: Row[Any]) -> KeptSession:
    return KeptSession(id=row.id, owner=row.owner, expires_at=row.expires_at)
