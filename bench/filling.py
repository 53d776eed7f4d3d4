"""A database of one user with any number of images and jobs, filled by the database itself."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import psycopg
from attrs import field, frozen

from imgsvc import parse_spec
from imgsvc.adapters.repositories import migrate
from imgsvc.domain.image import ImageId
from imgsvc.domain.user import UserId
from imgsvc.ports.pages import Position
from tests.real_servers.postgres import plain_url

_SPEC = parse_spec("w:100")
_EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
# Of the jobs: one of two failed, and one of two is of one image; of the others each image has one. So there are whole
# pages of a thousand by any filter, also deep ones: less would cost less.
_SHARE = 2
# Jobs are queued and end by so many, as in life. Rows that were written finished leave room in many pages for just one
# that waits, which is smaller: a hundred of those would lie in a hundred pages, and not together as they do in life.
_AT_ONCE = 100_000

_USER = "INSERT INTO users (id, username, username_key, password_hash, created_at) VALUES (%s, 'u', 'u', '', now())"
_IMAGES = """
INSERT INTO images (id, owner, name, media_type, stored_width, stored_height, orientation, frames, has_alpha,
    byte_count, sha256, created_at)
SELECT CASE n WHEN 0 THEN %(image)s ELSE gen_random_uuid() END, %(owner)s, 'photo.jpg', 'image/jpeg', 2725, 2225, 1, 1,
    false, 829000, repeat('0', 64), %(epoch)s + n * interval '1 second'
FROM generate_series(0, %(rows)s - 1) AS n
"""
_JOBS = """
INSERT INTO variants (id, owner, image_id, spec, spec_id, fingerprint, status, attempts, created_at, queued_at,
    signalled_at)
SELECT gen_random_uuid(), owner, CASE WHEN n %% %(share)s = 0 THEN %(image)s ELSE id END, %(spec)s, md5(n::text),
    'engine', 'pending', 0, created_at, created_at, created_at
FROM (
    SELECT id, owner, created_at, extract(epoch FROM created_at - %(epoch)s)::int AS n
    FROM images WHERE owner = %(owner)s AND created_at >= %(since)s AND created_at < %(until)s ORDER BY created_at
) AS numbered
"""
_ENDED = """
UPDATE variants SET attempts = 1, finished_at = created_at, width = 100, height = 82, byte_count = 2000, frames = 1,
    status = CASE WHEN is_failed THEN 'failed' ELSE 'ready' END,
    media_type = CASE WHEN NOT is_failed THEN 'image/jpeg' END,
    failure_code = CASE WHEN is_failed THEN 'rendering_failed' END, failure_detail = CASE WHEN is_failed THEN '' END
FROM (SELECT id, random() * %(share)s < 1 AS is_failed FROM variants WHERE finished_at IS NULL) AS made
WHERE made.id = variants.id
"""
_WAITING = """
INSERT INTO variants (id, owner, image_id, spec, spec_id, fingerprint, status, attempts, created_at, queued_at,
    signalled_at)
SELECT gen_random_uuid(), %(owner)s, %(image)s, %(spec)s, 'waiting ' || n, 'engine', 'pending', 0, now(), now(), now()
FROM generate_series(1, %(rows)s) AS n
RETURNING id
"""


@frozen
class Filled:
    """A migrated database, and whose rows there are in it."""

    url: str
    rows: int  # of images, and of jobs
    owner: UserId = field(factory=lambda: UserId(uuid4()))
    image: ImageId = field(factory=lambda: ImageId(uuid4()))  # the one with many jobs

    def fill(self) -> None:
        """One to four minutes for a million rows; the statistics are up to date after it."""
        migrate(self.url)
        self._execute(_USER, self.owner)
        self._execute(_IMAGES, {**self._named(), "epoch": _EPOCH, "rows": self.rows})
        for start in range(0, self.rows, _AT_ONCE):
            since, until = (_EPOCH + timedelta(seconds=number) for number in (start, start + _AT_ONCE))
            named = {**self._named(), "share": _SHARE, "epoch": _EPOCH, "since": since, "until": until}
            self._execute(_JOBS, named)
            self._execute(_ENDED, named)
            self._execute("VACUUM variants")
        self._execute("VACUUM ANALYZE")
        self._execute("CHECKPOINT")  # or the disk is at work on all of this while others are measured

    def add_waiting(self, count: int) -> list[UUID]:
        """Jobs that nobody has begun."""
        return [row[0] for row in self._execute(_WAITING, {**self._named(), "rows": count})]

    def position(self, part: float) -> Position:
        """In every list: behind so much of the whole, from the newest on."""
        return Position(_EPOCH + timedelta(seconds=round((1 - part) * self.rows)), UUID(int=0))

    def _named(self) -> dict[str, object]:
        return {"owner": self.owner, "image": self.image, "spec": _SPEC.canonical_json}

    def _execute(self, statement: str, *arguments: object) -> list[tuple[UUID]]:
        named = arguments[0] if arguments and isinstance(arguments[0], dict) else arguments
        with psycopg.connect(plain_url(self.url), autocommit=True) as connection:
            cursor = connection.execute(statement.encode(), named or None)
            return cursor.fetchall() if cursor.description else []
