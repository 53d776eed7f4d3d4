"""Which variants are wanted, so that only the others expire."""

from datetime import timedelta
from threading import Lock

from attrs import field, frozen

from imgsvc.domain.errors import Busy
from imgsvc.domain.variant import Variant, VariantStatus
from imgsvc.ports.clock import Clock
from imgsvc.ports.retention import RetentionRepository

REMEMBERED = timedelta(days=1)  # how far back the noted use of a variant may lie, though it was used since


@frozen
class NoteUse:
    """Remember that somebody wants a variant, at most once a day, since that is a write.

    Answers that a process remembers whole, for seconds, are given without asking for any row. A use that is lost, for
    that reason or another, costs a rendering at worst: what has expired is made again for who asks for it.
    """

    retention: RetentionRepository
    clock: Clock
    _writing: Lock = field(factory=Lock, init=False)

    def __call__(self, variant: Variant) -> bool:
        """False where the variant turns out to be gone. Raises nothing: who wants a picture need not know of this."""
        if variant.used_at is not None and self.clock() - variant.used_at < REMEMBERED:
            return True
        return variant.status is not VariantStatus.READY or self._note(variant)

    def _note(self, variant: Variant) -> bool:
        # When the database takes long, one waits for it; the others' turn comes with the next request.
        if not self._writing.acquire(blocking=False):
            return True
        try:
            return self.retention.note_use(variant.id)
        except Busy:
            return True
        finally:
            self._writing.release()
