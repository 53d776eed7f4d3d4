"""Transforms asked for over a real socket: modes, every shape of a spec, and what becomes of them."""

import json
import re
import zlib
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest

from tests.pictures import BLUE, GREEN, RED, WHITE, decoded, encoded, quadrants

PICTURE = encoded(quadrants())
CANONICAL = {
    "steps": [
        {"op": "crop", "x": 0, "y": 0, "width": 20, "height": 20},
        {"op": "resize", "width": 10, "height": 10, "enlarge": True},
        {"op": "rotate", "degrees": 90},
        {"op": "grayscale"},
    ],
    "output": {"format": "webp", "quality": 60},
}


@pytest.fixture
def image_id(account):
    return account.upload(PICTURE)


@pytest.fixture(scope="module")
def owner(server):
    account = server.account()
    with account.client:
        yield account


@pytest.fixture(scope="module")
def owned_id(owner):
    """An image for requests that leave nothing."""
    return owner.upload(PICTURE)


def transform(account, image_id, spec, mode=None):
    params = {} if mode is None else {"mode": mode}
    return account.client.post(f"/v1/images/{image_id}/transform", json=spec, params=params)


def post_body(account, image_id, body, content_type="application/json", *, mode="auto", **headers):
    path = f"/v1/images/{image_id}/transform?mode={mode}"
    return account.client.post(path, content=body, headers={"Content-Type": content_type, **headers})


def problem_of(answer):
    return answer.status_code, answer.json()["code"]


# Modes


@pytest.mark.on_every_deployment("POST /v1/images/{image_id}/transform", "GET /v1/variants/{variant_id}")
@pytest.mark.parametrize("mode", [None, "auto", "sync"])
def test_a_small_variant_is_made_at_once(account, image_id, mode):
    answer = transform(account, image_id, CANONICAL, mode)

    variant = answer.json()
    assert (answer.status_code, variant["status"]) == (201, "ready")
    assert answer.headers["Location"] == f"/v1/variants/{variant['id']}"
    assert account.client.get(answer.headers["Location"]).json() == variant
    assert (variant["rendition"]["width"], variant["rendition"]["height"]) == (10, 10)
    assert (variant["rendition"]["media_type"], variant["job_url"]) == ("image/webp", None)


@pytest.mark.on_every_deployment("POST /v1/images/{image_id}/transform", "GET /v1/jobs/{job_id}")
def test_what_is_asked_for_in_the_background_is_a_job(account, image_id):
    answer = transform(account, image_id, CANONICAL, "async")

    variant = answer.json()
    assert (answer.status_code, answer.headers["Location"]) == (202, f"/v1/jobs/{variant['id']}")
    assert account.client.get(answer.headers["Location"]).json()["id"] == variant["id"]
    assert variant["job_url"] == answer.headers["Location"]


@pytest.mark.on_every_deployment
@pytest.mark.parametrize(("first", "status"), [("sync", 201), ("async", 202)])
@pytest.mark.parametrize(("second", "again"), [("sync", 200), ("auto", 200), ("async", 202)])
def test_asking_twice_gives_the_same_variant(account, image_id, first, status, second, again):
    one = transform(account, image_id, CANONICAL, first)
    transform(account, image_id, CANONICAL, "sync")

    other = transform(account, image_id, CANONICAL, second)

    assert (one.status_code, other.status_code) == (status, again)
    assert one.json()["id"] == other.json()["id"]
    assert len(account.client.get(f"/v1/images/{image_id}/variants").json()["items"]) == 1


@pytest.mark.on_every_deployment
def test_many_who_ask_at_once_get_one_variant(server, account, image_id):
    def ask(mode):
        with server.client(account.token) as client:
            return client.post(f"/v1/images/{image_id}/transform", json=CANONICAL, params={"mode": mode})

    with ThreadPoolExecutor(12) as threads:
        answers = list(threads.map(ask, ["sync", "auto", "async"] * 4))

    assert {answer.status_code for answer in answers} <= {200, 201, 202}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert len(account.client.get(f"/v1/images/{image_id}/variants").json()["items"]) == 1


@pytest.mark.parametrize(
    ("query", "code", "parameter", "nearest"),
    [
        ("mode=snyc", "invalid_parameter", "mode", "sync"),
        ("mode=", "invalid_parameter", "mode", None),
        ("mode=SYNC", "invalid_parameter", "mode", "sync"),
        ("mode=sync&mode=sync", "duplicate_parameter", "mode", None),
        ("mod=sync", "unknown_parameter", "mod", "mode"),
        ("t=gray", "unknown_parameter", "t", None),
    ],
)
def test_a_mode_that_is_none_is_refused(owner, owned_id, query, code, parameter, nearest):
    answer = owner.client.post(f"/v1/images/{owned_id}/transform?{query}", json={})

    assert problem_of(answer) == (422, code)
    assert (answer.json()["parameter"], answer.json().get("nearest")) == (parameter, nearest)
    assert answer.json()["allowed"]


# Shapes


SHAPES = {
    "transformations": {
        "transformations": {
            "crop": {"x": 0, "y": 0, "width": 20, "height": 20},
            "resize": {"width": 10, "height": 10},
            "rotate": 90,
            "format": "webp",
            "compress": 60,
            "filters": {"grayscale": True, "sepia": False},
        }
    },
    "flat": {
        "quality": 60,
        "format": "webp",
        "grayscale": True,
        "rotate": 90,
        "resize": {"width": 10, "height": 10},
        "crop": {"x": 0, "y": 0, "width": 20, "height": 20},
        "blur": None,
        "flip": False,
    },
    "list": [
        {"operation": "crop", "params": {"x": 0, "y": 0, "width": 20, "height": 20}},
        {"operation": "resize", "params": {"width": 10, "height": 10}},
        {"operation": "rotate", "params": {"degrees": 90}},
        {"operation": "apply_filter", "params": {"grayscale": True}},
        {"operation": "format", "params": {"format": "webp", "quality": 60}},
    ],
    "with defaults": {
        "steps": [
            {"op": "auto_orient"},
            {"op": "crop", "x": 0.0, "y": 0, "width": 20.0, "height": 20, "gravity": None},
            {"op": "resize", "width": 10, "height": 10, "fit": "cover", "gravity": "center", "enlarge": True},
            {"op": "rotate", "degrees": -270.0},
            {"op": "adjust", "brightness": 0},
            {"op": "grayscale"},
        ],
        "output": {"quality": 60, "format": "webp"},
    },
}


@pytest.mark.on_every_deployment
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_every_shape_of_a_spec_is_the_same_spec(owner, owned_id, shape):
    canonical = transform(owner, owned_id, CANONICAL).json()

    variant = transform(owner, owned_id, shape).json()

    assert variant["id"] == canonical["id"]
    assert variant["spec"] == canonical["spec"]


@pytest.mark.parametrize("shape", [CANONICAL, *SHAPES.values()], ids=["canonical", *SHAPES])
def test_the_canonical_and_the_compact_form_lead_back_to_the_variant(owner, owned_id, shape):
    variant = transform(owner, owned_id, shape).json()

    again = transform(owner, owned_id, variant["spec"])
    rendered = owner.client.get(f"/v1/images/{owned_id}/content", params={"t": variant["compact"]})

    assert again.json()["id"] == variant["id"]
    assert rendered.content == owner.client.get(variant["content_url"]).content
    assert rendered.headers["ETag"] == owner.client.get(variant["content_url"]).headers["ETag"]


def test_a_list_keeps_its_order(owner, owned_id):
    crop = {"operation": "crop", "params": {"x": 0, "y": 0, "width": 10, "height": 10}}
    rotate = {"operation": "rotate", "params": {"degrees": 90}}

    colors = []
    for spec in ([crop, rotate], [rotate, crop]):
        content = owner.client.get(transform(owner, owned_id, spec).json()["content_url"]).content
        colors.append(decoded(content).getpixel((5, 5)))

    assert colors == [RED, BLUE]


@pytest.mark.parametrize(
    ("spec", "size", "corners"),
    [
        ({"flip": True}, (40, 20), (BLUE, WHITE, RED, GREEN)),
        ({"mirror": True}, (40, 20), (GREEN, RED, WHITE, BLUE)),
        ({"rotate": 90}, (20, 40), (BLUE, RED, WHITE, GREEN)),
        ({"crop": {"width": "50%", "height": "50%", "gravity": "northeast"}}, (20, 10), (GREEN,) * 4),
        ({"transformations": {"crop": {"x": "50%", "y": "50%", "width": 99, "height": 99}}}, (20, 10), (WHITE,) * 4),
        ({"steps": [{"op": "flip"}, {"op": "flip"}]}, (40, 20), (RED, GREEN, BLUE, WHITE)),
        ({}, (40, 20), (RED, GREEN, BLUE, WHITE)),
        ([], (40, 20), (RED, GREEN, BLUE, WHITE)),
        ({"steps": []}, (40, 20), (RED, GREEN, BLUE, WHITE)),
        ({"output": {}}, (40, 20), (RED, GREEN, BLUE, WHITE)),
    ],
    ids=json.dumps,
)
def test_a_variant_has_the_pixels_that_its_spec_says(owner, owned_id, spec, size, corners):
    variant = transform(owner, owned_id, spec).json()

    picture = decoded(owner.client.get(variant["content_url"]).content)
    found = [picture.getpixel((x, y)) for y in (1, size[1] - 2) for x in (1, size[0] - 2)]
    assert (picture.size, tuple(found)) == (size, corners)


# Content, lists


@pytest.mark.on_every_deployment("GET /v1/variants/{variant_id}/content")
def test_the_content_of_a_variant_is_served_as_any_picture(account, image_id):
    variant = transform(account, image_id, {"format": "webp"}).json()

    answer = account.client.get(variant["content_url"])

    again = account.client.get(variant["content_url"], headers={"If-None-Match": f'"a", W/{answer.headers["ETag"]}'})
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "image/webp")
    assert len(answer.content) == variant["rendition"]["bytes"]
    assert (again.status_code, again.content) == (304, b"")
    assert answer.headers["Cache-Control"] == "private, no-cache"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Content-Disposition"] == "inline; filename=\"picture.webp\"; filename*=UTF-8''picture.webp"
    assert answer.headers["X-Imgsvc-Engine"] == variant["engine"]


@pytest.mark.on_every_deployment("GET /v1/images/{image_id}/variants")
def test_the_variants_of_an_image_are_listed_newest_first(account, image_id):
    other = account.upload(PICTURE)
    ids = [transform(account, image_id, {"resize": {"width": width}}).json()["id"] for width in range(1, 6)][::-1]
    transform(account, other, {})

    pages = [account.client.get(f"/v1/images/{image_id}/variants?limit=2")]
    while pages[-1].json()["next"]:
        pages.append(account.client.get(pages[-1].json()["next"]))

    shown = [[item["id"] for item in page.json()["items"]] for page in pages]
    assert shown == [ids[:2], ids[2:4], ids[4:]]
    assert (
        account.client.get(f"/v1/images/{image_id}/variants?page=3&limit=2").json()["items"] == pages[2].json()["items"]
    )


@pytest.mark.parametrize("query", ["limit=0", "limit=x", "page=0", "status=ready"])
def test_a_list_of_variants_refuses_what_it_cannot_read(owner, owned_id, query):
    assert owner.client.get(f"/v1/images/{owned_id}/variants?{query}").status_code == 422


# Refusals


REFUSED = [
    ({"steps": [{"op": "rezise", "width": 3}]}, "unknown_operation", "/steps/0/op", "resize"),
    ({"rezise": {"width": 3}}, "unknown_operation", "/rezise", "resize"),
    ({"transformations": {"rezise": {"width": 3}}}, "unknown_operation", "/transformations/rezise", "resize"),
    ([{"operation": "rezise"}], "unknown_operation", "/0/operation", "resize"),
    ({"outptu": {}}, "unknown_operation", "/outptu", "output"),
    ({"filters": {"grayscal": True}}, "unknown_operation", "/filters/grayscal", "grayscale"),
    ({"steps": [{"op": "resize", "widht": 3}]}, "unknown_parameter", "/steps/0/widht", "width"),
    ({"resize": {"widht": 3}}, "unknown_parameter", "/resize/widht", "width"),
    ([{"operation": "resize", "params": {"widht": 3}}], "unknown_parameter", "/0/params/widht", "width"),
    ([{"operation": "crop", "parms": {}}], "unknown_parameter", "/0/parms", "params"),
    ({"steps": [], "outptu": {}}, "unknown_parameter", "/outptu", "output"),
    ({"output": {"fromat": "png"}}, "unknown_parameter", "/output/fromat", "format"),
    ({"steps": [{"op": "resize", "width": 3, "fit": "covr"}]}, "invalid_parameter", "/steps/0/fit", "cover"),
    ({"output": {"format": "webpp"}}, "unsupported_output", "/output/format", "webp"),
    ({"format": "JPEG"}, "unsupported_output", "/format", "jpeg"),
    ({"output": {"format": "bmp"}}, "unsupported_output", "/output/format", None),
    ({"steps": [{"op": "resize", "width": "abc"}]}, "invalid_parameter", "/steps/0/width", None),
    ({"steps": [{"op": "resize"}]}, "invalid_parameter", "/steps/0/width", None),
    ({"resize": True}, "invalid_parameter", "/resize", None),
    ({"crop": {"x": -1, "y": 0, "width": 5, "height": 5}}, "invalid_parameter", "/crop/x", None),
    ({"blur": 1e6}, "invalid_parameter", "/blur", None),
    ({"blur": "NaN"}, "invalid_parameter", "/blur", None),
    ({"rotate": 361}, "invalid_parameter", "/rotate", None),
    ({"rotate": {"degrees": 10, "background": "red;"}}, "invalid_parameter", "/rotate/background", None),
    ({"background": "#ggg"}, "invalid_parameter", "/background", None),
    ({"background": "rgb(300,0,0)"}, "invalid_parameter", "/background", None),
    ({"quality": 0}, "invalid_parameter", "/quality", None),
    ({"compress": 101}, "invalid_parameter", "/compress", None),
    ({"flip": 1}, "invalid_parameter", "/flip", None),
    ({"brightness": 101}, "invalid_parameter", "/brightness", None),
    ({"watermark": {"text": ""}}, "invalid_parameter", "/watermark/text", None),
    ({"watermark": {"text": "x" * 10_000}}, "invalid_parameter", "/watermark/text", None),
    ({"watermark": {"text": "a\0b"}}, "invalid_parameter", "/watermark/text", None),
    ({"watermark": {"text": "a\u202eb"}}, "invalid_parameter", "/watermark/text", None),
    ({"watermark": {"text": "\ud800"}}, "invalid_parameter", "/watermark/text", None),
    ({"watermark": {"text": "hi", "font": "../../etc/passwd"}}, "invalid_parameter", "/watermark/font", None),
    ({"watermark": {"image": str(UUID(int=1))}}, "invalid_parameter", "/steps/0/image", None),
    ({"steps": [1]}, "invalid_parameter", "/steps/0", None),
    ({"steps": {}}, "invalid_parameter", "/steps", None),
    ({"steps": None}, "invalid_parameter", "/steps", None),
    ({"steps": [{}]}, "invalid_parameter", "/steps/0/op", None),
    ({"steps": [{"op": ["crop"]}]}, "invalid_parameter", "/steps/0/op", None),
    ({"transformations": []}, "invalid_parameter", "/transformations", None),
    ({"transformations": {}, "steps": []}, "unknown_parameter", "/steps", None),
    ([1], "invalid_parameter", "/0", None),
    ([{"op": "flip"}], "invalid_parameter", "/0", None),
    ({"steps": [{"op": "flip"}] * 21}, "too_many_operations", "/steps", None),
    ({"steps": [{"op": "watermark", "text": "hi"}] * 5}, "too_many_operations", "/steps", None),
    ({"quality": 3, "compress": 3}, "duplicate_parameter", "/compress", None),
    ({"crop": {"x": 1, "width": 5, "height": 5, "gravity": "north"}}, "conflicting_parameters", "/crop/gravity", None),
    ({"steps": [{"op": "crop", "x": 40, "width": 5, "height": 5}]}, "crop_out_of_bounds", "/steps/0/x", None),
    (
        {"steps": [{"op": "resize", "width": 8192, "height": 8192, "enlarge": True}]},
        "output_too_large",
        "/steps/0",
        None,
    ),
    ({"a/b~c": 1}, "unknown_operation", "/a~1b~0c", None),
    ({"\ud800": 1}, "unknown_operation", "/\\ud800", None),
    *[
        ({"steps": [{"op": "resize", "width": width}]}, "invalid_parameter", "/steps/0/width", None)
        for width in (0, -1, 1.5, 8193, 1e9, 10**30, "0%", "1001%", "٣", "+5%", "", [], {}, True, "NaN", 1e-320)
    ],
]


@pytest.mark.parametrize(("spec", "code", "pointer", "nearest"), REFUSED, ids=lambda value: ascii(value)[:50])
@pytest.mark.parametrize("mode", ["sync", "async"])
def test_a_spec_that_cannot_be_done_is_refused_where_it_is_wrong(owner, owned_id, spec, code, pointer, nearest, mode):
    answer = post_body(owner, owned_id, json.dumps(spec), mode=mode)

    assert problem_of(answer) == (422, code)
    assert (answer.json()["pointer"], answer.json().get("nearest")) == (pointer, nearest)
    assert len(answer.content) < 2000


@pytest.mark.on_every_deployment
def test_a_refused_spec_leaves_neither_variant_nor_job(account, image_id):
    for mode in ("sync", "async"):
        transform(account, image_id, {"crop": {"x": 40, "width": 5, "height": 5}}, mode)
        transform(account, image_id, {"blur": 1e6}, mode)

    assert account.client.get(f"/v1/images/{image_id}/variants").json()["items"] == []
    assert account.client.get("/v1/jobs").json()["items"] == []


BODIES = {
    "empty": (b"", 400, "invalid_json"),
    "cut short": (b'{"rotate": ', 400, "invalid_json"),
    "not utf-8": (b'{"background": "\xff"}', 400, "invalid_json"),
    "NaN": (b'{"rotate": NaN}', 400, "invalid_json"),
    "Infinity": (b'{"rotate": -Infinity}', 400, "invalid_json"),
    "a key twice": (b'{"rotate": 90, "rotate": 90}', 400, "invalid_json"),
    "a key twice inside": (b'{"steps": [{"op": "flip", "op": "mirror"}]}', 400, "invalid_json"),
    "deep lists": (b"[" * 10_000 + b"]" * 10_000, 400, "invalid_json"),
    "deep objects": (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, 400, "invalid_json"),
    "a long number": (b'{"rotate": ' + b"9" * 5000 + b"}", 400, "invalid_json"),
    "text": (b'"flip"', 400, "invalid_json"),
    "number": (b"90", 400, "invalid_json"),
    "null": (b"null", 400, "invalid_json"),
    "comment": (b"{} // flip", 400, "invalid_json"),
    "two documents": (b"{}{}", 400, "invalid_json"),
    "single quotes": (b"{'rotate': 90}", 400, "invalid_json"),
    "infinite": (b'{"rotate": 1e999}', 422, "invalid_parameter"),
    "too large": (b'{"background": "' + b"x" * 65_536 + b'"}', 413, "body_too_large"),
}


@pytest.mark.parametrize(("body", "status", "code"), BODIES.values(), ids=BODIES)
def test_a_body_that_is_no_spec_in_json_is_refused(owner, owned_id, body, status, code):
    answer = post_body(owner, owned_id, body)

    assert problem_of(answer) == (status, code)


@pytest.mark.parametrize(("body", "status", "code"), BODIES.values(), ids=BODIES)
def test_accounts_are_as_strict_about_json(anyone, body, status, code):
    answer = anyone.post("/v1/auth/login", content=body, headers={"Content-Type": "application/json"})

    assert problem_of(answer) == ((422, "unknown_field") if code == "invalid_parameter" else (status, code))


def test_a_stream_of_json_is_refused_once_it_is_too_large(owner, owned_id):
    answer = post_body(owner, owned_id, (b" " * 1000 for _ in range(100)))

    assert problem_of(answer) == (413, "body_too_large")
    assert answer.json()["allowed"] == "at most 65536 bytes"


@pytest.mark.parametrize(
    "content_type", ["", "text/plain", "application/xml", "multipart/form-data; boundary=X", "json", "*/*"]
)
def test_a_body_that_is_not_called_json_is_refused(owner, owned_id, content_type):
    answer = post_body(owner, owned_id, b"{}", content_type)

    assert problem_of(answer) == (415, "unsupported_media_type")
    assert answer.json()["allowed"] == "application/json"


@pytest.mark.parametrize(
    "content_type", ["application/json; charset=utf-8", "Application/JSON", "application/vnd.x+json"]
)
def test_json_has_many_names(owner, owned_id, content_type):
    assert post_body(owner, owned_id, b"{}", content_type).status_code in (200, 201)


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "x"])
def test_a_compressed_body_is_refused(owner, owned_id, encoding):
    answer = post_body(owner, owned_id, zlib.compress(b"{}"), **{"Content-Encoding": encoding})

    assert problem_of(answer) == (415, "unsupported_encoding")


def test_json_may_come_with_escapes_and_in_any_unicode(owner, owned_id):
    ids = {
        post_body(owner, owned_id, body).json()["id"]
        for body in ('{"watermark": {"text": "é😀"}}'.encode(), b'{"watermark": {"text": "\\u00e9\\ud83d\\ude00"}}')
    }

    assert len(ids) == 1


def test_what_is_echoed_of_a_huge_value_is_short(owner, owned_id):
    answer = post_body(owner, owned_id, json.dumps({"background": "x" * 60_000, "y" * 100: 1}))

    assert answer.status_code == 422
    assert len(answer.content) < 2000


def test_a_variant_that_is_nobodys_is_not_found(account):
    answer = account.client.get("/v1/variants/00000000-0000-4000-8000-000000000000/content")

    assert problem_of(answer) == (404, "not_found")
    assert not re.search(r"sqlite|blobs|Traceback", answer.text)


@pytest.mark.on_every_deployment
def test_a_variant_whose_bytes_are_lost_is_made_again(account, server):
    image_id = account.upload(encoded(quadrants()))
    variant = account.client.post(f"/v1/images/{image_id}/transform", json={"flip": True}).json()
    before = account.client.get(variant["content_url"]).content
    server.lose(f"variants/{image_id}")

    after = account.client.get(variant["content_url"])

    assert (after.status_code, after.content) == (200, before)


@pytest.mark.on_every_deployment
def test_what_was_made_on_the_spot_is_no_job(account):
    image_id = account.upload(encoded(quadrants()))
    variant = account.client.post(f"/v1/images/{image_id}/transform?mode=sync", json={"mirror": True}).json()

    answer = account.client.get(f"/v1/jobs/{variant['id']}")

    assert (answer.status_code, variant["job_url"]) == (404, None)
