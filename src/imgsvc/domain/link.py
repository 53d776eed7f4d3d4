"""Link: a public address of one rendering, or of a family of them that differ in width alone."""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Literal, Self
from uuid import UUID

from attrs import evolve, field, frozen

from imgsvc.domain.errors import InvalidInput, InvalidParameter, InvalidSignature, LinkExpired
from imgsvc.domain.geometry import Percent
from imgsvc.domain.image import ImageId
from imgsvc.domain.notation import compact, parse
from imgsvc.domain.operations import Resize
from imgsvc.domain.operations.geometry import MAX_SIDE
from imgsvc.domain.transform import AUTO, Format, TransformSpec

MAX_WIDTHS = 20
ERROR_PICTURES = "err:image,"  # of a path, where failures are told as pictures
_NOTHING = "-"  # a spec that has no steps
_NUMBER = "[1-9][0-9]{0,11}"  # in the one form that is signed
_FORM = re.compile(
    rf"/(?:exp:(?P<exp>{_NUMBER}),)?(?P<errors>{ERROR_PICTURES})?"
    rf"(?:widths:(?P<widths>{_NUMBER}(?::{_NUMBER})*),|upto:(?P<upto>{_NUMBER}),)?"
    r"(?P<spec>[^/]+)/(?P<image>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.(?P<extension>[a-z]+)"
)
_CHOSEN = re.compile(rf"(.*/[0-9a-f-]{{36}})-({_NUMBER})w(\.[a-z]+)")


def _in_order(widths: Iterable[int]) -> tuple[int, ...]:
    return tuple(sorted(set(widths)))


@frozen(kw_only=True)
class Bounds:
    """Which widths one signature is good for: those of the list, or any up to the greatest; none but the spec's own."""

    widths: tuple[int, ...] = field(default=(), converter=_in_order)
    max_width: int | None = None

    def __attrs_post_init__(self) -> None:
        for index, width in enumerate(self.widths):
            if not 1 <= width <= MAX_SIDE:
                raise _refused("each width", f"1 to {MAX_SIDE}", ("widths", index), width)
        if len(self.widths) > MAX_WIDTHS:
            raise _refused("widths", f"at most {MAX_WIDTHS} numbers", ("widths",), len(self.widths))
        if self.max_width is not None and not 1 <= self.max_width <= MAX_SIDE:
            raise _refused("max_width", f"1 to {MAX_SIDE}", ("max_width",), self.max_width)
        if self.widths and self.max_width is not None:
            raise _refused("max_width", "left out where widths are given", ("max_width",), self.max_width)

    def __contains__(self, width: int) -> bool:
        return width in self.widths or (self.max_width is not None and width <= self.max_width)


@frozen(kw_only=True)
class Link:
    """What an address gives to whoever has it; its format is in the spec, and `auto` where the client chooses."""

    image_id: ImageId
    spec: TransformSpec
    bounds: Bounds = Bounds()
    expires_at: int | None = field(default=None)  # seconds since 1970
    has_error_pictures: bool = False  # whether whoever follows it in vain is given a picture of that

    @property
    def signed_path(self) -> str:
        """``/{spec}/{image}.{extension}``: all that the address says, apart from the chosen width."""
        return self._path("")

    def path_at(self, width: int) -> str:
        """The same with a width chosen."""
        return self._path(f"-{width}w")

    def _path(self, chosen: str) -> str:
        bare = compact(evolve(self.spec, output=evolve(self.spec.output, format=None))) or _NOTHING
        expiry = "" if self.expires_at is None else f"exp:{self.expires_at},"
        errors = ERROR_PICTURES if self.has_error_pictures else ""
        before = f"{expiry}{errors}{_printed(self.bounds)}"
        return f"/{before}{bare}/{self.image_id}{chosen}.{_extension(self.spec.output.format)}"

    @classmethod
    def of_signed_path(cls, path: str) -> Self:
        """Raises InvalidInput, which happens to nobody who was given the path by us."""
        found = _FORM.fullmatch(path)
        if found is None:
            raise InvalidSignature("the address is not as it was signed")
        spec = parse("" if found["spec"] == _NOTHING else found["spec"])
        format = AUTO if found["extension"] == AUTO else Format(found["extension"])
        return cls(
            image_id=ImageId(UUID(found["image"])),
            spec=evolve(spec, output=evolve(spec.output, format=format)),
            bounds=Bounds(
                widths=[int(one) for one in found["widths"].split(":")] if found["widths"] else (),
                max_width=int(found["upto"]) if found["upto"] else None,
            ),
            expires_at=int(found["exp"]) if found["exp"] else None,
            has_error_pictures=found["errors"] is not None,
        )

    def must_be_good(self, now: datetime) -> None:
        """Raises LinkExpired."""
        if self.expires_at is not None and self.expires_at <= now.timestamp():
            raise LinkExpired(f"this link was good until {datetime.fromtimestamp(self.expires_at, UTC).isoformat()}")

    def at(self, width: int | None) -> TransformSpec:
        """What is rendered for the chosen width. Raises InvalidSignature for one that nobody signed."""
        if width is None:
            return self.spec
        if width not in self.bounds:
            raise InvalidSignature("the link is not signed for this width")
        return at_width(self.spec, width)


def split_path(path: str) -> tuple[str, int | None]:
    """The part of a link's path that is signed, and the width that was chosen."""
    found = _CHOSEN.fullmatch(path)
    return (path, None) if found is None else (found[1] + found[3], int(found[2]))


def at_width(spec: TransformSpec, width: int) -> TransformSpec:
    """The same picture in another width: its last resize is scaled to it, or one is added.

    Raises InvalidParameter where that resize does not say how wide the picture becomes.
    """
    places = [index for index, step in enumerate(spec.steps) if isinstance(step, Resize)]
    if not places:
        return evolve(spec, steps=(*spec.steps, Resize(width=width)))
    step = spec.steps[places[-1]]
    assert isinstance(step, Resize)
    if not isinstance(step.width, int) or isinstance(step.height, Percent):
        raise InvalidParameter(
            "a family of widths needs a resize that says its width in pixels",
            path=("steps", places[-1]),
            allowed="a resize with a width, or none",
        )
    height = None if step.height is None else min(MAX_SIDE, max(1, round(step.height * width / step.width)))
    resized = evolve(step, width=width, height=height, dpr=1)
    return evolve(spec, steps=(*spec.steps[: places[-1]], resized, *spec.steps[places[-1] + 1 :]))


def _printed(bounds: Bounds) -> str:
    if bounds.widths:
        return f"widths:{':'.join(map(str, bounds.widths))},"
    return "" if bounds.max_width is None else f"upto:{bounds.max_width},"


def _extension(format: Format | Literal["auto"] | None) -> str:
    assert format is not None
    return format.extension if isinstance(format, Format) else format


def _refused(name: str, allowed: str, path: Sequence[str | int], value: int) -> InvalidInput:
    return InvalidInput(f"{name} must be {allowed}", path=tuple(path), value=value, allowed=allowed)
