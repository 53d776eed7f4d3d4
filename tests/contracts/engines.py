"""The image engines that each contract is tested with, and how what they make is compared."""

from collections.abc import Mapping
from io import BytesIO
from types import MappingProxyType
from uuid import UUID

import pytest
from PIL import Image, ImageChops

from imgsvc.adapters.imaging import open_engine
from imgsvc.domain.limits import Limits
from imgsvc.domain.notation import parse
from imgsvc.domain.transform import Format, Output, TransformSpec
from tests.pictures import decoded, encoded


@pytest.fixture(params=["pillow", "pillow in children", "vips", "vips in children"])
def engine(request):
    name, _, place = request.param.partition(" in ")
    return request.getfixturevalue(f"{name}_in_{place}") if place else open_engine(name, Limits())


def made(
    engine,
    source: Image.Image | bytes,
    spec: TransformSpec | str,
    overlays: Mapping[UUID, Image.Image | bytes] = MappingProxyType({}),
) -> Image.Image:
    """The picture after a spec, which keeps the source's format unless it says otherwise; pictures are sent as PNG."""
    spec = parse(spec) if isinstance(spec, str) else spec
    rendered = engine.render(_sent(source), spec, {image: _sent(one) for image, one in overlays.items()})
    picture = decoded(rendered.content)
    rendition = rendered.rendition
    assert (rendition.width, rendition.height, rendition.byte_count) == (*picture.size, len(rendered.content))
    assert rendition.media_type == Image.MIME[picture.format]
    return picture


def _sent(picture: Image.Image | bytes) -> BytesIO:
    return BytesIO(picture if isinstance(picture, bytes) else encoded(picture))


def close(one, other, tolerance: int = 2) -> bool:
    """Whether two pixels are the same but for rounding."""
    return len(one) == len(other) and all(abs(a - b) <= tolerance for a, b in zip(one, other, strict=True))


def corners(picture: Image.Image) -> tuple[tuple[int, ...], ...]:
    """The colours a quarter in from each corner: top left, top right, bottom left, bottom right."""
    colors = picture.convert("RGB")
    across, down = picture.width // 4, picture.height // 4
    right, bottom = picture.width - 1 - across, picture.height - 1 - down
    return tuple(colors.getpixel(at) for at in ((across, down), (right, down), (across, bottom), (right, bottom)))


def same(one: Image.Image, other: Image.Image, tolerance: int = 0) -> bool:
    """Whether two pictures have the same size, and pixels that differ by ``tolerance`` at most."""
    if one.size != other.size:
        return False
    extrema = ImageChops.difference(one.convert("RGBA"), other.convert("RGBA")).getextrema()
    return all(highest <= tolerance for _, highest in extrema)


def spec_of(*steps, format: Format = Format.PNG) -> TransformSpec:
    return TransformSpec(steps, Output(format))
