"""What only the engine on libvips does: the fast ways, and when it leaves them."""

import subprocess
import sys
from datetime import timedelta
from io import BytesIO
from random import Random

import pytest
from PIL import Image, ImageChops, ImageStat

from imgsvc.adapters.imaging import open_engine, open_engine_in_children
from imgsvc.adapters.imaging.vips import decoding
from imgsvc.domain.errors import RenderingFailed
from imgsvc.domain.limits import Limits
from imgsvc.domain.notation import parse
from tests.adapters.test_children import landlock_version
from tests.pictures import animated, decoded, encoded, png_of_wide_samples, quadrants, textured, with_orientation

PILLOW, VIPS = open_engine("pillow", Limits()), open_engine("vips", Limits())


def made(engine, content, spec):
    return decoded(engine.render(BytesIO(content), parse(spec)).content)


def seen(picture):
    """With its colours multiplied by alpha: where there is little of it, rounding makes any colour of a colour."""
    return Image.merge(picture.mode, picture.convert(picture.mode[:-1] + "a").split())


def mean_difference(content, spec):
    """Between what the two engines make of it, in levels; of the channel that differs most."""
    one, other = made(VIPS, content, spec), made(PILLOW, content, spec)
    assert (one.size, one.mode) == (other.size, other.mode)
    if one.mode.endswith("A"):
        one, other = seen(one), seen(other)
    return max(ImageStat.Stat(ImageChops.difference(one, other)).mean)


def mottled(width, height, mode="RGB"):
    """Spots a few pixels wide, so that a picture that is moved by a part of a pixel shows."""
    small = width // 6 + 1, height // 6 + 1
    spots = Image.frombytes("L", small, Random(1).randbytes(small[0] * small[1]))
    spots = spots.resize((width, height), Image.Resampling.BICUBIC)
    turned = spots.transpose(Image.Transpose.ROTATE_180)
    picture = Image.merge("RGB", (spots, turned, textured(width, height).getchannel("R")))
    if mode.endswith("A"):
        picture.putalpha(spots.transpose(Image.Transpose.FLIP_LEFT_RIGHT))
    return picture.convert(mode)


# The fast ways


@pytest.mark.parametrize("size", [(800, 640), (803, 637), (1001, 335)])
@pytest.mark.parametrize("spec", ["w:100", "w:290", "rs:cover:64:64:west", "crop:8:16:600:300,w:70"])
def test_jpegs_come_out_as_from_the_other_engine(size, spec):
    assert mean_difference(encoded(mottled(*size), "jpeg"), f"{spec},f:png") < 1.5


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
@pytest.mark.parametrize("spec", ["w:100", "rs:stretch:333:90", "rs:cover:64:64:southeast", "crop:7:9:300:200,w:70"])
def test_pngs_come_out_as_from_the_other_engine(mode, spec):
    assert mean_difference(encoded(mottled(503, 401, mode)), spec) < 1


@pytest.mark.parametrize("mode", ["LA", "RGBA"])
def test_pngs_too_large_to_be_held_come_out_the_same(monkeypatch, mode):
    monkeypatch.setattr(decoding, "_MOST_HELD", 0)

    assert mean_difference(encoded(mottled(503, 401, mode)), "crop:7:9:300:200,w:70") < 1


@pytest.mark.parametrize("kernel", ["nearest", "bilinear", "bicubic", "lanczos"])
def test_later_steps_come_out_as_from_the_other_engine(kernel):
    assert mean_difference(encoded(mottled(400, 300, "RGBA")), f"flip,w:90,kernel:{kernel}") < 1


@pytest.mark.parametrize("orientation", range(1, 9))
def test_turned_jpegs_come_out_as_from_the_other_engine(orientation):
    assert mean_difference(with_orientation(mottled(805, 605), orientation), "rs:cover:240:200:north,f:png") < 1.5


def test_the_fast_ways_are_taken(monkeypatch):
    monkeypatch.setattr(decoding, "_read_by_pillow", None)

    for mode, format in (("RGB", "jpeg"), ("L", "jpeg"), ("RGBA", "png"), ("L", "png")):
        assert made(VIPS, encoded(textured(300, 200).convert(mode), format), "w:30").size == (30, 20)


@pytest.mark.parametrize("width", [64, 65, 3000])
def test_pictures_of_any_shape_are_made_smaller(width):
    picture = made(VIPS, encoded(Image.new("RGB", (width, 9000 // width), (9, 99, 199))), "rs:stretch:3:1")

    assert picture.size == (3, 1)
    assert all(abs(a - b) <= 1 for a, b in zip(picture.getpixel((1, 0)), (9, 99, 199), strict=True))


# PNG files


@pytest.mark.parametrize(("source", "most"), [("drawing", 1.3), ("photograph", 1.05)])
def test_pngs_are_about_as_small_as_those_of_the_other_engine(source, most):
    picture = mottled(600, 400) if source == "photograph" else quadrants(600, 400)
    content = encoded(picture)

    ours, others = (len(engine.render(BytesIO(content), parse("")).content) for engine in (VIPS, PILLOW))

    assert ours < most * others + 2000


# Other files


@pytest.mark.parametrize(
    "content",
    [
        encoded(textured(90, 60), "webp"),
        encoded(textured(90, 60), "tiff"),
        encoded(textured(90, 60).quantize(16)),
        encoded(textured(90, 60).convert("CMYK"), "jpeg"),
        png_of_wide_samples(30, 40, *[(40000, 40000, 9), (45000, 8000, 7)] * 15, transparent=(1, 2, 3)),
        animated("png"),
        encoded(textured(90, 60), "jpeg").replace(b"\xff\xda", b"stray bytes\xff\xda"),
    ],
    ids=["webp", "tiff", "palette", "cmyk", "wide", "animated", "stray"],
)
def test_what_the_fast_ways_cannot_read_is_read_by_the_other_engine(content):
    assert mean_difference(content, "rs:stretch:10:6,f:png") < 1.5


def test_damaged_files_are_refused_as_by_the_other_engine():
    for format in ("jpeg", "png"):
        content = encoded(mottled(400, 300), format)
        for engine in (PILLOW, VIPS):
            with pytest.raises(Exception, match=r"damaged|ends before"):
                engine.render(BytesIO(content[: len(content) // 2]), parse("w:40"))


# Processes


_THREADS = """
import os, sys
from io import BytesIO
from imgsvc.adapters.imaging import open_engine
from imgsvc.domain.notation import parse
from imgsvc.domain.limits import Limits
from tests.pictures import encoded, textured
engine = open_engine("vips", Limits())
for format in ("jpeg", "png"):
    engine.render(BytesIO(encoded(textured(600, 400), format)), parse("w:50,f:png"))
print(len(os.listdir("/proc/self/task")))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel tells of threads on Linux only")
def test_reading_and_making_smaller_starts_no_thread():
    environment = {"OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": ":".join(sys.path)}

    done = subprocess.run([sys.executable, "-c", _THREADS], env=environment, capture_output=True, text=True, check=True)

    assert int(done.stdout) == 1


@pytest.mark.skipif(landlock_version() < 4, reason="this kernel cannot forbid all that we want")
def test_children_are_confined():
    with in_children(2**30) as engine:
        assert engine.is_confined
        # Where libvips starts threads, which inherit it.
        assert engine.render(BytesIO(encoded(textured(600, 400))), parse("w:300")).rendition.width == 300


def in_children(memory):
    return open_engine_in_children("vips", Limits(), slots=1, deadline=timedelta(seconds=30), memory=memory)


def test_memory_without_end_ends_at_the_limit():
    content = encoded(Image.new("RGBA", (7000, 7000), (1, 2, 3, 128)))

    with in_children(2**28) as engine:
        with pytest.raises(RenderingFailed):
            engine.render(BytesIO(content), parse("w:6999"))

        assert engine.render(BytesIO(encoded(quadrants())), parse("w:20")).rendition.width == 20


# Where its libraries are not


def test_without_its_libraries_the_other_engine_is_the_best(monkeypatch):
    for name in [name for name in sys.modules if name.startswith("imgsvc.adapters.imaging.vips")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "pyvips", None)

    assert open_engine("auto", Limits()).fingerprint == PILLOW.fingerprint
    with pytest.raises(ImportError):
        open_engine("vips", Limits())


def test_with_its_libraries_it_is_the_best():
    assert open_engine("auto", Limits()).fingerprint == VIPS.fingerprint != PILLOW.fingerprint
