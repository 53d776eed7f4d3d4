"""Accounts that are being erased, in a SQL database."""

from collections.abc import Collection, Sequence

from attrs import frozen
from sqlalchemy import Engine, delete, insert, select, update

from imgsvc.adapters.repositories.portable_sql import TimeFromNow, insert_into
from imgsvc.adapters.repositories.sql_invalidations import note_invalidation
from imgsvc.adapters.repositories.tables import api_keys, erased_images, foundation, images, sessions, users, webhooks
from imgsvc.adapters.repositories.transactions import reading, repeated_if_overtaken, writing
from imgsvc.domain.image import ImageId
from imgsvc.domain.user import UserId
from imgsvc.ports.erasure import ErasedImage


@frozen
class SqlErasure:
    engine: Engine

    @repeated_if_overtaken
    def mark(self, user_id: UserId, password_hash: str) -> bool:
        given_up = update(users).where(users.c.id == user_id, users.c.password_hash == password_hash)
        # No name has a slash, so nobody is ever kept from one, or found by it.
        nobody = {"username": "", "username_key": f"erased/{user_id}", "email": None, "password_hash": ""}
        with writing(self.engine) as connection:
            # Whoever adds something locks the row, too, and looks whether the account is given up.
            if not connection.execute(given_up.values(erased_at=TimeFromNow(), **nobody)).rowcount:
                return False
            connection.execute(delete(sessions).where(sessions.c.owner == user_id))
            connection.execute(delete(api_keys).where(api_keys.c.owner == user_id))
            # Nobody is told anything from here on; what they were told goes in parts.
            connection.execute(update(webhooks).where(webhooks.c.owner == user_id).values(deleted_at=TimeFromNow()))
            note_invalidation(connection, user_id)
        return True

    def marked(self, limit: int) -> Sequence[UserId]:
        query = select(users.c.id).where(users.c.erased_at.is_not(None)).limit(limit)
        with reading(self.engine) as connection:
            return connection.scalars(query).all()

    @repeated_if_overtaken
    def remove_images(self, user_id: UserId, limit: int) -> int:
        some = select(images.c.id).where(images.c.owner == user_id).limit(limit).with_for_update()
        with writing(self.engine) as connection:
            found = connection.scalars(some).all()
            removal = delete(images).where(images.c.id.in_(found)).returning(images.c.id, images.c.bytes_of)
            removed = connection.execute(removal).all() if found else []
            for row in removed:
                left = {"image_id": row.id, "bytes_id": row.bytes_of or row.id}
                connection.execute(insert(erased_images).values(left))
            note_invalidation(connection, *(row.id for row in removed))
        return len(removed)

    @repeated_if_overtaken
    def remove_account(self, user_id: UserId) -> None:
        removal = delete(users).where(users.c.id == user_id, users.c.erased_at.is_not(None))
        with writing(self.engine) as connection:
            row = connection.execute(removal.returning(users.c.created_at)).one_or_none()
            if row is None:
                return
            # How old the database is, which its oldest account has told so far.
            founding = insert_into(connection, foundation).values(id=1, founded_at=row.created_at)
            earlier = founding.excluded.founded_at < foundation.c.founded_at
            connection.execute(
                founding.on_conflict_do_update(
                    index_elements=[foundation.c.id], set_={"founded_at": founding.excluded.founded_at}, where=earlier
                )
            )

    def images(self, limit: int) -> Sequence[ErasedImage]:
        with reading(self.engine) as connection:
            rows = connection.execute(select(erased_images).limit(limit)).all()
        return [ErasedImage(row.image_id, row.bytes_id) for row in rows]

    @repeated_if_overtaken
    def forget_images(self, image_ids: Collection[ImageId]) -> None:
        with writing(self.engine) as connection:
            connection.execute(delete(erased_images).where(erased_images.c.image_id.in_(image_ids)))
