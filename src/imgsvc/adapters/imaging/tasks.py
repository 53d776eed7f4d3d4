"""What is asked of a child, and of another one if that fails."""

import pickle
from collections.abc import Sequence
from io import UnsupportedOperation
from typing import BinaryIO

from attrs import frozen

from imgsvc.adapters.imaging.messages import Content, Request, Source
from imgsvc.domain.transform import TransformSpec
from imgsvc.ports.imaging import NO_OVERLAYS, Overlays


@frozen
class Task:
    """To measure a picture, or to render it."""

    spec: TransformSpec | None  # None: to measure the source
    source: BinaryIO
    overlays: Overlays = NO_OVERLAYS
    digest: str | None = None

    def message(self, source: Source) -> tuple[bytes, Sequence[Content], int | None]:
        """The head, the contents, and the descriptor of a file; a source that is in no file is among the contents."""
        file = self._file() if source is Source.FILE else None
        if source is not Source.FILE or file is not None:
            return self._head(source), self._contents(source), file
        return self._head(Source.SENT), self._contents(Source.SENT), None

    def _file(self) -> int | None:
        """A descriptor of what the source is read from; of use to those who can tell that it is the right one."""
        if self.digest is None:
            return None
        try:
            return self.source.fileno()
        except UnsupportedOperation:
            return None

    def _contents(self, source: Source) -> Sequence[Content]:
        if self.spec is None:
            return [self.source]
        # Uploads are files of this machine. Other sources may fail while they are read, or take their time: that must
        # not happen in the middle of a message.
        return [_whole(one) for one in ([self.source] if source is Source.SENT else []) + list(self.overlays.values())]

    def _head(self, source: Source) -> bytes:
        return pickle.dumps(Request(spec=self.spec, overlays=tuple(self.overlays), source=source, digest=self.digest))


def _whole(stream: BinaryIO) -> bytes:
    stream.seek(0)
    return stream.read()
