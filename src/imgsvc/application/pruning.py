"""What is noted for a while, and then for nothing."""

from datetime import timedelta

from attrs import frozen

from imgsvc.application.idempotency import KEY_LIFE
from imgsvc.application.retention import MustStop, never, until_nothing_is_left
from imgsvc.ports.idempotency import IdempotencyRepository
from imgsvc.ports.images import ImageRepository
from imgsvc.ports.invalidations import Invalidations

_NEWS_LIFE = timedelta(hours=1)  # after which everybody has heard of what ended


@frozen
class PruneInvalidations:
    """Forget what ended so long ago that nobody has an answer any more that was made of it."""

    invalidations: Invalidations

    def __call__(self, *, must_stop: MustStop = never) -> int:
        """How many there were. Raises Busy, Unavailable."""
        return until_nothing_is_left(lambda limit: self.invalidations.prune(_NEWS_LIFE, limit), must_stop)


@frozen
class PruneIdempotencyKeys:
    """Forget requests that nobody sends again any more."""

    keys: IdempotencyRepository

    def __call__(self, *, must_stop: MustStop = never) -> int:
        """How many there were. Raises Busy, Unavailable."""
        return until_nothing_is_left(lambda limit: self.keys.prune(KEY_LIFE, limit), must_stop)


@frozen
class PruneTombstones:
    """Forget images that their owners are told of no more that they had them."""

    images: ImageRepository
    life: timedelta  # since they were deleted

    def __call__(self, *, must_stop: MustStop = never) -> int:
        """How many there were. Raises Busy, Unavailable."""
        return until_nothing_is_left(lambda limit: self.images.forget_erased(self.life, limit), must_stop)
