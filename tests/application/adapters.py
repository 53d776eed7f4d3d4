"""Real adapters that fail, wait or count where a test says so."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from threading import Event, Lock
from typing import BinaryIO

from attrs import define, field, frozen

from imgsvc.adapters.blobs.in_memory import InMemoryBlobs
from imgsvc.adapters.credentials.bcrypt_passwords import BcryptPasswords
from imgsvc.adapters.repositories.sql_images import SqlImages
from imgsvc.adapters.repositories.sql_variants import SqlVariants
from imgsvc.application.storage_mark import MARK
from imgsvc.domain.errors import ImageNotFound, Unavailable
from imgsvc.domain.image import Facts, Image, ImageChanges, ImageId
from imgsvc.domain.quota import NO_QUOTA, Quota
from imgsvc.domain.transform import TransformSpec
from imgsvc.domain.variant import Rendition, Variant
from imgsvc.ports.blobs import BlobStore
from imgsvc.ports.images import Erased
from imgsvc.ports.imaging import NO_OVERLAYS, ImageEngine, Overlays, Rendered
from imgsvc.ports.variants import Claim


def picture_keys(blobs: BlobStore) -> list[str]:
    """All but the mark's, sorted."""
    return sorted(blob.key for blob in blobs.list() if blob.key != MARK)


@define(eq=False)
class WatchedEngine:
    """Another engine, which first does what ``before`` says at every rendering; ``renderings`` counts them."""

    engine: ImageEngine
    before: Callable[[], object] = field(default=lambda: None)
    renderings: int = 0
    deadlines: list[timedelta | None] = field(factory=list)
    digests: list[str | None] = field(factory=list)
    _lock: Lock = field(factory=Lock, init=False)

    @property
    def fingerprint(self) -> str:
        return self.engine.fingerprint

    def measure(self, source: BinaryIO) -> Facts:
        return self.engine.measure(source)

    def check(self, spec: TransformSpec) -> None:
        self.engine.check(spec)

    def render(
        self,
        source: BinaryIO,
        spec: TransformSpec,
        overlays: Overlays = NO_OVERLAYS,
        *,
        deadline: timedelta | None = None,
        digest: str | None = None,
    ) -> Rendered:
        with self._lock:
            self.renderings += 1
            self.deadlines.append(deadline)
            self.digests.append(digest)
        self.before()
        return self.engine.render(source, spec, overlays, deadline=deadline, digest=digest)


@frozen
class Gate:
    """Where a rendering waits until it is let through."""

    reached: Event = field(factory=Event)
    opened: Event = field(factory=Event)

    def __call__(self) -> None:
        self.reached.set()
        assert self.opened.wait(30), "nobody opened the gate"


@define(eq=False)
class Failing:
    """Raises each of the errors once, one a call, and is fine after that."""

    errors: list[BaseException]

    def __call__(self) -> None:
        if self.errors:
            raise self.errors.pop(0)


@frozen
class FailingBlobs(InMemoryBlobs):
    """Does what ``before_put`` and ``before_delete`` say first."""

    before_put: Callable[[], object] = field(default=lambda: None)
    before_delete: Callable[[], object] = field(default=lambda: None)

    def put(self, key: str, content: BinaryIO | bytes, media_type: str, *, durable: bool = True) -> None:
        self.before_put()
        super().put(key, content, media_type, durable=durable)

    def delete(self, key: str) -> None:
        self.before_delete()
        super().delete(key)


@frozen
class BlobsThatOpenLate(InMemoryBlobs):
    """Does what ``before`` says, with the key, before anything is opened."""

    before: Callable[[str], object]

    def open(self, key: str) -> BinaryIO:
        self.before(key)
        return super().open(key)


class UnreachableJobs:
    """Takes no signals."""

    def publish(self, variant_id: object) -> None:
        raise Unavailable("the job queue does not answer")


class ImagesThatTakeNone(SqlImages):
    """Fails before a row is kept."""

    def add(self, image: Image, quota: Quota = NO_QUOTA) -> bool:
        raise Unavailable("the database does not answer")


class ImagesThatLoseTheAnswer(SqlImages):
    """Fails after the row was kept."""

    def add(self, image: Image, quota: Quota = NO_QUOTA) -> bool:
        super().add(image, quota)
        raise Unavailable("the database does not answer")


class ImagesThatFindNothing(SqlImages):
    """As for who looked before another one added the same."""

    def get(self, image_id: object) -> Image:
        raise ImageNotFound("not there yet")


@frozen
class ImagesThatChangeLate(SqlImages):
    """Does what ``before`` says before anything is changed."""

    before: Callable[[], object]

    def change(self, image_id: ImageId, changes: ImageChanges) -> Image:
        self.before()
        return super().change(image_id, changes)


class ImagesThatGoDown(ImagesThatTakeNone):
    """Fails for good, once an image was to be kept."""

    def delete(self, image_id: object) -> Erased | None:
        raise Unavailable("the database still does not answer")


@frozen
class WatchedVariants(SqlVariants):
    """Keeps how many leases were renewed each time; the first time fails."""

    renewals: list[int] = field(factory=list)

    def renew(self, claims: Sequence[Claim], lease: timedelta) -> int:
        if not self.renewals:
            self.renewals.append(0)
            raise Unavailable("the database does not answer")
        self.renewals.append(super().renew(claims, lease))
        return self.renewals[-1]


@frozen
class VariantsThatFinishLate(SqlVariants):
    """Does what ``before`` says before anything is finished."""

    before: Callable[[], object]

    def finish(self, claim: Claim, rendition: Rendition, now: datetime) -> bool:
        self.before()
        return super().finish(claim, rendition, now)


@frozen
class VariantsThatAddLate(SqlVariants):
    """Does what ``before`` says before anything is added."""

    before: Callable[[], object]

    def add_if_absent(self, variant: Variant) -> tuple[Variant, bool]:
        self.before()
        return super().add_if_absent(variant)


@frozen
class WatchedPasswords(BcryptPasswords):
    """Knows which hashes it was asked to compare."""

    compared: list[str | None] = field(factory=list, kw_only=True)

    def matches(self, password: str, password_hash: str | None) -> bool:
        self.compared.append(password_hash)
        return super().matches(password, password_hash)


class NoPasswords(BcryptPasswords):
    """For what must be refused before the time of a hash is spent."""

    def hash(self, password: str) -> str:
        raise AssertionError("a password was hashed")
