"""The pictures that are measured with."""

from pathlib import Path

from attrs import frozen

from bench.drawing import large, photo_like, transparent


@frozen
class Pictures:
    """A photograph as JPEG, and a PNG with alpha; of 50 megapixels a JPEG and a PNG."""

    photo: Path
    transparent: Path
    large_jpeg: Path
    large_png: Path

    @classmethod
    def in_folder(cls, folder: Path, photo: Path | None, with_alpha: Path | None) -> "Pictures":
        """Those that were not given are drawn there."""
        photo = photo or _written(folder / "drawn.jpg", photo_like())
        return cls(
            photo,
            with_alpha or _written(folder / "drawn.png", transparent()),
            _written(folder / "large.jpg", large(photo, "JPEG")),
            _written(folder / "large.png", large(photo, "PNG")),
        )


def _written(file: Path, content: bytes) -> Path:
    file.write_bytes(content)
    return file


def alike(jpeg: bytes, number: int) -> bytes:
    """The same picture as another file: with a comment behind its first mark."""
    comment = f"{number:08}".encode()
    return jpeg[:2] + b"\xff\xfe" + (len(comment) + 2).to_bytes(2, "big") + comment + jpeg[2:]
