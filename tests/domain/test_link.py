"""Links as text: what is signed says all that the address gives, and nothing reads two ways."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from imgsvc.domain.errors import InvalidInput, InvalidParameter, InvalidSignature, LinkExpired
from imgsvc.domain.image import ImageId
from imgsvc.domain.link import Bounds, Link, at_width, split_path
from imgsvc.domain.notation import compact, parse

IMAGE = ImageId(UUID("0f5a6a4e-3a3e-4a0e-9a53-6f2f9f1c2b11"))


def a_link(spec="rs:cover:300:200,f:webp", **more):
    return Link(image_id=IMAGE, spec=parse(spec), **more)


@pytest.mark.parametrize(
    ("link", "path"),
    [
        (a_link(), f"/rs:cover:300:200/{IMAGE}.webp"),
        (a_link("f:jpeg"), f"/-/{IMAGE}.jpg"),
        (a_link("gray,f:auto,q:60"), f"/gray,q:60/{IMAGE}.auto"),
        (a_link(expires_at=1800000000), f"/exp:1800000000,rs:cover:300:200/{IMAGE}.webp"),
        (a_link(has_error_pictures=True), f"/err:image,rs:cover:300:200/{IMAGE}.webp"),
        (a_link("f:png", expires_at=5, has_error_pictures=True), f"/exp:5,err:image,-/{IMAGE}.png"),
        (a_link("f:png", bounds=Bounds(widths=[640, 320])), f"/widths:320:640,-/{IMAGE}.png"),
        (a_link("w:9,f:png", bounds=Bounds(max_width=900), expires_at=5), f"/exp:5,upto:900,rs:inside:9/{IMAGE}.png"),
    ],
)
def test_a_link_is_written_as_a_path_and_read_again(link, path):
    assert link.signed_path == path
    assert Link.of_signed_path(path) == link


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        f"/gray/{IMAGE}",
        f"/gray/{IMAGE}.webp/",
        f"//{IMAGE}.webp",
        f"/exp:05,gray/{IMAGE}.webp",
        f"/err:image,exp:5,gray/{IMAGE}.webp",
        f"/err:problem,gray/{IMAGE}.webp",
        "/gray/a.webp",
    ],
)
def test_no_other_spelling_is_a_link(path):
    with pytest.raises((InvalidInput, InvalidSignature)):
        Link.of_signed_path(path)


def test_the_chosen_width_is_no_part_of_what_is_signed():
    link = a_link(bounds=Bounds(widths=[640]))

    assert split_path(link.path_at(640)) == (link.signed_path, 640)
    assert split_path(link.signed_path) == (link.signed_path, None)


def test_only_signed_widths_are_given():
    listed, bounded = a_link(bounds=Bounds(widths=[320, 640])), a_link(bounds=Bounds(max_width=640))

    assert compact(listed.at(320)) == "rs:cover:320:213,f:webp"
    assert compact(bounded.at(639)) == "rs:cover:639:426,f:webp"
    assert listed.at(None) == listed.spec
    for link, width in ((listed, 321), (bounded, 641), (a_link(), 300)):
        with pytest.raises(InvalidSignature):
            link.at(width)


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("gray", "gray,rs:inside:50"),
        ("w:100,gray", "rs:inside:50,gray"),
        ("rs:cover:100:40,dpr:2", "rs:cover:50:20"),
        ("w:400,rot:90,rs:contain:100:100", "rs:inside:400,rot:90,rs:contain:50:50"),
    ],
)
def test_another_width_scales_the_last_resize_or_adds_one(spec, expected):
    assert compact(at_width(parse(spec), 50)) == expected


@pytest.mark.parametrize("spec", ["h:100", "w:50p", "rs:cover:100:50p"])
def test_a_resize_that_does_not_say_how_wide_it_is_has_no_family(spec):
    with pytest.raises(InvalidParameter):
        at_width(parse(spec), 50)


def test_a_link_is_good_until_it_expires():
    link = a_link(expires_at=1000)

    link.must_be_good(datetime.fromtimestamp(999, UTC))
    with pytest.raises(LinkExpired):
        link.must_be_good(datetime.fromtimestamp(1000, UTC))


@pytest.mark.parametrize(
    "bounds",
    [{"widths": [0]}, {"widths": [9000]}, {"widths": range(1, 22)}, {"max_width": 0}, {"widths": [1], "max_width": 9}],
)
def test_bounds_that_make_no_sense_are_refused(bounds):
    with pytest.raises(InvalidInput):
        Bounds(**bounds)
