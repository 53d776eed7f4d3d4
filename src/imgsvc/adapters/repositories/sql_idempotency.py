"""Keys of requests, and what they were answered, in a SQL database."""

import json
from datetime import timedelta
from uuid import uuid4

from attrs import frozen
from sqlalchemy import ColumnElement, Connection, Engine, and_, delete, select, update

from imgsvc.adapters.repositories.portable_sql import TimeFromNow, insert_into
from imgsvc.adapters.repositories.removing import remove_older
from imgsvc.adapters.repositories.tables import idempotency_keys as keys
from imgsvc.adapters.repositories.transactions import repeated_if_overtaken, writing
from imgsvc.domain.errors import IdempotencyMismatch, RequestInProgress
from imgsvc.domain.user import UserId
from imgsvc.ports.idempotency import Begun, KeptAnswer

_MOST_OF_ONE = 10_000  # keys of one user; the oldest go


@frozen
class SqlIdempotency:
    engine: Engine

    @repeated_if_overtaken
    def begin(
        self, owner: UserId, key: str, fingerprint: str, *, lease: timedelta, life: timedelta
    ) -> Begun | KeptAnswer:
        wanted = _is(owner, key)
        with writing(self.engine) as connection:
            connection.execute(delete(keys).where(wanted, keys.c.created_at <= TimeFromNow(-life)))
            begun = Begun(uuid4())
            new = {"owner": owner, "key": key, "fingerprint": fingerprint, "result_id": begun.id}
            adding = insert_into(connection, keys).values(**new, created_at=TimeFromNow(), begun_at=TimeFromNow())
            if connection.scalar(adding.on_conflict_do_nothing().returning(keys.c.result_id)) is not None:
                _bound(connection, owner)
                return begun
            row = connection.execute(select(keys).where(wanted).with_for_update()).one()
            if row.fingerprint != fingerprint:
                raise IdempotencyMismatch("this Idempotency-Key was used for another request", value=key)
            if row.status is not None:
                return KeptAnswer(row.status, json.loads(row.headers), row.body)
            again = update(keys).where(wanted, keys.c.begun_at <= TimeFromNow(-lease)).values(begun_at=TimeFromNow())
            if not connection.execute(again).rowcount:
                raise RequestInProgress("the same request is being worked on: wait, and send it again")
            return Begun(row.result_id)

    @repeated_if_overtaken
    def keep(self, owner: UserId, key: str, begun: Begun, answer: KeptAnswer) -> None:
        kept = {"status": answer.status, "headers": json.dumps(dict(answer.headers)), "body": answer.body}
        with writing(self.engine) as connection:
            connection.execute(update(keys).where(_is(owner, key), keys.c.result_id == begun.id).values(kept))

    @repeated_if_overtaken
    def forget(self, owner: UserId, key: str, begun: Begun) -> None:
        unanswered = and_(_is(owner, key), keys.c.result_id == begun.id, keys.c.status.is_(None))
        with writing(self.engine) as connection:
            connection.execute(delete(keys).where(unanswered))

    @repeated_if_overtaken
    def prune(self, life: timedelta, limit: int) -> int:
        with writing(self.engine) as connection:
            return remove_older(connection, keys.c.result_id, keys.c.created_at, life, limit)


def _is(owner: UserId, key: str) -> ColumnElement[bool]:
    return and_(keys.c.owner == owner, keys.c.key == key)


def _bound(connection: Connection, owner: UserId) -> None:
    """Whoever has too many loses the oldest."""
    newest = select(keys.c.created_at).where(keys.c.owner == owner).order_by(keys.c.created_at.desc())
    limit = newest.offset(_MOST_OF_ONE).limit(1).scalar_subquery()
    connection.execute(delete(keys).where(keys.c.owner == owner, keys.c.created_at <= limit))
