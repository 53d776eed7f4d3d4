import copy
import hashlib
import json
import pickle

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from imgsvc.domain.errors import ConflictingParameters, InvalidInput, TooManyOperations, UnsupportedOutput
from imgsvc.domain.operations import Adjust, AutoOrient, Blur, Flip, Grayscale, Mirror, Rotate, Sepia, Watermark
from imgsvc.domain.transform import MAX_STEPS, MAX_WATERMARKS, Format, Output, TransformSpec
from tests.domain.specs import modestly, operations, outputs, specs


def test_the_canonical_json_is_stable():
    spec = TransformSpec([Blur(2.0), Rotate(90)], Output(Format.WEBP, 80))

    assert spec.canonical_json == (
        '{"output":{"format":"webp","quality":80},"steps":[{"op":"blur"},{"degrees":90,"op":"rotate"}]}'
    )


def test_the_id_is_the_hash_of_the_canonical_json():
    spec = TransformSpec([Watermark("größer")])

    assert spec.id == hashlib.sha256(spec.canonical_json.encode()).hexdigest()


def test_the_id_of_a_spec_never_changes_between_versions():
    # Variants are stored under it: when this fails, all of them would be made again.
    spec = TransformSpec([Flip(), Blur(1.5)], Output(Format.JPEG))

    assert spec.id == "8d3359c887245f2784537a4b18b86c7dde6bd8fa6c93b79ba4b40c93d99fc155"


def test_a_changed_spec_does_not_keep_the_id():
    spec = TransformSpec([Flip()])
    before = spec.id

    assert evolve(spec, steps=[Mirror()]).id != before


def test_a_spec_survives_copies_with_and_without_its_id():
    spec = TransformSpec([Flip()])
    fresh = pickle.loads(pickle.dumps(spec))

    known = (spec.id, pickle.loads(pickle.dumps(spec)))

    assert (fresh.id, known[1].id, copy.deepcopy(spec).id) == (known[0],) * 3


def test_the_id_is_no_part_of_what_a_spec_is():
    spec = TransformSpec([Flip()])
    shown = repr(spec)
    assert spec.id

    assert (repr(spec), hash(spec)) == (shown, hash(TransformSpec([Flip()])))


@modestly
@given(st.lists(operations, max_size=6), outputs)
def test_canonicalising_twice_changes_nothing(steps, output):
    watermarks = sum(isinstance(step, Watermark) for step in steps)
    spec = TransformSpec(steps if watermarks <= MAX_WATERMARKS else (), output)

    again = TransformSpec(spec.steps, spec.output)

    assert (again, again.id) == (spec, spec.id)


@modestly
@given(specs(), specs())
def test_equal_specs_and_only_they_have_equal_ids(one, other):
    assert (one == other) == (one.id == other.id)


@modestly
@given(specs())
def test_canonical_json_is_plain_json(spec):
    assert json.dumps(json.loads(spec.canonical_json), allow_nan=False)


def test_steps_that_change_nothing_are_dropped():
    spec = TransformSpec([AutoOrient(), Rotate(360), Flip(), Sepia(0), Adjust()])

    assert spec == TransformSpec([Flip()])


def test_the_order_of_steps_is_meaning():
    assert TransformSpec([Flip(), Rotate(90)]).id != TransformSpec([Rotate(90), Flip()]).id


def test_twice_the_same_step_is_done_twice():
    assert TransformSpec([Flip(), Flip()]).steps == (Flip(), Flip())


def test_adjustments_that_follow_each_other_are_one():
    spec = TransformSpec([Adjust(brightness=1), Rotate(0), Adjust(contrast=2), Adjust(saturation=3)])

    assert spec.steps == (Adjust(1, 2, 3),)


def test_adjustments_in_another_order_stay_apart():
    steps = (Adjust(contrast=2), Adjust(brightness=1), Grayscale(), Adjust(contrast=2))

    assert TransformSpec(steps).steps == steps


def test_orientation_is_switched_off_first_and_once():
    spec = TransformSpec([Flip(), AutoOrient(enabled=False), AutoOrient(enabled=False)])

    assert spec.steps == (AutoOrient(enabled=False), Flip())
    assert not spec.auto_orients


def test_a_spec_orients_by_default():
    assert TransformSpec().auto_orients
    assert TransformSpec([AutoOrient()]).auto_orients


def test_orientation_cannot_be_on_and_off():
    with pytest.raises(ConflictingParameters, match="auto_orient is both on and off"):
        TransformSpec([AutoOrient(), AutoOrient(enabled=False)])


def test_a_spec_has_a_limited_number_of_steps():
    assert len(TransformSpec([Flip()] * MAX_STEPS).steps) == MAX_STEPS
    with pytest.raises(TooManyOperations, match="21 steps are too many") as caught:
        TransformSpec([Flip()] * (MAX_STEPS + 1))

    assert (caught.value.path, caught.value.value, caught.value.allowed) == (("steps",), 21, "at most 20 steps")


def test_a_spec_has_a_limited_number_of_watermarks():
    assert TransformSpec([Watermark("x")] * MAX_WATERMARKS)
    with pytest.raises(TooManyOperations, match="5 watermarks are too many"):
        TransformSpec([Watermark("x")] * (MAX_WATERMARKS + 1))


@pytest.mark.parametrize("format", [Format.PNG, Format.GIF])
def test_quality_means_nothing_to_a_lossless_format(format):
    assert Output(format, 50) == Output(format)


@pytest.mark.parametrize("format", [Format.JPEG, Format.WEBP, None])
def test_quality_is_kept_where_it_may_matter(format):
    assert Output(format, 50).quality == 50


@pytest.mark.parametrize("quality", [0, 101, True, "80"])
def test_quality_is_a_number_from_1_to_100(quality):
    with pytest.raises(InvalidInput, match="quality must be"):
        Output(Format.JPEG, quality)


def test_jpg_is_another_word_for_jpeg():
    assert Format("jpg") is Format.JPEG
    assert Format.JPEG.extension == "jpg"


@pytest.mark.parametrize("name", ["JPEG", "bmp", "jxl", "", 5])
def test_another_format_is_unsupported(name):
    with pytest.raises(UnsupportedOutput, match="unknown output format") as caught:
        Format(name)

    assert caught.value.allowed == "auto, avif, gif, jpeg, png, tiff, webp"


def test_auto_is_no_format_of_its_own():
    with pytest.raises(UnsupportedOutput, match="auto chooses among formats") as caught:
        Format("auto")

    assert (caught.value.allowed, caught.value.nearest) == ("avif, gif, jpeg, png, tiff, webp", None)


@pytest.mark.parametrize(
    ("media_type", "format"),
    [
        ("image/jpeg", Format.JPEG),
        ("image/gif", Format.GIF),
        ("image/bmp", Format.PNG),
        ("image/heic", Format.JPEG),
        ("", Format.PNG),
    ],
)
def test_a_source_keeps_its_format_where_we_can_write_it(media_type, format):
    assert Format.of_source(media_type) is format


def test_a_format_knows_its_media_type():
    names = ["jpeg", "png", "webp", "avif", "gif", "tiff"]
    assert [one.media_type for one in Format] == [f"image/{name}" for name in names]
