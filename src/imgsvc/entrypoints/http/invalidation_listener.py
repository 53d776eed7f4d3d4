"""Hears what other processes end, so that nothing is answered from what is kept that was made of it."""

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from threading import Event, Thread
from uuid import UUID

from attrs import define, field

from imgsvc.domain.errors import Busy
from imgsvc.entrypoints.http.invalidated_cache import InvalidatedCache
from imgsvc.ports.invalidations import Invalidations

logger = logging.getLogger(__name__)

_LISTEN_EVERY = 0.1  # seconds
_WAKE_EVERY = 1.0  # seconds
_OVERLAP = timedelta(minutes=1)  # longer than any transaction takes from noting something to its end


@define(eq=False)
class InvalidationListener:
    """Hears what other processes end, for as long as anything is kept that could be of that."""

    cache: InvalidatedCache
    invalidations: Invalidations
    _stopping: Event = field(factory=Event, init=False)
    _known: Mapping[UUID, datetime] = field(factory=dict, init=False)
    _thread: Thread | None = field(default=None, init=False)

    def start(self) -> None:
        self._thread = Thread(target=self._listen, name="listener", daemon=True)
        self._thread.start()

    def finish(self) -> None:
        self._stopping.set()
        self.cache.has_some.set()
        if self._thread is not None:
            self._thread.join()

    def _listen(self) -> None:
        self.hear()
        while not self._stopping.wait(_LISTEN_EVERY):
            # Not for ever: what wakes us at the end may be cleared again by an entry that is forgotten just then.
            if self.cache.has_some.wait(_WAKE_EVERY):
                self.hear()

    def hear(self) -> None:
        """Ask once."""
        begun = self.cache.now()
        try:
            found = self.invalidations.within(_OVERLAP)
        except Busy:
            return  # whoever asks for a picture meanwhile is told
        except Exception:
            logger.exception("what others have ended could not be heard")
            return
        # The same subject at another time has ended again, or something else of it has.
        news = {subject for subject, noted_at in found.items() if self._known.get(subject) != noted_at}
        if news:
            self.cache.forget(news)
        self._known = found
        self.cache.note_heard(begun)
