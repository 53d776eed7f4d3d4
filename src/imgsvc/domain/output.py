"""How the result of a transform is written."""

from collections.abc import Collection
from enum import StrEnum
from typing import Any, Literal

from attrs import evolve, field, fields, frozen
from attrs.validators import optional

from imgsvc.domain.errors import ConflictingParameters, InvalidInput, UnsupportedOutput, unknown
from imgsvc.domain.field_rules import within

MAX_BYTES = 2**29


class Format(StrEnum):
    """What a rendering can be written as."""

    JPEG = "jpeg"
    PNG = "png"
    WEBP = "webp"
    AVIF = "avif"
    GIF = "gif"
    TIFF = "tiff"

    @property
    def media_type(self) -> str:
        return f"image/{self.value}"

    @property
    def extension(self) -> str:
        return "jpg" if self is Format.JPEG else self.value

    @property
    def default_quality(self) -> int | None:
        """1-100, or None where the format is lossless here and knows no quality."""
        return {Format.JPEG: 80, Format.WEBP: 79, Format.AVIF: 63}.get(self)

    @property
    def animates(self) -> bool:
        """Whether it is written with all frames."""
        return self in (Format.GIF, Format.WEBP)

    @classmethod
    def _missing_(cls, value: object) -> "Format":
        if value in _OTHER_NAMES:
            return cls(_OTHER_NAMES[value])
        if value == AUTO:
            allowed = ", ".join(sorted(cls))
            raise UnsupportedOutput("auto chooses among formats, and is none itself", value=value, allowed=allowed)
        raise unknown(UnsupportedOutput, "output format", str(value), [*(one.value for one in cls), AUTO])

    @classmethod
    def of_source(cls, media_type: str) -> "Format":
        """The format that a source keeps; where we cannot write it, what suits such pictures."""
        if media_type in _LIKE_PHOTOGRAPHS:
            return cls.JPEG
        return next((one for one in cls if one.media_type == media_type), cls.PNG)


AUTO: Literal["auto"] = "auto"

_OTHER_NAMES: dict[object, str] = {"jpg": "jpeg", "tif": "tiff"}
_LIKE_PHOTOGRAPHS = ("image/heic", "image/heif")

# Where an option means something. Elsewhere it is refused, since nothing is skipped silently.
_KNOWN_TO = {
    "lossless": (Format.WEBP, Format.AVIF, Format.PNG, Format.TIFF),
    "progressive": (Format.JPEG, Format.PNG),
    "png_level": (Format.PNG,),
    "frames": (Format.GIF, Format.WEBP),
}
# What `auto` chooses from, the best first, with the least that a client must say that it accepts.
_NEGOTIABLE = (Format.AVIF, Format.WEBP)
_EVERYWHERE = (Format.JPEG, Format.PNG, Format.GIF)


class Metadata(StrEnum):
    """What a result keeps of what its source says about itself."""

    NONE = "none"
    COPYRIGHT = "copyright"  # who made it and whose it is
    SAFE = "safe"  # all but places, serial numbers, thumbnails and makers' notes
    ALL = "all"


class Profile(StrEnum):
    """The colour space of a result."""

    SRGB = "srgb"
    KEEP = "keep"  # the source's, with its profile


def _frames(value: Any) -> Any:
    return 1 if value == "first" else value


@frozen
class Output:
    """How the result is written; without ``format``, as the source was, and with `auto` as the client likes best.

    ``quality`` is 1-100 and ``png_level`` 0-9. ``max_bytes`` has the best quality chosen that fits, at most the one
    asked for, and ``never_larger`` the same for the bytes that the source has. ``frames`` takes the first so many of an
    animation.
    """

    format: Format | Literal["auto"] | None = None
    quality: int | None = field(default=None, validator=optional(within(1, 100)))
    lossless: bool = False
    progressive: bool = False
    png_level: int | None = field(default=None, validator=optional(within(0, 9)))
    max_bytes: int | None = field(default=None, validator=optional(within(1, MAX_BYTES, unit="bytes")))
    never_larger: bool = False
    metadata: Metadata = Metadata.COPYRIGHT
    icc: Profile = Profile.SRGB
    frames: int | Literal["all", "first"] = field(
        default="all", converter=_frames, validator=within(1, 2**20, or_word="all", unit="frames")
    )

    def __attrs_post_init__(self) -> None:
        if isinstance(self.format, Format):
            self._normalise(self.format)
        if self.lossless:
            object.__setattr__(self, "quality", None)

    def _normalise(self, format: Format) -> None:
        """One spec must not have two ids for what a format cannot tell apart."""
        if format.default_quality is None:
            object.__setattr__(self, "quality", None)
        if format in (Format.PNG, Format.TIFF):
            object.__setattr__(self, "lossless", False)  # they are so anyway
        if not format.animates and self.frames == 1:
            object.__setattr__(self, "frames", "all")
        for name in self._given():
            if format not in _KNOWN_TO[name]:
                allowed = " or ".join(_KNOWN_TO[name])
                raise ConflictingParameters(
                    f"{name} means nothing to {format}",
                    path=(name,),
                    value=getattr(self, name),
                    allowed=f"{name} with {allowed}",
                )

    def _given(self) -> list[str]:
        """The options that only some formats know, of those that were asked for."""
        return [name for name in _KNOWN_TO if getattr(self, name) != getattr(fields(Output), name).default]

    def resolved(self, media_type: str, has_alpha: bool, accepted: Collection[str] = ()) -> "Output":
        """With the format in which a source of that media type is written for a client that accepts these.

        Raises ConflictingParameters where an option means nothing to that format.
        """
        if isinstance(self.format, Format):
            return self
        own = Format.of_source(media_type)
        try:
            if self.format is None:
                return evolve(self, format=own)
            best = self._best(own, has_alpha, accepted)
            return evolve(self, format=best, frames=self.frames if best.animates else "all")
        except InvalidInput as error:
            raise error.under("output") from None

    def _best(self, own: Format, has_alpha: bool, accepted: Collection[str]) -> Format:
        better = [one for one in _NEGOTIABLE if one.media_type in accepted]
        # AVIF holds one picture here: an animation would stop.
        if own.animates:
            better = [one for one in better if one.animates]
        everywhere = (own, Format.PNG, Format.JPEG) if has_alpha else (own, Format.JPEG, Format.PNG)
        shown = [one for one in everywhere if one in _EVERYWHERE]
        named = [one for one in shown if one.media_type in accepted]
        return next((one for one in (*better, *named, *shown) if self._suits(one)), shown[0])

    def _suits(self, format: Format) -> bool:
        try:
            evolve(self, format=format, frames="all")
        except InvalidInput:
            return False
        return True
