"""Pictures that were just rendered, kept for who asks for another rendering of the same.

A page asks for one picture in several sizes, and a job may be one of five. Decoding takes half of such a rendering, and
it comes to the same pixels each time.
"""

from collections import OrderedDict
from collections.abc import Hashable, Sequence
from typing import Any, Protocol, runtime_checkable

from attrs import define, field


@define
class _File:
    content: bytes
    pixels: dict[Hashable, tuple[Any, int]] = field(factory=dict)  # with how many bytes they take

    @property
    def byte_count(self) -> int:
        return len(self.content) + sum(count for _, count in self.pixels.values())


class KeptPictures:
    """Files by their digests, and pixels by what they were decoded as: those used last, of up to ``most`` bytes in all.

    Without ``most`` nothing is kept. Who has had nothing to do for ``idle`` seconds should ``clear`` it. For one thread
    at a time. A file is known again by being the very object that is kept, which costs nothing to see.
    """

    def __init__(self, most: int = 0, idle: float = 10.0) -> None:
        self.idle = idle
        self._most = most
        self._files: OrderedDict[str, _File] = OrderedDict()

    @property
    def digests(self) -> Sequence[str]:
        return tuple(self._files)

    def content(self, digest: str) -> bytes | None:
        file = self._files.get(digest)
        if file is None:
            return None
        self._files.move_to_end(digest)
        return file.content

    def keep(self, digest: str, content: bytes) -> None:
        """Nothing where there is no room for the file alone: no other goes for it."""
        if len(content) > self._most:
            return
        self._files[digest] = _File(content)
        self._files.move_to_end(digest)
        self._forget_the_oldest()

    def pixels(self, content: bytes, form: Hashable) -> Any:
        """What was decoded from a file that is kept; else None."""
        file = self._file(content)
        return None if file is None else file.pixels.get(form, (None, 0))[0]

    def has_room(self, content: bytes, byte_count: int) -> bool:
        """Whether pixels of a file that is kept would be, though others go for them."""
        return self._file(content) is not None and len(content) + byte_count <= self._most

    def keep_pixels(self, content: bytes, form: Hashable, pixels: object, byte_count: int) -> None:
        """Nothing where the file is not kept."""
        file = self._file(content)
        if file is not None:
            file.pixels[form] = (pixels, byte_count)
            self._forget_the_oldest()

    def clear(self) -> None:
        self._files.clear()

    def _file(self, content: bytes) -> _File | None:
        return next((file for file in self._files.values() if file.content is content), None)

    def _forget_the_oldest(self) -> None:
        while self._files and sum(file.byte_count for file in self._files.values()) > self._most:
            self._files.popitem(last=False)


@runtime_checkable
class KeepsPictures(Protocol):
    """An engine that does, where it is told to."""

    @property
    def kept(self) -> KeptPictures: ...
