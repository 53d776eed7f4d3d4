"""HEIC pictures, which are read where the extra ``heif`` is installed."""

from typing import Any

from PIL.ImageFile import ImageFile

from imgsvc.domain.errors import CorruptImage


def heic_reader() -> type[ImageFile] | None:
    """A file of Pillow's that comes upright, whatever its EXIF says; None where support is not installed."""
    try:
        # Its class and not its registration, which would be the whole process's.
        from pillow_heif import HeifImageFile
    except ImportError:
        return None

    class HeicImageFile(HeifImageFile):
        def load(self) -> Any:
            # The limits have believed its header, and now its pixels decide.
            said, loaded = self.size, super().load()  # type: ignore[no-untyped-call]  # no types
            if self.size != said:
                raise CorruptImage("the picture is larger or smaller than its file says")
            return loaded

    return HeicImageFile
