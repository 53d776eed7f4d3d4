"""What memory a plan tells, at least and at most: never less for more to do."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgsvc.domain.errors import InvalidInput
from imgsvc.domain.image import Facts
from imgsvc.domain.limits import Limits
from imgsvc.domain.notation import parse
from imgsvc.domain.plan import outlook
from tests.domain.specs import modestly, specs

MEDIA_TYPES = ["image/jpeg", "image/png", "image/webp", "image/avif", "image/heic", "image/gif", "image/tiff"]
FORMATS = ["jpeg", "png", "webp", "avif", "gif", "tiff"]
MEBIBYTE = 2**20


def picture(media_type="image/png", width=4000, height=3000, **more):
    return Facts(media_type=media_type, stored_width=width, stored_height=height, **more)


def memory(text, facts):
    """The least and the most, in bytes."""
    found = outlook(parse(text), facts, Limits())
    return found.least_memory_bytes, found.memory_bytes


sides = st.integers(1, 16384)
pictures = st.builds(
    Facts,
    media_type=st.sampled_from(MEDIA_TYPES),
    stored_width=sides,
    stored_height=sides,
    orientation=st.integers(1, 8),
    frames=st.just(1) | st.integers(1, 100),
    has_alpha=st.booleans(),
)


@modestly
@given(specs(), pictures)
def test_the_least_is_never_more_than_the_most(spec, facts):
    try:
        found = outlook(spec, facts, Limits())
    except InvalidInput:
        return

    assert found.least_memory_bytes <= found.memory_bytes


@pytest.mark.parametrize("media_type", MEDIA_TYPES)
@pytest.mark.parametrize("format", FORMATS)
def test_every_file_and_format_takes_more_at_most_than_at_least(media_type, format):
    for text in (f"f:{format}", f"gray,f:{format}"):
        least, most = memory(text, picture(media_type, 8000, 6000))

        assert 0 < least < most


@modestly
@given(st.sampled_from(MEDIA_TYPES), st.sampled_from(FORMATS), sides, sides, st.integers(0, 5000))
def test_a_larger_picture_never_takes_less(media_type, format, width, height, more):
    least, most = memory(f"f:{format}", picture(media_type, width, height))

    wider = memory(f"f:{format}", picture(media_type, width + more, height))
    higher = memory(f"f:{format}", picture(media_type, width, height + more))

    assert min(wider[0], higher[0]) >= least
    assert min(wider[1], higher[1]) >= most


@pytest.mark.parametrize("format", FORMATS)
def test_four_times_the_pixels_take_four_times_the_memory_beside_the_process(format):
    empty = memory(f"f:{format}", picture(width=1, height=1))[1]
    small = memory(f"f:{format}", picture(width=2000, height=1500))[1]

    assert memory(f"f:{format}", picture())[1] - empty == pytest.approx(4 * (small - empty), rel=1e-4)


@pytest.mark.parametrize("media_type", MEDIA_TYPES)
def test_avif_takes_more_than_any_other_format(media_type):
    least, most = memory("f:avif", picture(media_type))

    others = [memory(f"f:{format}", picture(media_type)) for format in FORMATS if format != "avif"]

    assert least > max(one for one, _ in others)
    assert most > max(one for _, one in others)


@pytest.mark.parametrize("format", ["webp", "avif"])
def test_no_loss_takes_more(format):
    with_loss, without = memory(f"f:{format}", picture()), memory(f"f:{format},ll:1", picture())

    assert without[0] > with_loss[0]
    assert without[1] > with_loss[1]


@pytest.mark.parametrize("format", ["jpeg", "png"])
def test_a_progressive_result_takes_more(format):
    assert memory(f"f:{format},pr:1", picture(has_alpha=True))[1] > memory(f"f:{format}", picture(has_alpha=True))[1]


@pytest.mark.parametrize("steps", ["", "tint:red,"])
@pytest.mark.parametrize("format", FORMATS)
def test_alpha_takes_more(format, steps):
    opaque, cut_out = (memory(f"{steps}f:{format}", picture(has_alpha=alpha)) for alpha in (False, True))

    assert cut_out[1] > opaque[1]


def test_a_step_that_makes_room_beside_the_picture_takes_as_much_as_alpha():
    assert memory("pad:0:0:1,f:webp", picture())[1] > memory("gray,f:webp", picture())[1] * 1.2


def test_a_shrunken_jpeg_takes_less_than_one_at_full_size():
    jpeg = picture("image/jpeg")

    shrunken = memory("w:400", jpeg)[1]

    assert shrunken < memory("w:400,kernel:nearest", jpeg)[1]  # which needs the file's own pixels
    assert shrunken < memory("w:400", picture("image/png"))[1]
    assert shrunken < memory("", jpeg)[1]


def test_the_coefficients_of_a_progressive_jpeg_are_counted_however_small_it_becomes():
    assert memory("w:100", picture("image/jpeg"))[1] > 6 * 12_000_000 + 80 * MEBIBYTE


def test_a_result_that_only_the_pixels_tell_is_not_counted_to_the_least():
    assert memory("trim,f:avif", picture())[0] < memory("f:avif", picture())[0]


def test_every_frame_that_is_written_counts_at_most_and_none_at_least():
    moving = picture("image/webp", 400, 300, frames=20)

    all_frames, first = memory("f:webp", moving), memory("f:webp,fr:1", moving)

    assert all_frames[1] - first[1] == 19 * 400 * 300 * 4
    assert all_frames[0] == 48 * MEBIBYTE
