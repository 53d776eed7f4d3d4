"""What only the Pillow engine does."""

import re
from functools import cache
from io import BytesIO

import pytest
from PIL import Image, ImageChops, ImageStat

from imgsvc.adapters.imaging import open_engine
from imgsvc.adapters.imaging.carried import Carried
from imgsvc.adapters.imaging.pillow import decoding, encoding
from imgsvc.adapters.imaging.pillow.engine import PillowEngine
from imgsvc.adapters.imaging.pillow.frames import Frames
from imgsvc.adapters.imaging.pillow.picture import apply
from imgsvc.adapters.imaging.stamps import Stamps
from imgsvc.domain.errors import ImageTooLarge, OutputTooLarge, RenderingFailed
from imgsvc.domain.geometry import Size
from imgsvc.domain.limits import Limits
from imgsvc.domain.notation import parse
from imgsvc.domain.operations import OPERATIONS, Crop, Trim, Watermark
from imgsvc.domain.reach import Reach
from imgsvc.domain.transform import Format, Output
from tests.pictures import encoded, gif_claiming, png_claiming, quadrants, textured, webp_claiming, with_orientation

engine = PillowEngine(Limits())


def read(content: bytes, spec: str) -> tuple[Image.Image, tuple[int, int]]:
    """The picture after the first steps, and the size that was decoded for it."""
    file = decoding.opened(BytesIO(content), Limits())
    picture = decoding.decode(file, Reach.of(parse(spec).steps, file.facts.size), upright=True)
    return picture, file.image.size


@pytest.mark.parametrize(
    ("spec", "decoded"),
    [
        ("rs:inside:40:", (200, 150)),
        ("rs:inside:300:", (800, 600)),
        ("rs:inside:700:", (1600, 1200)),
        ("crop:8:8:1592:1192,rs:inside:40:", (200, 150)),
        ("crop:4:4:1596:1196,rs:inside:40:", (400, 300)),
        ("crop:1:1:1000:1000,rs:inside:40:", (1600, 1200)),
        ("crop:0:0:100:100,rs:inside:25:", (800, 600)),
        ("blur:3,rs:inside:40:", (1600, 1200)),
        ("rot:90,rs:inside:40:", (1600, 1200)),
        ("rs:stretch:40:1000", (1600, 1200)),
    ],
)
def test_a_jpeg_is_decoded_no_larger_than_it_takes(spec, decoded):
    content = encoded(textured(1600, 1200), "jpeg")

    _, size = read(content, spec)

    assert size == decoded


@cache
def grainy() -> Image.Image:
    """Texture in every size, and no side that divides by eight."""
    return ImageChops.add(textured(1597, 1203), Image.effect_noise((1597, 1203), 40).convert("RGB"), 2)


@pytest.mark.parametrize("orientation", [1, 3, 6])
@pytest.mark.parametrize("spec", ["rs:stretch:101:77", "rs:cover:50:200", "crop:16:16:1500:1100,rs:inside:333:"])
def test_a_jpeg_decoded_small_looks_like_one_decoded_whole(spec, orientation):
    jpeg = with_orientation(grainy(), orientation, "jpeg")
    with Image.open(BytesIO(jpeg)) as whole:
        exif = whole.getexif()
        lossless = encoded(whole, "png", exif=exif, compress_level=1)

    small, reference = read(jpeg, spec)[0], read(lossless, spec)[0]

    assert small.size == reference.size
    assert max(ImageStat.Stat(ImageChops.difference(small, reference)).mean) < 2


def test_shrinking_in_two_steps_looks_like_one():
    source = grainy()

    picture = read(encoded(source, compress_level=1), "rs:stretch:100:70")[0]

    difference = ImageChops.difference(picture, source.resize((100, 70), Image.Resampling.LANCZOS))
    assert max(ImageStat.Stat(difference).mean) < 0.6


@pytest.mark.parametrize(
    ("media_type", "content"),
    [
        ("image/gif", gif_claiming(1, 1, frame=(0, 0, 65535, 65535), disposal=2)),
        ("image/webp", webp_claiming(2**24, 9)),
    ],
)
def test_no_reader_takes_memory_for_a_bomb(monkeypatch, media_type, content):
    def opened(stream):
        raise AssertionError("the file was opened")

    monkeypatch.setitem(decoding._READERS, media_type, opened)

    with pytest.raises(ImageTooLarge):
        engine.measure(BytesIO(content))


def test_the_fingerprint_names_the_library():
    assert re.fullmatch(r"pillow-\d+\.\d+\.\d+-[0-9a-f]{8}", engine.fingerprint)


def test_every_operation_has_a_step():
    decided = {Trim: Crop, Watermark: Stamps}
    for operation in OPERATIONS.values():
        operation = decided.get(operation, operation)
        assert apply.dispatch(operation) is not apply.dispatch(object)


def test_every_format_has_a_writer():
    for format in Format:
        assert encoding.encoded(Frames.of(quadrants()), Output(format), Carried())


def test_a_format_is_not_asked_for_more_than_it_can_hold():
    limits = Limits(max_side=65535, max_output_side=65535)
    line = BytesIO(encoded(Image.new("L", (16384, 1))))

    assert PillowEngine(limits).render(line, parse("f:jpeg")).rendition.width == 16384
    with pytest.raises(OutputTooLarge, match="16384x1"):
        PillowEngine(limits).render(line, parse("f:webp"))


def test_large_pictures_are_read_where_the_limits_allow(monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)

    facts = PillowEngine(Limits(max_pixels=900, max_output_pixels=900)).measure(BytesIO(encoded(quadrants(), "tiff")))

    assert facts.stored_size == Size(40, 20)


def test_the_limit_of_the_process_is_never_lowered(monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10**9)

    PillowEngine(Limits())

    assert Image.MAX_IMAGE_PIXELS == 10**9


def test_a_limit_that_was_lifted_stays_so(monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)

    with pytest.raises(ImageTooLarge):
        PillowEngine(Limits()).measure(BytesIO(png_claiming(50000, 50000)))

    assert Image.MAX_IMAGE_PIXELS is None


def test_warnings_of_the_library_cost_no_picture():
    # A tag longer than the file, which Pillow warns about; here, warnings are errors.
    content = bytearray(encoded(quadrants(), "tiff", description="x" * 100))
    at = content.index(b"\x0e\x01\x02\0")
    content[at + 4 : at + 8] = b"\xff\xff\xff\x0f"

    assert engine.measure(BytesIO(content)).stored_size == Size(40, 20)
    assert engine.render(BytesIO(content), parse("flip")).rendition.width == 40


def test_what_goes_wrong_after_the_decoding_is_told_without_its_cause(monkeypatch):
    def broken(*arguments):
        raise ValueError("/usr/lib/secret")

    monkeypatch.setitem(encoding._WRITERS, Format.PNG, broken)

    with pytest.raises(RenderingFailed) as caught:
        engine.render(BytesIO(encoded(quadrants())), parse(""))

    assert caught.value.detail == "the picture could not be rendered"


@pytest.mark.parametrize("name", ["", "Pillow", "libvips", "magick"])
def test_unknown_engines_are_refused_with_the_names_of_the_known(name):
    with pytest.raises(ValueError, match="auto, pillow"):
        open_engine(name, Limits())
