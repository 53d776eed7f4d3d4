import pytest
from attrs import evolve
from hypothesis import given

from imgsvc.domain.errors import ConflictingParameters, InvalidInput
from imgsvc.domain.output import AUTO, Format, Metadata, Output, Profile
from tests.domain.specs import modestly, outputs

WEB = ("image/avif", "image/webp", "image/png")


def test_who_made_a_picture_stays_and_where_it_was_made_does_not_unless_asked():
    assert Output().metadata is Metadata.COPYRIGHT
    assert Output().icc is Profile.SRGB


@pytest.mark.parametrize("format", [Format.PNG, Format.GIF, Format.TIFF])
def test_quality_means_nothing_to_a_lossless_format(format):
    assert Output(format, 50) == Output(format)


@pytest.mark.parametrize("format", [Format.PNG, Format.TIFF])
def test_what_is_lossless_anyway_need_not_be_told(format):
    assert Output(format, lossless=True) == Output(format)


def test_a_lossless_picture_has_no_quality():
    assert Output(Format.WEBP, 50, lossless=True) == Output(Format.WEBP, lossless=True)


@pytest.mark.parametrize(
    ("format", "option"),
    [
        (Format.JPEG, {"lossless": True}),
        (Format.GIF, {"lossless": True}),
        (Format.WEBP, {"progressive": True}),
        (Format.AVIF, {"progressive": True}),
        (Format.JPEG, {"png_level": 0}),
        (Format.JPEG, {"frames": 2}),
        (Format.AVIF, {"frames": 2}),
    ],
)
def test_an_option_that_means_nothing_to_the_format_is_refused(format, option):
    (name,) = option
    with pytest.raises(ConflictingParameters, match=f"{name} means nothing to {format}") as caught:
        Output(format, **option)

    assert caught.value.path == (name,)
    assert f"{name} with" in caught.value.allowed


def test_the_first_frame_is_one_frame_and_all_there_is_where_nothing_moves():
    assert Output(Format.GIF, frames="first") == Output(Format.GIF, frames=1)
    assert Output(Format.JPEG, frames="first") == Output(Format.JPEG)


@pytest.mark.parametrize(
    ("source", "has_alpha", "accepted", "format"),
    [
        ("image/jpeg", False, WEB, Format.AVIF),
        ("image/jpeg", False, ("image/webp",), Format.WEBP),
        ("image/jpeg", False, (), Format.JPEG),
        ("image/png", True, (), Format.PNG),
        ("image/webp", True, (), Format.PNG),
        ("image/webp", False, (), Format.JPEG),
        ("image/tiff", False, (), Format.JPEG),
        ("image/gif", True, WEB, Format.WEBP),
        ("image/gif", True, (), Format.GIF),
    ],
)
def test_auto_is_the_best_format_that_the_client_shows(source, has_alpha, accepted, format):
    assert Output(AUTO).resolved(source, has_alpha, accepted).format is format


@pytest.mark.parametrize(
    ("options", "accepted", "format"),
    [
        ({"lossless": True}, WEB, Format.AVIF),
        ({"lossless": True}, (), Format.PNG),
        ({"progressive": True}, WEB, Format.PNG),
        ({"progressive": True}, ("image/webp",), Format.JPEG),
        ({"png_level": 3}, ("image/webp",), Format.PNG),
        ({"frames": 5}, ("image/avif",), Format.AVIF),
        ({"frames": 5}, (), Format.JPEG),
        ({}, ("image/png",), Format.PNG),
    ],
)
def test_auto_is_a_format_to_which_every_option_means_something(options, accepted, format):
    assert Output(AUTO, **options).resolved("image/jpeg", False, accepted).format is format


def test_without_a_format_the_source_decides():
    assert Output(quality=50).resolved("image/webp", False) == Output(Format.WEBP, 50)
    assert Output().resolved("image/bmp", False).format is Format.PNG
    with pytest.raises(ConflictingParameters):
        Output(lossless=True).resolved("image/jpeg", False)


@modestly
@given(outputs)
def test_a_resolved_output_stays_as_it_is(output):
    try:
        resolved = output.resolved("image/png", True, WEB)
    except InvalidInput:
        return

    assert resolved.resolved("image/jpeg", False) == resolved
    assert evolve(resolved) == resolved
