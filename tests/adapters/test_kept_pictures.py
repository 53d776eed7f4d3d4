"""Pictures that a child keeps: the next rendering of one costs neither reading nor decoding it, and is no other."""

import hashlib
from contextlib import contextmanager
from datetime import timedelta
from io import BytesIO
from uuid import uuid4

import pytest
from PIL import Image

from imgsvc.adapters.imaging.children import ChildProcessEngine
from imgsvc.adapters.imaging.kept import KeptPictures
from imgsvc.adapters.imaging.vips.engine import VipsEngine
from imgsvc.domain.limits import Limits
from imgsvc.domain.notation import parse
from imgsvc.domain.operations import Watermark
from imgsvc.domain.transform import TransformSpec
from tests.pictures import encoded, quadrants, swapped_profile, textured
from tests.waiting import wait_for

MEBIBYTE = 2**20
CONTENT = encoded(textured(640, 480), "JPEG")
SMALL = parse("w:100,f:png")


def with_alpha(picture):
    return Image.merge("RGBA", (*picture.split(), picture.getchannel(0)))


class Source(BytesIO):
    """Knows whether anybody has looked at it."""

    was_read = False

    def read(self, *size):
        self.was_read = True
        return super().read(*size)


@contextmanager
def keeping(most=24 * MEBIBYTE, slots=1, **more):
    engine = VipsEngine(Limits(), kept=KeptPictures(most, **more))
    deadline, wait = timedelta(seconds=20), timedelta(seconds=20)
    children = ChildProcessEngine(engine, slots=slots, queue=9, wait=wait, deadline=deadline, memory=2**30)
    with children.running():
        yield children


def digest_of(content):
    return hashlib.sha256(content).hexdigest()


def reads(engine, content, spec=SMALL):
    """Whether a rendering took the source."""
    source = Source(content)
    engine.render(source, spec, digest=digest_of(content))
    return source.was_read


def with_its_profile_last(png):
    """Behind the pixels, where it should not be."""
    chunks, at = [], 8
    while at < len(png):
        length = int.from_bytes(png[at : at + 4], "big") + 12
        chunks.append(png[at : at + length])
        at += length
    chunks.sort(key=lambda chunk: (chunk[4:8] == b"IEND", chunk[4:8] == b"iCCP"))
    return png[:8] + b"".join(chunks)


PHOTO = textured(640, 480)
PALETTE = PHOTO.quantize(64)
PICTURES = {
    "jpeg": encoded(PHOTO, "JPEG"),
    "grey jpeg": encoded(PHOTO.convert("L"), "JPEG"),
    "cmyk jpeg": encoded(PHOTO.convert("CMYK"), "JPEG"),
    "jpeg with a profile": encoded(PHOTO, "JPEG", icc_profile=swapped_profile()),
    "png": encoded(PHOTO, "PNG"),
    "png with alpha": encoded(with_alpha(PHOTO), "PNG"),
    "png of 16 bits": encoded(PHOTO.convert("I;16"), "PNG"),
    "png with a palette": encoded(PALETTE, "PNG"),
    "png with a late profile": with_its_profile_last(encoded(PALETTE, "PNG", icc_profile=swapped_profile())),
    "webp": encoded(PHOTO, "WEBP"),
    "webp with alpha": encoded(with_alpha(PHOTO), "WEBP"),
    "avif": encoded(PHOTO, "AVIF"),
    "tiff": encoded(PHOTO, "TIFF"),
    "gif": encoded(PALETTE, "GIF"),
}


@pytest.mark.parametrize("content", PICTURES.values(), ids=PICTURES)
def test_a_kept_picture_is_rendered_as_one_that_is_not(content):
    specs = [parse(text) for text in ("w:300", "w:60", "w:90,f:png", "rs:cover:50:50,f:webp", "rot:90,w:200", "w:600")]
    fresh = VipsEngine(Limits())
    with keeping() as engine:
        kept = [engine.render(BytesIO(content), spec, digest=digest_of(content)) for spec in [*specs, *specs]]

    assert kept == [fresh.render(BytesIO(content), spec) for spec in [*specs, *specs]]


def test_a_picture_is_read_for_the_first_rendering_alone():
    with keeping() as engine:
        assert [reads(engine, CONTENT, parse(f"w:{width}")) for width in (100, 200, 300)] == [True, False, False]


def test_its_pixels_are_decoded_once_for_each_scale():
    decoded = []

    class Told(KeptPictures):
        def keep_pixels(self, content, form, *pixels):
            decoded.append(form)
            super().keep_pixels(content, form, *pixels)

    kept = Told(24 * MEBIBYTE)
    kept.keep("a", CONTENT)
    engine = VipsEngine(Limits(), kept=kept)
    for spec in ("w:200", "w:210", "w:70", "w:210,f:webp", "w:75"):
        engine.render(BytesIO(CONTENT), parse(spec))

    assert decoded == [("turbo", 2), ("turbo", 4)]


def test_only_what_has_a_digest_is_kept():
    with keeping() as engine:
        engine.render(BytesIO(CONTENT), SMALL)

        assert reads(engine, CONTENT)


def test_what_was_used_longest_ago_goes_first():
    first, second, third = (encoded(textured(width, 480), "JPEG") for width in (640, 641, 642))
    pixels = 160 * 120 * 3  # that are decoded of each
    with keeping(most=2 * (len(first) + pixels) + len(third)) as engine:
        found = [reads(engine, content) for content in (first, second, first, third, first, second)]

    assert found == [True, True, False, True, False, True]


def test_a_picture_that_takes_more_than_there_is_room_for_is_not_kept():
    with keeping(most=len(CONTENT) - 1) as engine:
        assert [reads(engine, CONTENT), reads(engine, CONTENT)] == [True, True]


def test_no_picture_goes_for_one_that_there_is_no_room_for():
    kept = KeptPictures(100)
    kept.keep("small", b"s" * 60)
    kept.keep("large", b"l" * 101)

    assert kept.digests == ("small",)


def test_no_pixels_are_kept_that_there_is_no_room_for_and_no_file_goes_for_them():
    kept = KeptPictures(len(CONTENT) + 1000)
    kept.keep("a", CONTENT)
    VipsEngine(Limits(), kept=kept).render(BytesIO(CONTENT), SMALL)

    assert kept.digests == ("a",)
    assert kept.pixels(CONTENT, ("turbo", 4)) is None


def test_of_a_slow_format_the_pixels_are_kept_and_no_decoder():
    kept = KeptPictures(24 * MEBIBYTE)
    content = PICTURES["webp"]
    kept.keep("a", content)
    VipsEngine(Limits(), kept=kept).render(BytesIO(content), SMALL)

    picture, _ = kept.pixels(content, ("pillow", 1))
    assert type(picture) is Image.Image


def test_a_picture_is_still_known_to_be_kept_after_another_was_measured():
    with keeping() as engine:
        reads(engine, CONTENT)
        engine.measure(BytesIO(PICTURES["png"]))

        assert not reads(engine, CONTENT)


def test_who_wants_a_picture_gets_the_child_that_has_it():
    other = encoded(textured(641, 480), "JPEG")
    with keeping(slots=2) as engine:
        assert [reads(engine, content) for content in (CONTENT, other, other, CONTENT)] == [True, True, False, False]


def test_a_child_that_has_let_go_of_a_picture_meanwhile_gets_it_again():
    with keeping() as engine:
        assert reads(engine, CONTENT)
        [child] = engine.pool.children
        child.kept = frozenset({digest_of(encoded(textured(9, 9)))})

        assert reads(engine, encoded(textured(9, 9)))


def test_a_child_that_has_nothing_to_do_keeps_nothing():
    with keeping(idle=0.01) as engine:
        reads(engine, CONTENT)

        wait_for(lambda: reads(engine, CONTENT))


def test_a_kept_picture_may_have_an_overlay():
    mark = uuid4()
    spec = TransformSpec([Watermark(image=mark)])
    overlays = {mark: BytesIO(encoded(quadrants(20, 20)))}
    with keeping() as engine:
        found = [engine.render(BytesIO(CONTENT), spec, overlays, digest=digest_of(CONTENT)) for _ in range(2)]

    assert found == [VipsEngine(Limits()).render(BytesIO(CONTENT), spec, overlays)] * 2
