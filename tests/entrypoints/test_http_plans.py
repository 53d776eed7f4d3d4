"""Plans, negotiated formats and image watermarks over a real socket."""

from uuid import UUID

import pytest

from tests.pictures import BLUE, RED, decoded, encoded, quadrants, solid

IMAGES = "/v1/images"


@pytest.fixture
def image_id(account):
    return account.upload(encoded(quadrants(400, 200)))


def plan(account, image_id, spec):
    answer = account.client.post(f"{IMAGES}/{image_id}/plan", json=spec)
    assert answer.status_code == 200, answer.text
    return answer.json()


def get(account, image_id, compact, accept=None):
    return account.client.get(f"{IMAGES}/{image_id}/content?t={compact}", headers={"Accept": accept or "*/*"})


# Plans


@pytest.mark.on_every_deployment("POST /v1/images/{image_id}/plan", "POST /v1/images/{image_id}/transform")
def test_a_plan_is_what_rendering_then_does(account, image_id):
    spec = {"steps": [{"op": "resize", "width": 100}, {"op": "rotate", "degrees": 90}], "output": {"format": "webp"}}

    planned = plan(account, image_id, spec)
    made = account.client.post(f"{IMAGES}/{image_id}/transform", json=spec).json()

    assert [(one["after"], one["width"], one["height"]) for one in planned["sizes"]] == [
        (None, 400, 200),
        ("resize", 100, 50),
        ("rotate", 50, 100),
    ]
    assert (planned["spec_id"], planned["compact"]) == (made["spec_id"], made["compact"])
    assert (made["rendition"]["width"], made["rendition"]["height"]) == (50, 100)
    assert planned["fits"]
    assert planned["fits_sync"]
    assert planned["frames"] == made["rendition"]["frames"] == 1


def test_a_plan_tells_which_limit_a_transform_would_break(account, image_id):
    planned = plan(account, image_id, {"resize": {"width": 8000, "height": 8000}})

    assert not planned["fits"]
    assert [one["limit"] for one in planned["limits"] if not one["fits"]] == ["max_output_pixels"]
    assert account.client.post(f"{IMAGES}/{image_id}/transform", json={"resize": {"width": 8000, "height": 8000}})


def test_a_plan_says_from_where_on_a_trim_makes_sizes_uncertain(account, image_id):
    sizes = plan(account, image_id, {"trim": True, "resize": {"width": 100}})["sizes"]

    assert [one["exact"] for one in sizes] == [True, False, False]


def test_a_plan_of_what_cannot_be_done_at_any_size_is_refused(account, image_id):
    answer = account.client.post(f"{IMAGES}/{image_id}/plan", json={"crop": {"x": 500, "width": 5, "height": 5}})

    assert (answer.status_code, answer.json()["code"]) == (422, "crop_out_of_bounds")


# Negotiation


@pytest.mark.on_every_deployment("GET /v1/images/{image_id}/content")
@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("image/avif,image/webp,*/*", "image/avif"),
        ("image/webp,*/*;q=0.8", "image/webp"),
        ("image/avif;q=0, image/webp", "image/webp"),
        ("*/*", "image/png"),
        ("image/png", "image/png"),
    ],
)
def test_the_format_auto_is_the_best_that_the_client_names(account, image_id, accept, media_type):
    answer = get(account, image_id, "w:40,f:auto", accept)

    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == media_type
    assert answer.headers["Vary"] == "Accept"
    assert decoded(answer.content).size == (40, 20)


@pytest.mark.on_every_deployment
def test_each_negotiated_format_has_an_etag_of_its_own(account, image_id):
    avif, webp = (get(account, image_id, "w:40,f:auto", one) for one in ("image/avif", "image/webp"))
    again = account.client.get(
        f"{IMAGES}/{image_id}/content?t=w:40,f:auto",
        headers={"Accept": "image/webp", "If-None-Match": webp.headers["ETag"]},
    )

    assert avif.headers["ETag"] != webp.headers["ETag"]
    assert (again.status_code, again.headers["Vary"]) == (304, "Accept")


def test_a_format_that_was_named_does_not_vary(account, image_id):
    assert "Vary" not in get(account, image_id, "w:40,f:webp", "image/avif").headers


# Watermarks that are images


@pytest.mark.on_every_deployment
def test_an_own_image_is_laid_over_another(account):
    image_id, mark = account.upload(encoded(solid(RED, 100, 100))), account.upload(encoded(solid(BLUE, 10, 10)))

    picture = decoded(get(account, image_id, f"wm:{mark}:northwest:1:0.5:0:0,f:png").content).convert("RGB")

    assert picture.size == (100, 100)
    assert (picture.getpixel((20, 20)), picture.getpixel((80, 80))) == (BLUE, RED)


@pytest.mark.on_every_deployment
def test_a_watermark_of_somebody_else_does_not_exist(account, server, image_id):
    stranger = server.account()
    with stranger.client:
        theirs = stranger.upload(encoded(solid(BLUE, 10, 10)))

    for mark in (theirs, str(UUID(int=1))):
        answer = account.client.post(f"{IMAGES}/{image_id}/transform", json={"watermark": {"image": mark}})
        problem = answer.json()
        assert (answer.status_code, problem["code"], problem["value"]) == (422, "invalid_parameter", mark)
        assert problem["pointer"] == "/steps/0/image"
