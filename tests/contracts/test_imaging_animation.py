"""What every image engine makes of animations: all frames, each at its time, as often as they are to be played."""

from io import BytesIO

import pytest
from PIL import Image, ImageChops

from imgsvc.adapters.imaging import open_engine
from imgsvc.domain.errors import OutputTooLarge
from imgsvc.domain.limits import Limits
from imgsvc.domain.notation import parse
from imgsvc.ports.imaging import Rendered
from tests.animations import (
    DELAYS,
    MOVING,
    Patch,
    busy_scenes,
    delays_of,
    frames_of,
    gif_of,
    moving,
    scenes,
    shown_elsewhere,
)
from tests.contracts.engines import close, engine  # noqa: F401  # engine is a fixture
from tests.pictures import (
    BLUE,
    GREEN,
    RED,
    encoded,
    png_chunk,
    quadrants,
    swapped_profile,
    textured,
    with_orientation,
)

# ruff: noqa: F811  # a fixture that is imported has the name of the parameter it becomes

OUT = ["gif", "webp,ll:1"]  # as near to the source as each can be
PAIRS = [(source, target) for source in MOVING for target in OUT]


def rendered(engine, content: bytes, spec: str) -> Rendered:
    return engine.render(BytesIO(content), parse(spec))


def difference(one: Image.Image, other: Image.Image) -> int:
    """The largest of any channel, of what can be seen."""
    black = Image.new("RGBA", one.size, (0, 0, 0, 255))
    seen = [Image.alpha_composite(black, picture.convert("RGBA")) for picture in (one, other)]
    alphas = [picture.convert("RGBA").getchannel("A") for picture in (one, other)]
    extrema = (*ImageChops.difference(*seen).getextrema(), ImageChops.difference(*alphas).getextrema())
    return max(high for _, high in extrema)


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_every_frame_is_kept(engine, source, target, mode):
    pictures = scenes(mode=mode)

    made = rendered(engine, moving(source, pictures), f"f:{target}")

    assert made.rendition.frames == 4
    for shown in (frames_of(made.content), shown_elsewhere(made.content)):
        assert len(shown) == 4
        assert all(difference(one, other) <= 3 for one, other in zip(shown, pictures, strict=True))


@pytest.mark.parametrize("source", MOVING)
def test_lossy_frames_look_like_their_sources(engine, source):
    pictures = scenes()

    shown = frames_of(rendered(engine, moving(source, pictures), "f:webp,q:90").content)

    for one, other in zip(shown, pictures, strict=True):
        assert close(one.convert("RGB").getpixel((50, 5)), other.getpixel((50, 5)), 8)


@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_every_frame_is_shown_as_long_as_before(engine, source, target):
    made = rendered(engine, moving(source, scenes()), f"f:{target}")

    assert delays_of(made.content) == list(DELAYS)


@pytest.mark.parametrize(("delay", "told"), [(10, 10), (14, 10), (15, 20), (33, 30), (4, 10), (1, 10)])
def test_delays_in_gif_are_of_whole_hundredths(engine, delay, told):
    content = moving("webp", scenes(), [delay] * 4)

    assert delays_of(rendered(engine, content, "f:gif").content) == [told] * 4


def test_no_delay_stays_none(engine):
    content = gif_of((4, 4), *[Patch(Image.new("RGB", (4, 4), color), (0, 0), delay=0) for color in (RED, GREEN)])

    assert delays_of(rendered(engine, content, "f:gif").content) == [0, 0]


@pytest.mark.parametrize("target", OUT)
@pytest.mark.parametrize(
    ("source", "loop", "plays"),
    [("gif", 0, 0), ("gif", None, 1), ("gif", 4, 5), ("webp", 0, 0), ("webp", 5, 5), ("png", 0, 0), ("png", 5, 5)],
)
def test_an_animation_is_played_as_often_as_before(engine, source, loop, plays, target):
    made = rendered(engine, moving(source, scenes(), loop=loop), f"f:{target}")

    with Image.open(BytesIO(made.content)) as picture:
        told = picture.info.get("loop")
    # GIF tells how often it is repeated, and nothing where it is not.
    expected = plays if target != "gif" else {0: 0, 1: None}.get(plays, plays - 1)
    assert told == expected


@pytest.mark.parametrize("target", OUT)
def test_steps_are_for_every_frame(engine, target):
    pictures = scenes()

    made = rendered(engine, moving("gif", pictures), f"crop:0:0:48:40,rs:stretch:24:20,mirror,f:{target}")

    shown = frames_of(made.content)
    assert (made.rendition.width, made.rendition.height) == (24, 20)
    for index, picture in enumerate(shown):
        square = picture.convert("RGB").getpixel((23 - (8 * index + 6) // 2, 10))
        assert close(square, (250, 20 * index, 30), 12)


def test_frames_that_are_not_touched_are_frames_of_their_own(engine):
    pictures = scenes()
    content = moving("png", pictures)

    shown = frames_of(rendered(engine, content, "f:webp,ll:1").content)

    assert len({picture.tobytes() for picture in shown}) == 4


def test_a_trim_takes_as_much_of_every_frame_as_of_the_first(engine):
    pictures = scenes(3)

    made = rendered(engine, moving("webp", pictures), "trim,f:webp,ll:1")

    assert (made.rendition.width, made.rendition.height, made.rendition.frames) == (12, 20, 3)
    expected = [picture.crop((0, 10, 12, 30)) for picture in pictures]
    assert all(difference(*pair) == 0 for pair in zip(frames_of(made.content), expected, strict=True))


def test_what_is_interesting_in_the_first_frame_is_shown_of_all(engine):
    frames = [Image.new("RGB", (200, 40), (90, 90, 90)) for _ in range(2)]
    frames[0].paste(textured(30, 30), (165, 5))
    frames[1].paste(textured(30, 30), (5, 5))

    shown = frames_of(rendered(engine, moving("webp", frames), "crop:40:40@smart,f:webp,ll:1").content)

    assert len({picture.convert("RGB").getpixel((2, 2)) for picture in shown}) == 1
    assert len(set(shown[0].convert("RGB").crop((10, 10, 30, 30)).tobytes())) > 20
    assert set(shown[1].convert("RGB").tobytes()) == {90}


@pytest.mark.parametrize("target", OUT)
def test_the_first_frames_are_taken_where_fewer_are_wanted(engine, target):
    pictures = scenes()

    made = rendered(engine, moving("webp", pictures), f"f:{target},fr:2")

    shown = frames_of(made.content)
    assert len(shown) == made.rendition.frames == 2
    assert all(difference(one, other) == 0 for one, other in zip(shown, pictures[:2], strict=True))


@pytest.mark.parametrize("source", MOVING)
@pytest.mark.parametrize("target", ["jpeg", "png", "avif", "tiff", "gif,fr:1", "webp,fr:first"])
def test_other_formats_hold_the_first_frame(engine, source, target):
    made = rendered(engine, moving(source, scenes()), f"f:{target}")

    assert made.rendition.frames == 1
    with Image.open(BytesIO(made.content)) as picture:
        assert getattr(picture, "n_frames", 1) == 1
        assert close(picture.convert("RGB").getpixel((3, 20)), (250, 0, 30), 10)


@pytest.mark.parametrize("target", OUT)
def test_the_pages_of_a_tiff_are_no_frames(engine, target):
    content = encoded(quadrants(), "tiff", save_all=True, append_images=[quadrants(20, 10)])

    assert rendered(engine, content, f"f:{target}").rendition.frames == 1


@pytest.mark.parametrize("target", OUT)
def test_frames_stay_clear_or_are_taken_back_as_the_gif_says(engine, target):
    whole = Image.new("RGB", (20, 10), BLUE)
    content = gif_of(
        (20, 10),
        Patch(whole, (0, 0), transparency=1),
        Patch(Image.new("RGB", (5, 5), RED), (0, 0), disposal=3),
        Patch(Image.new("RGB", (5, 5), GREEN), (10, 0), disposal=2, transparency=1),
        Patch(Image.new("RGB", (2, 2), RED), (18, 8)),
    )
    red, green = whole.convert("RGBA"), whole.convert("RGBA")
    red.paste(RED, (0, 0, 5, 5))
    green.paste(GREEN, (10, 0, 15, 5))
    cleared = whole.convert("RGBA")
    cleared.paste((0, 0, 0, 0), (10, 0, 15, 5))
    cleared.paste(RED, (18, 8, 20, 10))

    made = rendered(engine, content, f"f:{target}").content

    for shown in (frames_of(made), shown_elsewhere(made)):
        expected = (whole, red, green, cleared)
        assert [difference(*pair) for pair in zip(shown, expected, strict=True)] == [0, 0, 0, 0]


@pytest.mark.parametrize("target", OUT)
def test_what_the_first_frame_does_not_cover_is_transparent(engine, target):
    content = gif_of(
        (20, 10),
        Patch(Image.new("RGB", (5, 5), RED), (2, 2), transparency=1),
        Patch(Image.new("RGB", (5, 5), GREEN), (10, 2)),
    )

    first, second = frames_of(rendered(engine, content, f"f:{target}").content)

    assert [first.getpixel(at)[3] for at in ((0, 0), (4, 4), (12, 4))] == [0, 255, 0]
    assert [second.getpixel(at)[3] for at in ((0, 0), (4, 4), (12, 4))] == [0, 255, 255]


@pytest.mark.parametrize("target", OUT)
def test_the_picture_of_a_png_that_is_no_frame_is_not_shown(engine, target):
    red, green, blue = (Image.new("RGB", (8, 8), color) for color in (RED, GREEN, BLUE))
    content = encoded(red, "png", save_all=True, append_images=[green, blue], default_image=True, duration=100)

    made = rendered(engine, content, f"f:{target}")
    still = rendered(engine, content, "f:png")

    assert [picture.getpixel((4, 4))[:3] for picture in frames_of(made.content)] == [GREEN, BLUE]
    assert made.rendition.frames == 2
    assert frames_of(still.content)[0].getpixel((4, 4))[:3] == RED


def test_a_delay_by_nothing_is_no_failure(engine):
    content = moving("png", scenes(2))
    at = content.index(b"fcTL")
    chunk = content[at + 4 : at + 30]
    broken = chunk[:20] + b"\0\x05\0\0" + chunk[24:]
    content = content.replace(png_chunk(b"fcTL", chunk), png_chunk(b"fcTL", broken))

    assert delays_of(rendered(engine, content, "f:webp").content)[0] == 50


@pytest.mark.parametrize("target", [*OUT, "webp"])
def test_equal_neighbours_are_one_frame_that_is_shown_as_long(engine, target):
    first, second = scenes(2)
    shown = zip((first, second, second, first), (100, 200, 300, 400), strict=True)
    content = gif_of(first.size, *[Patch(picture, (0, 0), delay=delay) for picture, delay in shown])

    made = rendered(engine, content, f"f:{target}")

    assert len(delays_of(content)) == 4
    assert delays_of(made.content) == [100, 500, 400]
    assert made.rendition.frames == 3


def test_what_does_not_move_has_no_noise_in_gif(engine):
    shown = frames_of(rendered(engine, moving("webp", busy_scenes()), "f:gif").content)

    below = [picture.crop((0, 30, 120, 80)).tobytes() for picture in shown]
    assert len(set(below)) == 1


def test_what_moves_over_many_colours_is_near_in_gif(engine):
    pictures = busy_scenes()

    shown = frames_of(rendered(engine, moving("webp", pictures), "f:gif").content)

    for one, other in zip(shown, pictures, strict=True):
        assert difference(one, other) < 60
    assert [picture.getpixel((5 + 10 * index, 20))[:3] for index, picture in enumerate(shown)] == [RED] * 4


def test_few_colours_are_exact_in_every_frame_of_a_gif(engine):
    frames = [Image.linear_gradient("L").resize((250, 20)).rotate(angle) for angle in (0, 180, 90)]
    frames = [Image.merge("RGB", (frame, frame.point(lambda value: 255 - value), frame)) for frame in frames]

    shown = frames_of(rendered(engine, moving("webp", frames), "f:gif").content)

    assert [difference(*pair) for pair in zip(shown, frames, strict=True)] == [0, 0, 0]


def test_what_does_not_change_takes_no_colour_from_what_does(engine):
    first, second = textured(120, 80), textured(120, 80)
    for index in range(80):
        second.putpixel((index, index), (3 * index, 255 - index, 7))

    shown = frames_of(rendered(engine, moving("webp", [first, second]), "f:gif").content)

    assert [shown[1].getpixel((index, index))[:3] for index in range(80)] == [
        (3 * index, 255 - index, 7) for index in range(80)
    ]


def test_a_gif_that_turns_transparent_shows_nothing_of_what_was_before(engine):
    opaque, clear = scenes(2), scenes(2, "RGBA")
    content = moving("png", [*(picture.convert("RGBA") for picture in opaque), *clear])

    made = rendered(engine, content, "f:gif").content

    for shown in (frames_of(made), shown_elsewhere(made)):
        assert [difference(*pair) for pair in zip(shown, [*opaque, *clear], strict=True)] == [0] * 4


def test_a_gif_that_does_not_change_much_is_small(engine):
    whole = len(rendered(engine, moving("webp", busy_scenes()), "f:gif,fr:1").content)

    assert len(rendered(engine, moving("webp", busy_scenes()), "f:gif").content) < 1.5 * whole


@pytest.mark.parametrize("orientation", [3, 6])
def test_every_frame_is_brought_upright(engine, orientation):
    exif = Image.open(BytesIO(with_orientation(quadrants(), orientation))).getexif()
    content = encoded(
        quadrants(), "webp", save_all=True, append_images=[quadrants().rotate(180)], exif=exif, lossless=True
    )

    shown = frames_of(rendered(engine, content, "f:webp,ll:1").content)

    turn = {3: Image.Transpose.ROTATE_180, 6: Image.Transpose.ROTATE_270}[orientation]
    expected = [picture.transpose(turn) for picture in (quadrants(), quadrants().rotate(180))]
    assert [difference(*pair) for pair in zip(shown, expected, strict=True)] == [0, 0]


@pytest.mark.parametrize("source", ["webp", "png", "avif"])
@pytest.mark.parametrize("target", OUT)
def test_the_profile_means_the_colours_of_every_frame(engine, source, target):
    pictures = [Image.new("RGB", (8, 8), color) for color in (RED, GREEN, BLUE)]
    content = moving(source, pictures, icc_profile=swapped_profile())

    shown = frames_of(rendered(engine, content, f"f:{target}").content)

    expected = (GREEN, RED, BLUE)
    assert all(close(one.getpixel((4, 4))[:3], color, 4) for one, color in zip(shown, expected, strict=True))


@pytest.mark.parametrize("source", ["webp", "png", "avif"])
def test_the_profile_and_the_colours_of_every_frame_are_kept(engine, source):
    pictures = [Image.new("RGB", (8, 8), color) for color in (RED, GREEN, BLUE)]
    content = moving(source, pictures, icc_profile=swapped_profile())

    made = rendered(engine, content, "f:webp,ll:1,icc:keep").content

    with Image.open(BytesIO(made)) as picture:
        assert picture.info["icc_profile"] == swapped_profile()
    colors = [picture.getpixel((4, 4))[:3] for picture in frames_of(made)]
    assert all(close(one, other, 4) for one, other in zip(colors, (RED, GREEN, BLUE), strict=True))


@pytest.mark.parametrize("name", ["pillow", "vips"])
def test_all_frames_together_are_within_the_limits(name):
    narrow = open_engine(name, Limits(max_output_pixels=20_000))
    content = moving("webp", scenes())

    assert rendered(narrow, content, "rs:stretch:70:70,el:1,f:webp").rendition.frames == 4
    assert rendered(narrow, content, "rs:stretch:100:100,el:1,f:webp,fr:2").rendition.frames == 2
    with pytest.raises(OutputTooLarge):
        rendered(narrow, content, "rs:stretch:100:100,el:1,f:webp")


@pytest.mark.parametrize("target", OUT)
def test_equal_sources_and_specs_make_equal_animations(engine, target):
    content = moving("webp", busy_scenes())

    assert len({rendered(engine, content, f"rs:inside:50:,f:{target}").content for _ in range(3)}) == 1
