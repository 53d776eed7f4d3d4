"""Tells those in this process who want to know what ended, as soon as it has."""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from uuid import UUID

from attrs import define, field


@define(eq=False)
class LocalNews:
    """Of one database. Those who listen come and go in one thread; whatever ends is told from any."""

    _hearers: tuple[Callable[[Collection[UUID]], None], ...] = field(default=(), init=False)

    @contextmanager
    def subscribed(self, hear: Callable[[Collection[UUID]], None]) -> Iterator[None]:
        self._hearers = (*self._hearers, hear)
        try:
            yield
        finally:
            self._hearers = tuple(one for one in self._hearers if one is not hear)

    def tell(self, subjects: Collection[UUID]) -> None:
        for hear in self._hearers:
            hear(subjects)
