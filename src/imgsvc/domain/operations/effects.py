"""Operations that look at a pixel's neighbours."""

from typing import ClassVar

from attrs import field, frozen

from imgsvc.domain.field_rules import tidy_number, within


@frozen
class Blur:
    """Gaussian blur; ``sigma`` in pixels."""

    op: ClassVar[str] = "blur"
    compact: ClassVar[str] = "blur"
    sigma: float = field(default=2, converter=tidy_number, validator=within(0.3, 250))


@frozen
class Sharpen:
    """Unsharp mask; ``sigma`` in pixels, ``amount`` in % of the difference that is added."""

    op: ClassVar[str] = "sharpen"
    compact: ClassVar[str] = "sharp"
    sigma: float = field(default=1, converter=tidy_number, validator=within(0.1, 10))
    amount: float = field(default=100, converter=tidy_number, validator=within(0, 500))
