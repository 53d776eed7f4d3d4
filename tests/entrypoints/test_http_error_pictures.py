"""Failures as pictures, over a real socket: the real status, no text of anybody's, and nothing that caches keep."""

import re
from xml.etree import ElementTree

import pytest

from tests.pictures import encoded, quadrants, unlike_any
from tests.servers import running_server
from tests.waiting import wait_for

IMAGES = "/v1/images"
NOBODYS = "00000000-0000-4000-8000-000000000000"
PICTURE = encoded(quadrants(400, 200))
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def image_id(account):
    return account.upload(PICTURE)


def shown(answer):
    """The status, the size and the text of an error picture that keeps to its rules."""
    assert answer.headers["content-type"] == "image/svg+xml"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
    drawn = ElementTree.fromstring(answer.content)
    assert {one.tag for one in drawn.iter()} == {f"{SVG}svg", f"{SVG}rect", f"{SVG}text"}
    assert not re.search(rb"style|script|href|on\w+=", answer.content)
    return answer.status_code, (int(drawn.get("width")), int(drawn.get("height"))), drawn.find(f"{SVG}text").text


def links(account, image_id, **wanted):
    answer = account.client.post(f"{IMAGES}/{image_id}/links", json={"error": "image", **wanted})
    assert answer.status_code == 201, answer.text
    return answer.json()


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("{image}/content?t=crop:900:900:5:5&error=image", (422, (320, 200), "422 crop_out_of_bounds")),
        ("{image}/content?error=image&t=rezise:3", (422, (320, 200), "422 unknown_operation")),
        ("{image}/content?width=0&error=image", (422, (320, 200), "422 invalid_parameter")),
        ("{image}/content?t=p:%3Cscript%3E&error=image", (422, (320, 200), "422 validation_error")),
        ("{image}/content?error=image&error=image", (422, (320, 200), "422 duplicate_parameter")),
        (f"{NOBODYS}/content?error=image", (404, (320, 200), "404 not_found")),
        ("<svg>/content?error=image", (404, (320, 200), "404 not_found")),
    ],
)
def test_what_cannot_be_shown_is_a_picture_that_says_so(account, image_id, path, expected):
    answer = account.client.get(f"{IMAGES}/{path.format(image=image_id)}")

    assert shown(answer) == expected


def test_without_a_token_it_is_a_picture_too(anyone, image_id):
    answer = anyone.get(f"{IMAGES}/{image_id}/content?error=image")

    assert shown(answer) == (401, (320, 200), "401 unauthenticated")
    assert answer.headers["www-authenticate"]


def test_a_picture_that_can_be_shown_is_shown(account, image_id):
    content = f"{IMAGES}/{image_id}/content"

    assert account.client.get(f"{content}?error=image").content == PICTURE
    asked, plain = account.client.get(f"{content}?t=w:9&error=image"), account.client.get(f"{content}?t=w:9")
    assert (asked.content, asked.headers["etag"]) == (plain.content, plain.headers["etag"])


def test_failures_are_documents_unless_a_picture_is_asked_for(account, image_id):
    content = f"{IMAGES}/{image_id}/content?t=crop:900:900:5:5"
    kinds = [account.client.get(content + more).headers["content-type"] for more in ("", "&error=problem")]

    assert kinds == ["application/problem+json"] * 2
    answer = account.client.get(f"{content}&error=svg")
    assert (answer.status_code, answer.json()["code"], answer.json()["parameter"]) == (
        422,
        "invalid_parameter",
        "error",
    )


@pytest.mark.parametrize(
    ("query", "size"),
    [
        ("t=rs:cover:50:60", (50, 60)),
        ("width=50&height=60&grayscale=1", (50, 60)),
        ("t=rs:cover:9:9,el:1,blur:2,rs:inside:50:60,dpr:2", (100, 120)),
        ("t=p:no-such,rs:cover:50:60", (50, 60)),
        ("t=rs:cover:8192:4096,dpr:4", (8192, 4096)),
        ("t=rs:cover:8192:8192", (7071, 7071)),  # of 50 megapixels at most
        ("t=w:50", (320, 200)),
        ("t=rs:cover:50p:60", (320, 200)),
        ("t=rs:cover:50:60,blurr:2", (320, 200)),
    ],
)
def test_where_nothing_could_be_planned_it_is_as_large_as_its_last_resize_says(account, anyone, query, size):
    path = f"{IMAGES}/{NOBODYS}/content?{query}&error=image"

    assert shown(anyone.get(path)) == (401, size, "401 unauthenticated")
    assert shown(account.client.get(path))[1] == size


@pytest.mark.on_every_deployment
def test_a_picture_whose_bytes_are_lost_is_a_picture_of_its_size(account, server):
    image_id = account.upload(unlike_any(PICTURE))
    server.lose(f"originals/{image_id}")

    original = account.client.get(f"{IMAGES}/{image_id}/content?error=image")
    rendering = account.client.get(f"{IMAGES}/{image_id}/content?t=rs:cover:50:60&error=image")

    assert shown(original) == (410, (400, 200), "410 original_missing")
    assert shown(rendering) == (410, (50, 60), "410 original_missing")


def test_a_variant_that_failed_is_a_picture_of_that(account, image_id):
    answer = account.client.get(f"/v1/variants/{NOBODYS}/content?error=image")

    assert shown(answer) == (404, (320, 200), "404 not_found")


# Links


def test_a_link_that_was_made_so_tells_its_end_by_a_picture(account, anyone, image_id):
    expiring = links(account, image_id, t="w:40,f:png", expires_in=1)["url"]
    other = links(account, image_id, t="w:40,f:png")["url"]
    assert anyone.get(other).headers["content-type"] == "image/png"

    expired = wait_for(lambda: (answer := anyone.get(expiring)).status_code != 200 and answer)
    account.client.delete(f"{IMAGES}/{image_id}").raise_for_status()
    gone = anyone.get(other)

    assert shown(expired) == (410, (320, 200), "410 link_expired")
    assert shown(gone) == (404, (320, 200), "404 not_found")
    assert gone.headers["cross-origin-resource-policy"] == "cross-origin"


def test_a_link_in_vain_is_a_picture_as_large_as_its_last_resize_says(account, anyone, image_id):
    made = links(account, image_id, t="rs:cover:80:40,f:png", widths=[20, 40])
    narrow = made["srcset"].split()[0]
    signature = narrow.split("/")[2]

    wrong = [anyone.get(one.replace(signature, "1.AAAA")) for one in (made["url"], narrow)]
    account.client.delete(f"{IMAGES}/{image_id}").raise_for_status()
    gone = anyone.get(narrow)

    assert [shown(one) for one in wrong] == [
        (403, (80, 40), "403 invalid_signature"),
        (403, (20, 10), "403 invalid_signature"),
    ]
    assert shown(gone) == (404, (20, 10), "404 not_found")


@pytest.mark.parametrize("spec", ["rs:cover:80", "nonsense:5", "%ff,rs:cover:80:40", "rs:cover:0:0", "upto:9,upto:9,-"])
def test_what_is_no_link_at_all_is_a_picture_of_some_size(anyone, spec):
    answer = anyone.get(f"/i/1.AAAA/err:image,{spec}/{NOBODYS}.png")

    assert shown(answer) == (403, (320, 200), "403 invalid_signature")


def test_whether_a_link_has_error_pictures_is_signed(account, anyone, image_id):
    link = links(account, image_id, t="w:40,f:png")["url"]
    plain = links(account, image_id, t="w:40,f:png", error="problem")["url"]
    signature = link.split("/")[2]

    without = anyone.get(link.replace("err:image,", ""))
    added = anyone.get(plain.replace("rs:inside", "err:image,rs:inside"))

    assert signature != plain.split("/")[2]
    assert (without.status_code, without.json()["code"]) == (403, "invalid_signature")
    assert shown(added) == (403, (320, 200), "403 invalid_signature")


@pytest.mark.parametrize("query", ["?error=image", "?anything", "?error=problem"])
def test_no_query_has_a_cache_ask_again_for_a_link(account, anyone, image_id, query):
    link = links(account, image_id, t="w:40,f:png", error="problem")["url"]

    answer = anyone.get(link + query)

    assert (answer.status_code, answer.json()["code"]) == (403, "invalid_signature")
    assert answer.headers["cache-control"] == "no-store"


def test_what_is_still_being_made_is_a_picture_of_that(tmp_path):
    with running_server(tmp_path / "data", SYNC_MEGAPIXELS="0.001", RENDER_IN="process", WORKER_SLOTS="0") as server:
        account = server.account()
        with account.client:
            image_id = account.upload(PICTURE)
            answer = account.client.get(f"{IMAGES}/{image_id}/content?t=w:40&error=image")

            assert shown(answer) == (202, (40, 20), "202 pending")
            assert answer.headers["retry-after"]
            assert account.client.get(answer.headers["location"]).json()["status"] == "pending"
