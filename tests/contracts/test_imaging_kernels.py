"""What every image engine promises of kernels and of dpr, of a resize."""

from io import BytesIO

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image

from imgsvc.adapters.imaging import open_engine
from imgsvc.domain.limits import Limits
from imgsvc.domain.notation import parse
from imgsvc.domain.operations import Crop, Fit, Kernel, Resize
from tests.contracts.engines import close, corners, engine, made, same, spec_of  # noqa: F401  # engine is a fixture
from tests.domain.specs import modestly
from tests.pictures import QUADRANTS, RED, decoded, encoded, half_clear, quadrants, textured, with_orientation

# ruff: noqa: F811  # a fixture that is imported has the name of the parameter it becomes

MIXING = [kernel for kernel in Kernel if kernel is not Kernel.NEAREST]


def edge(width: int = 120, height: int = 20) -> Image.Image:
    """Dark on the left, light on the right, and no extremes, so that there is room to overshoot."""
    picture = Image.new("L", (width, height), 60)
    picture.paste(190, (width // 2, 0, width, height))
    return picture


def extremes(engine, picture: Image.Image, spec: str) -> tuple[int, int]:
    return made(engine, picture, f"{spec},f:png").convert("L").getextrema()


@pytest.mark.parametrize("spec", ["rs:stretch:100:70,el:1", "rs:stretch:13:7", "rs:inside:60:,el:1", "rs:cover:9:9"])
@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
def test_nearest_makes_no_new_colour(engine, spec, mode):
    picture = textured(40, 20).convert(mode)
    known = {color for _, color in picture.getcolors(800)}

    colors = {color for _, color in made(engine, picture, f"{spec},kernel:nearest").getcolors(10000)}

    assert len(colors) > 20
    assert colors <= known


def test_nearest_repeats_pixels_in_blocks(engine):
    picture = textured(20, 10)

    larger = made(engine, picture, "rs:stretch:60:30,el:1,kernel:nearest")

    assert all(larger.getpixel((x, y)) == picture.getpixel((x // 3, y // 3)) for x in range(60) for y in range(30))


@pytest.mark.parametrize("format", ["jpeg", "png", "webp"])
@pytest.mark.parametrize("orientation", [1, 6])
def test_nearest_takes_pixels_of_the_file_itself(engine, format, orientation):
    board = Image.new("L", (400, 320))
    board.putdata([255 * ((x // 2 + y // 2) % 2) for y in range(320) for x in range(400)])
    content = with_orientation(board.convert("RGB"), orientation, format)
    known = {color for _, color in decoded(content).convert("RGB").getcolors(2**17)}

    picture = made(engine, content, "rs:inside:40:,kernel:nearest,f:png").convert("RGB")

    # The mean, which a scaled decode would give, is 127.
    assert {color for _, color in picture.getcolors()} <= known
    assert all(shade < 40 or shade > 215 for shade in picture.convert("L").get_flattened_data())


@pytest.mark.parametrize("kernel", MIXING)
def test_all_others_average_what_they_shrink(engine, kernel):
    board = Image.new("L", (64, 64))
    board.putdata([255 * ((x + y) % 2) for y in range(64) for x in range(64)])

    lowest, highest = made(engine, board, f"rs:inside:8:,kernel:{kernel}").crop((2, 2, 6, 6)).getextrema()

    assert 122 <= lowest <= highest <= 132


@pytest.mark.parametrize("spec", ["rs:inside:40:", "rs:stretch:360:20,el:1"])
def test_only_the_sharper_kernels_overshoot(engine, spec):
    assert extremes(engine, edge(), f"{spec},kernel:bilinear") == (60, 190)
    assert extremes(engine, edge(), f"{spec},kernel:nearest") == (60, 190)
    for kernel in ("bicubic", "lanczos"):
        lowest, highest = extremes(engine, edge(), f"{spec},kernel:{kernel}")
        assert lowest < 59
        assert highest > 191


@pytest.mark.parametrize("spec", ["rs:inside:40:", "rs:stretch:360:20,el:1"])
@pytest.mark.parametrize(("kernel", "waves"), [("bicubic", False), ("lanczos", True)])
def test_only_the_sharpest_kernel_swings_back(engine, spec, kernel, waves):
    picture = made(engine, edge(), f"{spec},kernel:{kernel}").convert("L")

    light = [picture.getpixel((x, picture.height // 2)) for x in range(picture.width // 2 + 1, picture.width)]
    assert (min(light) < 190) is waves


@pytest.mark.parametrize("kernel", Kernel)
@pytest.mark.parametrize("format", ["jpeg", "png"])
def test_every_kernel_keeps_things_in_their_places(engine, format, kernel):
    content = encoded(quadrants(800, 400), format)

    picture = made(engine, content, f"rs:inside:80:,kernel:{kernel},f:png")

    assert picture.size == (80, 40)
    assert all(close(one, other, 4) for one, other in zip(corners(picture), QUADRANTS, strict=True))


@pytest.mark.parametrize("kernel", MIXING)
@pytest.mark.parametrize("spec", ["rs:inside:10:", "rs:stretch:80:40,el:1"])
def test_no_kernel_lets_what_is_hidden_bleed(engine, kernel, spec):
    picture = made(engine, half_clear(), f"{spec},kernel:{kernel}")

    assert all(pixel[1] <= 8 for pixel in picture.get_flattened_data() if pixel[3] > 16)


@pytest.mark.parametrize("kernel", MIXING)
def test_a_jpeg_shrinks_by_every_kernel_as_its_pixels_do(engine, kernel):
    content = encoded(textured(640, 480), "jpeg")

    from_jpeg = made(engine, content, f"rs:inside:64:,kernel:{kernel},f:png")
    from_pixels = made(engine, decoded(content), f"rs:inside:64:,kernel:{kernel}")

    pairs = zip(from_jpeg.get_flattened_data(), from_pixels.get_flattened_data(), strict=True)
    assert all(close(one, other, 6) for one, other in pairs)


@pytest.mark.parametrize(
    ("spec", "size"),
    [
        ("rs:cover:10:8,dpr:2", (20, 16)),
        ("rs:inside:10:,dpr:1.5", (15, 8)),
        ("rs:inside:25p:,dpr:2", (20, 10)),
        ("rs:inside:40:,dpr:2", (40, 20)),
        ("rs:inside:40:,dpr:2,el:1", (80, 40)),
        ("rs:inside:40:,dpr:0.1", (4, 2)),
        ("rs:contain:30:30,dpr:2,el:1", (60, 60)),
        ("rs:stretch:5:5,dpr:8,el:1", (40, 40)),
    ],
)
def test_dpr_multiplies_what_is_asked_for(engine, spec, size):
    picture = made(engine, quadrants(), spec)

    assert picture.size == size


def test_dpr_changes_nothing_but_the_size(engine):
    content = encoded(quadrants(800, 400), "jpeg")

    once, twice = (
        engine.render(BytesIO(content), parse(spec)).content
        for spec in ("rs:cover:100:100:west", "rs:cover:50:50:west,dpr:2")
    )

    assert once == twice


def test_a_pixel_may_become_a_picture_by_any_kernel(engine):
    for kernel in Kernel:
        picture = made(engine, Image.new("RGB", (1, 1), RED), f"rs:stretch:50:40,el:1,kernel:{kernel}")
        assert picture.getcolors() == [(2000, RED)]


@modestly
@given(
    size=st.tuples(st.integers(100, 700), st.integers(100, 700)),
    target=st.tuples(st.integers(4, 40), st.integers(4, 40)),
)
@example(size=(183, 275), target=(4, 5))
@pytest.mark.parametrize(("name", "tolerance"), [("pillow", 12), ("vips", 6)])
def test_a_picture_is_shrunken_to_the_same_from_either_side(name, tolerance, size, target):
    engine, steps = open_engine(name, Limits()), spec_of(Resize(*target, fit=Fit.STRETCH))
    source, half = textured(*size), Image.Transpose.ROTATE_180

    shrunken, turned = made(engine, source, steps), made(engine, source.transpose(half), steps)

    assert same(turned.transpose(half), shrunken, tolerance)


@modestly
@given(
    size=st.tuples(st.integers(300, 700), st.integers(300, 700)),
    target=st.tuples(st.integers(4, 80), st.integers(4, 80)),
    corner=st.tuples(st.integers(0, 200), st.integers(0, 200)),
    orientation=st.integers(1, 8),
)
@example(size=(300, 300), target=(4, 6), corner=(3, 6), orientation=3)
@pytest.mark.parametrize("name", ["pillow", "vips"])
def test_shrinking_a_jpeg_is_shrinking_its_pixels(name, size, target, corner, orientation):
    engine = open_engine(name, Limits())
    source = textured(*size)
    steps = Crop(*corner, width=500, height=500), Resize(*target)
    content = with_orientation(source, orientation, "jpeg")

    from_jpeg, from_pixels = made(engine, content, spec_of(*steps)), made(engine, source, spec_of(*steps))

    assert same(from_jpeg, from_pixels, 10)
