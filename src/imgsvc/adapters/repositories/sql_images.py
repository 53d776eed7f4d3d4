"""Images in a SQL database."""

from collections.abc import Sequence
from typing import Any

from attrs import asdict, fields, frozen
from sqlalchemy import Connection, Engine, Row, delete, insert, select
from sqlalchemy.exc import IntegrityError

from imgsvc.adapters.repositories.failures import breaks_foreign_key
from imgsvc.adapters.repositories.pages import read_page
from imgsvc.adapters.repositories.portable_sql import insert_into
from imgsvc.adapters.repositories.tables import images, usage
from imgsvc.adapters.repositories.transactions import reading, repeated_if_overtaken, writing
from imgsvc.domain.errors import ImageNotFound, UserNotFound
from imgsvc.domain.image import Facts, Image, ImageId
from imgsvc.domain.user import UserId
from imgsvc.ports.repositories import Page, PageRequest

# SQLite takes 32,766 parameters in one statement, Postgres twice as many.
_MOST_IDS = 10_000


@frozen
class SqlImages:
    engine: Engine

    @repeated_if_overtaken
    def add(self, image: Image) -> None:
        try:
            with writing(self.engine) as connection:
                connection.execute(insert(images).values(_row(image)))
                _count(connection, image.owner, 1)
        except IntegrityError as error:
            if breaks_foreign_key(error):
                raise UserNotFound(f"no user {image.owner}") from error
            raise

    def get(self, image_id: ImageId) -> Image:
        with reading(self.engine) as connection:
            row = connection.execute(select(images).where(images.c.id == image_id)).one_or_none()
        if row is None:
            raise ImageNotFound(f"no image {image_id}")
        return _image(row)

    def list_of(self, owner: UserId, page: PageRequest) -> Page[Image]:
        query = select(images).where(images.c.owner == owner)
        with reading(self.engine) as connection:
            return read_page(connection, query, (images.c.created_at, images.c.id), page, _image)

    def count_of(self, owner: UserId) -> int:
        query = select(usage.c.image_count).where(usage.c.owner == owner)
        with reading(self.engine) as connection:
            return connection.execute(query).scalar_one_or_none() or 0

    @repeated_if_overtaken
    def delete(self, image_id: ImageId) -> bool:
        # The foreign key takes the variants along.
        deletion = delete(images).where(images.c.id == image_id).returning(images.c.owner)
        with writing(self.engine) as connection:
            owner = connection.execute(deletion).scalar_one_or_none()
            if owner is None:
                return False
            _count(connection, owner, -1)
        return True

    def existing(self, image_ids: Sequence[ImageId]) -> set[ImageId]:
        found: set[ImageId] = set()
        with reading(self.engine) as connection:
            for start in range(0, len(image_ids), _MOST_IDS):
                some = image_ids[start : start + _MOST_IDS]
                found.update(connection.scalars(select(images.c.id).where(images.c.id.in_(some))))
        return found


def _count(connection: Connection, owner: UserId, change: int) -> None:
    counting = insert_into(connection, usage).values(owner=owner, image_count=change)
    total = usage.c.image_count + counting.excluded.image_count
    connection.execute(counting.on_conflict_do_update(index_elements=[usage.c.owner], set_={"image_count": total}))


def _row(image: Image) -> dict[str, Any]:
    return {
        "id": image.id,
        "owner": image.owner,
        "name": image.name,
        "byte_count": image.byte_count,
        "sha256": image.sha256,
        "created_at": image.created_at,
        **asdict(image.facts),
    }


def _image(row: Row[Any]) -> Image:
    return Image(
        id=row.id,
        owner=row.owner,
        name=row.name,
        byte_count=row.byte_count,
        sha256=row.sha256,
        created_at=row.created_at,
        facts=Facts(**{fact.name: row._mapping[fact.name] for fact in fields(Facts)}),
    )
