"""Renderings by query over a real socket: the pixels that come out, and the queries that cannot be done."""

from io import BytesIO

import pytest
from PIL import Image

from imgsvc.adapters.imaging import open_engine
from imgsvc.domain.limits import Limits
from tests.pictures import BLUE, GREEN, RED, WHITE, decoded, encoded, half_clear, quadrants

IMAGES = "/v1/images"
PICTURE = encoded(quadrants())


@pytest.fixture
def image_id(account):
    return account.upload(PICTURE)


def problem_of(answer):
    return answer.status_code, answer.json()["code"]


# Rendering by query


def rendered(account, image_id, query):
    answer = account.client.get(f"{IMAGES}/{image_id}/content?{query}")
    assert answer.status_code == 200, answer.text
    return decoded(answer.content)


def corners(picture):
    """Top left, top right, bottom left, bottom right, as RGB."""
    rgb, (width, height) = picture.convert("RGB"), picture.size
    return tuple(rgb.getpixel((x, y)) for y in (1, height - 2) for x in (1, width - 2))


@pytest.mark.parametrize(
    ("query", "size", "expected"),
    [
        ("t=ao:1", (40, 20), (RED, GREEN, BLUE, WHITE)),
        ("t=flip", (40, 20), (BLUE, WHITE, RED, GREEN)),
        ("flip=1", (40, 20), (BLUE, WHITE, RED, GREEN)),
        ("t=mirror", (40, 20), (GREEN, RED, WHITE, BLUE)),
        ("mirror=true", (40, 20), (GREEN, RED, WHITE, BLUE)),
        ("t=rot:90", (20, 40), (BLUE, RED, WHITE, GREEN)),
        ("rotate=90", (20, 40), (BLUE, RED, WHITE, GREEN)),
        ("rotate=-90", (20, 40), (GREEN, WHITE, RED, BLUE)),
        ("t=crop:20:0:20:10", (20, 10), (GREEN, GREEN, GREEN, GREEN)),
        ("crop=20,0,20,10", (20, 10), (GREEN, GREEN, GREEN, GREEN)),
        ("crop=0,50%25,50%25,50%25", (20, 10), (BLUE, BLUE, BLUE, BLUE)),
        ("crop=30,15,100,100", (10, 5), (WHITE, WHITE, WHITE, WHITE)),
        ("t=crop:10:10@southeast", (10, 10), (WHITE, WHITE, WHITE, WHITE)),
        ("t=rot:90,crop:0:0:10:20", (10, 20), (BLUE, BLUE, BLUE, BLUE)),
        ("t=crop:0:0:20:10,rot:90", (10, 20), (RED, RED, RED, RED)),
    ],
)
def test_a_query_moves_the_pixels_it_names(account, image_id, query, size, expected):
    picture = rendered(account, image_id, query)

    assert (picture.size, corners(picture)) == (size, expected)


@pytest.mark.parametrize(
    ("query", "size"),
    [
        ("width=20", (20, 10)),
        ("height=5", (10, 5)),
        ("width=50%25", (20, 10)),
        ("width=80", (40, 20)),
        ("width=80&enlarge=1", (80, 40)),
        ("width=60&height=60", (60, 60)),
        ("width=10&height=10&fit=inside", (10, 5)),
        ("width=10&height=10&fit=outside", (20, 10)),
        ("width=10&height=10&fit=contain", (10, 10)),
        ("width=10&height=10&fit=stretch", (10, 10)),
        ("t=w:10", (10, 5)),
        ("t=rs:cover:10:10", (10, 10)),
        ("t=w:60,h:60", (40, 20)),
        ("t=w:60,h:60,el:1", (60, 60)),
        ("t=w:50p", (20, 10)),
        ("rotate=45", (43, 43)),
        ("width=1", (1, 1)),
    ],
)
def test_a_query_gives_the_size_it_names(account, image_id, query, size):
    assert rendered(account, image_id, query).size == size


@pytest.mark.parametrize("query", ["t=gray", "grayscale=1", "grayscale=true"])
def test_a_gray_picture_has_no_colour(account, image_id, query):
    assert all(red == green == blue for red, green, blue in corners(rendered(account, image_id, query)))


@pytest.mark.parametrize(
    ("query", "format"),
    [("t=f:webp", "WEBP"), ("format=webp", "WEBP"), ("format=jpg", "JPEG"), ("format=gif", "GIF"), ("blur=1", "PNG")],
)
def test_a_query_gives_the_format_it_names(account, image_id, query, format):
    answer = account.client.get(f"{IMAGES}/{image_id}/content?{query}")

    assert Image.open(BytesIO(answer.content)).format == format
    assert answer.headers["Content-Type"] == Image.MIME[format]


def test_quality_makes_bytes_fewer(account):
    image_id = account.upload(encoded(Image.effect_noise((200, 200), 80), "jpeg"))
    path = f"{IMAGES}/{image_id}/content"

    sizes = [len(account.client.get(f"{path}?{query}").content) for query in ("quality=90", "compress=60", "t=q:10")]

    assert sizes == sorted(sizes, reverse=True)


@pytest.mark.parametrize(("query", "color"), [("format=jpeg", WHITE), ("format=jpeg&background=0000ff", BLUE)])
def test_what_is_transparent_is_laid_on_a_colour_for_jpeg(account, query, color):
    image_id = account.upload(encoded(half_clear()))

    pixel = rendered(account, image_id, query).getpixel((35, 10))

    assert all(abs(one - other) <= 3 for one, other in zip(pixel, color, strict=True))


def test_a_watermark_changes_its_region_only(account):
    image_id = account.upload(encoded(Image.new("RGB", (200, 100), BLUE)))

    picture = rendered(account, image_id, "watermarkText=hello")

    assert picture.crop((0, 0, 100, 50)).getcolors() == [(5000, BLUE)]
    assert len(picture.crop((100, 50, 200, 100)).getcolors()) > 1


def test_the_engine_is_named(account, image_id):
    named = account.client.get(f"{IMAGES}/{image_id}/content?width=10").headers["X-Imgsvc-Engine"]

    assert named == open_engine("auto", Limits()).fingerprint


REFUSED_QUERIES = [
    ("t=rezise:3", "unknown_operation"),
    ("t=,", "unknown_operation"),
    ("t=%00", "unknown_operation"),
    ("widht=3", "unknown_parameter"),
    ("t=w:10&x=3", "unknown_parameter"),
    ("t=w:10&width=3", "conflicting_parameters"),
    ("width=3&width=3", "duplicate_parameter"),
    ("quality=60&compress=60", "duplicate_parameter"),
    ("t=w:10&t=w:10", "duplicate_parameter"),
    *[
        (f"width={one}", "invalid_parameter")
        for one in (
            "0",
            "-1",
            "1.5",
            "abc",
            "1e9",
            "NaN",
            "%D9%A3",
            "%2B5",
            "0x10",
            "",
            "007",
            "9" * 25,
            "8193",
            "0%25",
        )
    ],
    *[(f"t=w:{one}", "invalid_parameter") for one in ("0", "-1", "1.5", "abc", "1e9", "9" * 25, "", "8193", "0p")],
    ("quality=0", "invalid_parameter"),
    ("quality=101", "invalid_parameter"),
    ("blur=1e6", "invalid_parameter"),
    ("blur=1000000", "invalid_parameter"),
    ("rotate=NaN", "invalid_parameter"),
    ("rotate=361", "invalid_parameter"),
    ("fit=cover", "invalid_parameter"),
    ("gravity=top&width=1", "invalid_parameter"),
    ("background=red%3B", "invalid_parameter"),
    ("background=%23ggg", "invalid_parameter"),
    ("background=rgb(300,0,0)", "invalid_parameter"),
    ("flip=yes", "invalid_parameter"),
    ("crop=1,2,3", "invalid_parameter"),
    ("crop=0,0,0,0", "invalid_parameter"),
    ("crop=101%25,0,1,1", "invalid_parameter"),
    ("watermarkText=", "invalid_parameter"),
    ("watermarkText=a%00b", "invalid_parameter"),
    ("watermarkText=a%E2%80%AEb", "invalid_parameter"),
    ("watermarkText=" + "x" * 300, "invalid_parameter"),
    ("t=wm:hello", "invalid_parameter"),
    ("t=" + "w:10," * 500, "invalid_parameter"),
    ("t=" + ",".join(["flip"] * 21), "too_many_operations"),
    ("t=" + ",".join(["wm:t.aGk"] * 5), "too_many_operations"),
    ("format=bmp", "unsupported_output"),
    ("format=JPEG", "unsupported_output"),
    ("format=..%2Fpng", "unsupported_output"),
    ("crop=40,0,5,5", "crop_out_of_bounds"),
    ("t=crop:0:20:5:5", "crop_out_of_bounds"),
    ("width=8192&height=8192", "output_too_large"),
    ("t=w:8192,h:6000,fit:stretch,el:1,rot:45", "output_too_large"),
]


@pytest.mark.parametrize(("query", "code"), REFUSED_QUERIES, ids=lambda value: value[:40])
def test_a_query_that_cannot_be_done_is_refused_with_what_is_allowed(account, image_id, query, code):
    answer = account.client.get(f"{IMAGES}/{image_id}/content?{query}")

    assert problem_of(answer) == (422, code)
    assert answer.headers["Cache-Control"] == "no-store"
    assert {"parameter", "pointer"} & set(answer.json())
    assert answer.json()["allowed"]


@pytest.mark.parametrize(
    ("query", "nearest"),
    [
        ("widht=3", "width"),
        ("width=3&fit=covr", "cover"),
        ("format=webpp", "webp"),
        ("t=grey", "gray"),
        ("t=flp", "flip"),
    ],
)
def test_a_misspelt_query_is_told_the_nearest_valid_name(account, image_id, query, nearest):
    answer = account.client.get(f"{IMAGES}/{image_id}/content?{query}")

    assert answer.json()["nearest"] == nearest
    assert f"did you mean '{nearest}'?" in answer.json()["detail"]


def test_a_refused_rendering_leaves_no_variant(account, image_id):
    account.client.get(f"{IMAGES}/{image_id}/content?crop=40,0,5,5")

    assert account.client.get(f"{IMAGES}/{image_id}/variants").json()["items"] == []
