"""Operations that look at a pixel's neighbours, or its place."""

from typing import ClassVar, Literal

from attrs import field, frozen

from imgsvc.domain.field_rules import tidy_number, within
from imgsvc.domain.geometry import Size


@frozen
class Blur:
    """Gaussian blur; ``sigma`` in pixels."""

    op: ClassVar[str] = "blur"
    compact: ClassVar[str] = "blur"
    sigma: float = field(default=2, converter=tidy_number, validator=within(0.3, 250, unit="pixels"))


@frozen
class Sharpen:
    """Unsharp mask; ``sigma`` in pixels, ``amount`` in % of the difference that is added."""

    op: ClassVar[str] = "sharpen"
    compact: ClassVar[str] = "sharp"
    sigma: float = field(default=1, converter=tidy_number, validator=within(0.1, 10, unit="pixels"))
    amount: float = field(default=100, converter=tidy_number, validator=within(0, 500, unit="%"))


@frozen
class Pixelate:
    """Blocks of ``size`` pixels a side, in one colour each; the picture's size stays.

    They begin in the top-left corner; the last of a row or column may be smaller. A block's colour and alpha are the
    mean of its pixels, the colour weighted by alpha.
    """

    op: ClassVar[str] = "pixelate"
    compact: ClassVar[str] = "px"
    size: int = field(default=10, validator=within(2, 200, unit="pixels"))


@frozen
class Round:
    """Round the corners by ``radius`` pixels, or all of the picture to an ellipse by ``max``; outside is transparent.

    A radius beyond half of the shorter side is taken as that half. Along the edge, alpha is multiplied by the part of
    the pixel that lies inside; colours stay as they are.
    """

    op: ClassVar[str] = "round"
    compact: ClassVar[str] = "round"
    radius: int | Literal["max"] = field(validator=within(1, 4096, or_word="max", unit="pixels"))

    def radii_in(self, size: Size) -> tuple[float, float]:
        """Across and down, of the ellipse that a corner is a quarter of; with halves of a pixel."""
        if self.radius == "max":
            return size.width / 2, size.height / 2
        radius = min(self.radius, size.width / 2, size.height / 2)
        return radius, radius
