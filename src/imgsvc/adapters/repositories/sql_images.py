"""Images in a SQL database."""

from collections.abc import Sequence
from datetime import timedelta

from attrs import evolve, frozen
from sqlalchemy import Connection, Engine, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from imgsvc.adapters.repositories.failures import breaks_foreign_key
from imgsvc.adapters.repositories.image_queries import counted, listed
from imgsvc.adapters.repositories.image_rows import image_of_row, image_row, labels_row
from imgsvc.adapters.repositories.pages import read_page
from imgsvc.adapters.repositories.portable_sql import TimeFromNow, insert_into
from imgsvc.adapters.repositories.removing import remove_older
from imgsvc.adapters.repositories.sql_invalidations import note_invalidation
from imgsvc.adapters.repositories.statements import ONE_IMAGE
from imgsvc.adapters.repositories.tables import image_tags, images, tombstones, usage, users, variants
from imgsvc.adapters.repositories.transactions import reading, repeated_if_overtaken, writing
from imgsvc.domain.errors import ImageExists, ImageNotFound, UserNotFound
from imgsvc.domain.image import Image, ImageChanges, ImageId
from imgsvc.domain.image_search import ALL_IMAGES, ImageSearch
from imgsvc.domain.quota import NO_QUOTA, Quota, Usage
from imgsvc.domain.user import UserId
from imgsvc.ports.images import Erased
from imgsvc.ports.pages import Page, PageRequest

# SQLite takes 32,766 parameters in one statement, Postgres twice as many.
_MOST_IDS = 10_000


@frozen
class SqlImages:
    engine: Engine

    @repeated_if_overtaken
    def add(self, image: Image, quota: Quota = NO_QUOTA) -> bool:
        try:
            with writing(self.engine) as connection:
                # Who adds another at once waits here, and is judged by what there is then.
                _count(connection, image.owner, 1, image.byte_count if image.bytes_of is None else 0).must_fit(quota)
                if image.bytes_of is not None and not _having_bytes(connection, [image.bytes_of]):
                    connection.rollback()
                    return False
                connection.execute(insert(images).values(image_row(image)))
                _owner_must_be_there(connection, image.owner)
                _add_tags(connection, image)
            return True
        except IntegrityError as error:
            if breaks_foreign_key(error):
                raise UserNotFound(f"no user {image.owner}") from error
            raise ImageExists(f"there is an image {image.id}") from error

    def get(self, image_id: ImageId) -> Image:
        with reading(self.engine) as connection:
            row = connection.execute(ONE_IMAGE, {"wanted": image_id}).one_or_none()
        if row is None:
            raise ImageNotFound(f"no image {image_id}")
        return image_of_row(row)

    @repeated_if_overtaken
    def change(self, image_id: ImageId, changes: ImageChanges) -> Image:
        wanted = images.c.id == image_id
        with writing(self.engine) as connection:
            row = connection.execute(select(images).where(wanted).with_for_update()).one_or_none()
            if row is None:
                raise ImageNotFound(f"no image {image_id}")
            before = image_of_row(row)
            after = evolve(before, labels=before.labels.changed(changes))
            connection.execute(update(images).where(wanted).values(labels_row(after.labels)))
            if after.labels.tags != before.labels.tags:
                connection.execute(delete(image_tags).where(image_tags.c.image_id == image_id))
                _add_tags(connection, after)
            if after.name != before.name:
                note_invalidation(connection, image_id)  # answers that are remembered have it
        return after

    def list_of(self, owner: UserId, page: PageRequest, search: ImageSearch = ALL_IMAGES) -> Page[Image]:
        query, order = listed(owner, search)
        with reading(self.engine) as connection:
            return read_page(connection, query, order, page, image_of_row)

    def count_matching(self, owner: UserId, search: ImageSearch, most: int) -> int:
        with reading(self.engine) as connection:
            return connection.scalars(counted(owner, search, most)).one()

    def count_of(self, owner: UserId) -> int:
        query = select(usage.c.image_count).where(usage.c.owner == owner)
        with reading(self.engine) as connection:
            return connection.execute(query).scalar_one_or_none() or 0

    def usage_of(self, owner: UserId) -> Usage:
        query = select(usage.c.image_count, usage.c.byte_count).where(usage.c.owner == owner)
        with reading(self.engine) as connection:
            row = connection.execute(query).one_or_none()
        return Usage() if row is None else Usage(images=row.image_count, bytes=row.byte_count)

    def find_equal(self, owner: UserId, sha256: str) -> Image | None:
        query = select(images).where(images.c.owner == owner, images.c.sha256 == sha256)
        with reading(self.engine) as connection:
            row = connection.execute(query.order_by(images.c.created_at, images.c.id).limit(1)).one_or_none()
        return None if row is None else image_of_row(row)

    def having_bytes(self, bytes_ids: Sequence[ImageId]) -> set[ImageId]:
        with reading(self.engine) as connection:
            return _having_bytes(connection, bytes_ids)

    @repeated_if_overtaken
    def delete(self, image_id: ImageId) -> Erased | None:
        made = select(func.count(), func.coalesce(func.sum(variants.c.byte_count), 0))
        # The foreign key takes the variants along.
        deletion = delete(images).where(images.c.id == image_id).returning(*images.c)
        with writing(self.engine) as connection:
            count, byte_count = connection.execute(made.where(variants.c.image_id == image_id)).one()
            row = connection.execute(deletion).one_or_none()
            if row is None:
                return None
            image = image_of_row(row)
            note_invalidation(connection, image_id)
            _count(connection, image.owner, -1, 0)
            is_last = not _having_bytes(connection, [image.bytes_id])
            if is_last:
                _count(connection, image.owner, 0, -image.byte_count)
            burying = insert_into(connection, tombstones).values(
                image_id=image_id, owner=image.owner, erased_at=TimeFromNow()
            )
            connection.execute(burying.on_conflict_do_nothing())
        return Erased(image, count, int(byte_count), frees_bytes=is_last)

    def was_erased(self, owner: UserId, image_id: ImageId) -> bool:
        query = select(tombstones.c.image_id).where(tombstones.c.image_id == image_id, tombstones.c.owner == owner)
        with reading(self.engine) as connection:
            return connection.scalar(query) is not None

    @repeated_if_overtaken
    def forget_erased(self, age: timedelta, limit: int) -> int:
        with writing(self.engine) as connection:
            return remove_older(connection, tombstones.c.image_id, tombstones.c.erased_at, age, limit)

    def existing(self, image_ids: Sequence[ImageId]) -> set[ImageId]:
        found: set[ImageId] = set()
        with reading(self.engine) as connection:
            for start in range(0, len(image_ids), _MOST_IDS):
                some = image_ids[start : start + _MOST_IDS]
                found.update(connection.scalars(select(images.c.id).where(images.c.id.in_(some))))
        return found


def _owner_must_be_there(connection: Connection, owner: UserId) -> None:
    """Raises UserNotFound. The foreign key of what was added holds the row against whoever gives the account up."""
    query = select(users.c.id).where(users.c.id == owner, users.c.erased_at.is_(None))
    if connection.execute(query).one_or_none() is None:
        raise UserNotFound(f"no user {owner}")


def _having_bytes(connection: Connection, bytes_ids: Sequence[ImageId]) -> set[ImageId]:
    found: set[ImageId] = set()
    for start in range(0, len(bytes_ids), _MOST_IDS):
        some = bytes_ids[start : start + _MOST_IDS]
        own = select(images.c.id).where(images.c.id.in_(some), images.c.bytes_of.is_(None))
        shared = select(images.c.bytes_of).where(images.c.bytes_of.is_not(None), images.c.bytes_of.in_(some))
        found.update(connection.scalars(own))
        found.update(one for one in connection.scalars(shared) if one is not None)
    return found


def _count(connection: Connection, owner: UserId, images_more: int, bytes_more: int) -> Usage:
    """What there is then."""
    counting = insert_into(connection, usage).values(owner=owner, image_count=images_more, byte_count=bytes_more)
    totals = {
        "image_count": usage.c.image_count + counting.excluded.image_count,
        "byte_count": usage.c.byte_count + counting.excluded.byte_count,
    }
    counted = counting.on_conflict_do_update(index_elements=[usage.c.owner], set_=totals)
    row = connection.execute(counted.returning(usage.c.image_count, usage.c.byte_count)).one()
    return Usage(images=row.image_count, bytes=row.byte_count)


def _add_tags(connection: Connection, image: Image) -> None:
    about = {"image_id": image.id, "owner": image.owner, "created_at": image.created_at}
    if image.labels.tags:
        connection.execute(insert(image_tags), [{**about, "tag": tag} for tag in image.labels.tags])
