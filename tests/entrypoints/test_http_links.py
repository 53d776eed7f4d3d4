"""Public links over a real socket: who is given what, for how long, and what caches are told."""

import json
import re
from contextlib import closing
from html.parser import HTMLParser
from http.client import HTTPConnection
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from tests.pictures import decoded, encoded, quadrants
from tests.waiting import wait_for

IMAGES = "/v1/images"
PICTURE = encoded(quadrants(400, 200))


@pytest.fixture
def image_id(account):
    return account.upload(PICTURE, "holiday.png")


@pytest.fixture
def made(account, image_id):
    """Links of the image, as the service made them."""

    def made(**wanted):
        answer = account.client.post(f"{IMAGES}/{image_id}/links", json=wanted)
        assert answer.status_code == 201, answer.text
        return answer.json()

    return made


def problem_of(answer):
    return answer.status_code, answer.json()["code"]


def from_memory(client, link):
    """The answer, once it comes from there."""
    return wait_for(lambda: (answer := client.get(link)).headers.get("x-imgsvc-cache") == "memory" and answer)


def size_of(answer):
    assert answer.status_code == 200, answer.text
    return decoded(answer.content).size


@pytest.mark.on_every_deployment(
    "POST /v1/images/{image_id}/links", "GET /i/{key}.{signature}/{spec}/{image}.{extension}"
)
def test_anybody_who_has_a_link_is_given_the_picture(made, anyone):
    link = made(t="rs:cover:30:20,f:webp")["url"]

    answer = anyone.get(link)

    assert link.startswith("/i/")
    assert size_of(answer) == (30, 20)
    assert answer.headers["content-type"] == "image/webp"
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-disposition"] == "inline"  # what the file is called is for its owner
    assert "vary" not in answer.headers


@pytest.mark.on_every_deployment
def test_a_link_gives_the_same_bytes_as_its_owner_gets(made, account, image_id, anyone):
    link = made(spec={"steps": [{"op": "grayscale"}], "output": {"format": "png"}})["url"]

    assert anyone.get(link).content == account.client.get(f"{IMAGES}/{image_id}/content?t=gray,f:png").content


@pytest.mark.parametrize(
    "wanted",
    [
        {"t": "w:10,f:webp"},
        {"spec": "w:10,f:webp"},
        {"spec": {"steps": [{"op": "resize", "width": 10}], "output": {"format": "webp"}}},
        {"spec": {"transformations": {"resize": {"width": 10}, "format": "webp"}}},
        {"spec": {"resize": {"width": 10}, "format": "webp"}},
        {
            "spec": [
                {"operation": "resize", "params": {"width": 10}},
                {"operation": "format", "params": {"format": "webp"}},
            ]
        },
        {"spec": '{"resize": {"width": 10}, "format": "webp"}'},
        {"spec": {"preset": "ten", "format": "webp"}},
        {"spec": "p:ten,f:webp"},
        {"preset": "ten-webp"},
    ],
    ids=str,
)
def test_a_link_shows_a_spec_of_any_shape(account, made, anyone, wanted):
    for name, compact in (
        ("ten", {"resize": {"width": 10}}),
        ("ten-webp", {"resize": {"width": 10}, "format": "webp"}),
    ):
        account.client.put(f"/v1/presets/{name}", json=compact).raise_for_status()

    link = made(**wanted)["url"]

    assert re.search(r"/rs:inside:10/[^/]+\.webp$", link)
    assert size_of(anyone.get(link)) == (10, 5)


@pytest.mark.parametrize("said", [{}, {"t": ""}, {"t": None}, {"spec": {}}, {"spec": None}, {"preset": None}], ids=str)
def test_without_a_spec_the_picture_is_rendered_as_it_is(made, anyone, said):
    link = made(**said)["url"]

    assert link.split("/")[3] == "-"
    assert size_of(anyone.get(link)) == (400, 200)


@pytest.mark.on_every_deployment
def test_a_link_is_answered_from_memory_whoever_asks(made, account, anyone):
    link = made(t="w:40,f:png")["url"]
    first = anyone.get(link, headers={"Accept": "image/png"})

    again = from_memory(account.client, link)

    assert again.content == first.content
    assert again.headers["cache-control"] == first.headers["cache-control"]


def test_no_memory_keeps_a_link_from_expiring(made, anyone):
    link = made(t="w:40,f:png", expires_in=4)["url"]
    from_memory(anyone, link)

    answer = wait_for(lambda: (answer := anyone.get(link)).status_code != 200 and answer)

    assert problem_of(answer) == (410, "link_expired")


@pytest.mark.on_every_deployment
def test_only_who_has_a_signed_link_learns_that_it_expired(made, anyone):
    link = made(t="w:40,f:png", expires_in=1)["url"]
    later = int(re.search(r"exp:(\d+),", link)[1]) + 1000
    wait_for(lambda: anyone.get(link).status_code == 410)

    forged = [re.sub(r"(exp:\d+),", other, link) for other in (rf"exp:{later},", "exp:1,", r"\1,gray,")]

    assert {problem_of(anyone.get(one)) for one in forged} == {(403, "invalid_signature")}


@pytest.mark.parametrize("more", ["?", "#", "?#", "#x", "?x", "%20"])
def test_a_link_with_anything_behind_it_is_another_one(server, made, more):
    link = made(t="w:40,f:png")["url"]
    connection = HTTPConnection(urlsplit(server.address).netloc, timeout=10)

    with closing(connection):
        connection.request("GET", link + more)
        answer = connection.getresponse()
        body = answer.read()
        connection.request("GET", link)
        assert connection.getresponse().status == 200

    assert (answer.status, json.loads(body)["code"]) == (403, "invalid_signature")


@pytest.mark.on_every_deployment
def test_caches_and_downloads_are_served_as_they_ask(made, anyone):
    link = made(t="w:40,f:png")["url"]
    whole = anyone.get(link)
    etag = whole.headers["etag"]

    again = anyone.get(link, headers={"If-None-Match": etag})
    part = anyone.get(link, headers={"Range": "bytes=2-5"})
    head = anyone.head(link)

    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)
    assert again.headers["cache-control"] == whole.headers["cache-control"]
    assert (part.status_code, part.content) == (206, whole.content[2:6])
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == whole.headers["content-length"]


# One signature for several widths


@pytest.mark.on_every_deployment
def test_one_signature_is_good_for_every_width_of_the_list(made, anyone):
    srcset = made(t="rs:cover:200:100,f:png", widths=[50, 100, 200])["srcset"]

    candidates = dict(reversed(one.split(" ")) for one in srcset.split(", "))
    assert {width: size_of(anyone.get(url)) for width, url in candidates.items()} == {
        "50w": (50, 25),
        "100w": (100, 50),
        "200w": (200, 100),
    }
    assert len({url.split("/")[2] for url in candidates.values()}) == 1


@pytest.mark.on_every_deployment
def test_a_width_that_is_not_signed_is_refused(made, anyone):
    link = made(t="w:50,f:png", widths=[50, 100])["url"]

    answers = {width: anyone.get(link.replace(".png", f"-{width}w.png")) for width in ("100", "101", "0100", "0", "-1")}

    assert {width: answer.status_code for width, answer in answers.items()} == {
        "100": 200,
        "101": 403,
        "0100": 403,
        "0": 403,
        "-1": 403,
    }


@pytest.mark.on_every_deployment
def test_any_width_up_to_the_greatest_may_be_chosen(made, anyone):
    made_link = made(t="f:png", max_width=350)
    link = made_link["url"]

    assert size_of(anyone.get(link.replace(".png", "-80w.png"))) == (80, 40)
    assert problem_of(anyone.get(link.replace(".png", "-351w.png"))) == (403, "invalid_signature")
    assert re.findall(r" (\d+w)", made_link["srcset"]) == ["320w", "350w"]


def test_a_srcset_tells_the_widths_that_the_pictures_have(made):
    assert re.findall(r" (\d+w)", made(t="f:png", widths=[200, 400, 800, 1600])["srcset"]) == ["200w", "400w"]


# The page


class Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


def test_the_html_offers_each_format_and_needs_no_other_file(made, anyone):
    html = made(t="w:100,f:jpeg", formats=["avif", "webp"], widths=[50, 100], alt='a "quoted" <name>')["html"]

    tags = Tags()
    tags.feed(html)
    assert [tag for tag, _ in tags.found] == ["picture", "source", "source", "img"]
    assert [attributes["type"] for _, attributes in tags.found[1:3]] == ["image/avif", "image/webp"]
    image = tags.found[-1][1]
    assert (image["width"], image["height"], image["alt"]) == ("100", "50", 'a "quoted" <name>')
    for _, attributes in tags.found[1:]:
        first = attributes["srcset"].split(" ")[0]
        assert anyone.get(first).headers["content-type"] == attributes.get("type", "image/jpeg")


@pytest.mark.on_every_deployment
def test_the_format_is_negotiated_where_that_was_signed(made, anyone):
    link = made(t="w:50,f:auto")["url"]

    as_webp, as_png = (anyone.get(link, headers={"Accept": kind}) for kind in ("image/webp", "image/png"))

    assert (as_webp.headers["content-type"], as_png.headers["content-type"]) == ("image/webp", "image/png")
    assert (as_webp.headers["vary"], as_png.headers["vary"]) == ("Accept", "Accept")


def test_no_signature_is_in_the_log(server, made, anyone, image_id):
    link = made(t="w:50,f:png")["url"]

    anyone.get(link)
    anyone.get(link + "x")

    wait_for(lambda: f"/rs:inside:50/{image_id}.pngx" in server.log())
    assert link.split("/")[2].split(".")[1] not in server.log()


# What is refused


def replaced(link, part, by):
    parts = link.split("/")
    parts[part] = by(parts[part])
    return "/".join(parts)


@pytest.mark.parametrize(
    "changed",
    [
        lambda link: replaced(link, 2, lambda named: named[:-1]),
        lambda link: replaced(link, 2, lambda named: named + "="),
        lambda link: replaced(link, 2, lambda named: "other." + named.split(".")[1]),
        lambda link: replaced(link, 2, lambda named: named.split(".")[0] + "." + "A" * 43),
        lambda link: replaced(link, 3, lambda spec: spec.replace("50", "51")),
        lambda link: replaced(link, 3, lambda spec: spec.replace(":", "%3A")),
        lambda link: replaced(link, 3, lambda spec: spec + ",gray"),
        lambda link: replaced(link, 4, lambda name: str(uuid4()) + name[36:]),
        lambda link: link.replace(".png", ".webp"),
        lambda link: link + "?v=2",
        lambda link: link.replace(".png", "-50w.png"),
    ],
    ids=[
        "cut",
        "padded",
        "other key",
        "wrong",
        "other spec",
        "other spelling",
        "more",
        "image",
        "format",
        "query",
        "width",
    ],
)
def test_a_link_that_was_changed_is_refused(made, anyone, changed):
    link = made(t="w:50,f:png", expires_in=1000)["url"]

    answer = anyone.get(changed(link))

    assert anyone.get(link).status_code == 200
    assert problem_of(answer) == (403, "invalid_signature")
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.on_every_deployment
def test_whether_an_image_exists_shows_only_to_who_has_a_signature(anyone, image_id):
    theirs, nothing = (anyone.get(f"/i/a.{'A' * 43}/-/{one}.png") for one in (image_id, uuid4()))

    assert problem_of(theirs) == problem_of(nothing) == (403, "invalid_signature")


@pytest.mark.on_every_deployment
def test_a_link_that_expires_is_cached_no_longer_than_that(made, anyone):
    link = made(t="w:50,f:png", expires_in=1000)

    most = int(re.search(r"max-age=(\d+)", anyone.get(link["url"]).headers["cache-control"])[1])

    assert 900 < most <= 1000
    assert link["expires_at"]


@pytest.mark.on_every_deployment
def test_a_deleted_image_is_gone_from_its_links_at_once(made, account, image_id, anyone):
    link = made(t="w:50,f:png")["url"]
    from_memory(anyone, link)

    account.client.delete(f"{IMAGES}/{image_id}")

    assert problem_of(anyone.get(link)) == (404, "not_found")
    assert problem_of(anyone.get(link, headers={"If-None-Match": "*"})) == (404, "not_found")


@pytest.mark.parametrize(
    ("wanted", "code", "pointer"),
    [
        ({"widths": [0]}, "validation_error", "/widths/0"),
        ({"widths": list(range(1, 30))}, "validation_error", "/widths"),
        ({"widths": [10], "max_width": 20}, "validation_error", "/max_width"),
        ({"expires_in": 0}, "validation_error", "/expires_in"),
        ({"expires_in": 1.5}, "validation_error", "/expires_in"),
        ({"t": "gray", "spec": {"steps": [{"op": "invert"}]}}, "conflicting_parameters", "/t"),
        ({"t": "gray", "preset": "card"}, "conflicting_parameters", "/t"),
        ({"spec": "gray", "preset": "card"}, "conflicting_parameters", "/preset"),
        ({"t": "greay"}, "unknown_operation", "/t"),
        ({"spec": "greay"}, "unknown_operation", "/spec"),
        ({"spec": "w:0"}, "invalid_parameter", "/spec/steps/0/width"),
        ({"spec": {"resize": {"width": 0}}}, "invalid_parameter", "/spec/resize/width"),
        ({"spec": {"steps": [{"op": "blurr"}]}}, "unknown_operation", "/spec/steps/0/op"),
        ({"spec": {"reize": 5}}, "unknown_operation", "/spec/reize"),
        ({"spec": 5}, "invalid_parameter", "/spec"),
        ({"preset": "Not One"}, "validation_error", "/preset"),
        ({"preset": 5}, "validation_error", "/preset"),
        ({"t": "h:20", "widths": [10]}, "invalid_parameter", "/t/steps/0"),
        ({"spec": "h:20", "max_width": 500}, "invalid_parameter", "/spec/steps/0"),
        ({"formats": ["bmp"]}, "unsupported_output", "/formats/0"),
        ({"sizes": '"><script>'}, "validation_error", "/sizes"),
        ({"t": "crop:900:900:10:10"}, "crop_out_of_bounds", "/t/steps/0/x"),
        ({"spec": {"crop": {"x": 900, "width": 5, "height": 5}}}, "crop_out_of_bounds", "/spec/steps/0/x"),
        ({"t": 5}, "validation_error", "/t"),
        ({"t": "", "preset": "card"}, "conflicting_parameters", "/t"),
        ({"t": "p:no-such"}, "unknown_preset", "/t"),
        ({"preset": "no-such"}, "unknown_preset", "/preset"),
        ({"spec": "p:no-such"}, "unknown_preset", "/spec"),
        ({"spec": {"preset": "no-such"}}, "unknown_preset", "/spec"),
        ({"ttl": 5}, "unknown_field", "/ttl"),
    ],
)
def test_what_cannot_be_linked_is_told(account, image_id, wanted, code, pointer):
    answer = account.client.post(f"{IMAGES}/{image_id}/links", json=wanted)

    assert (answer.status_code, answer.json()["code"], answer.json()["pointer"]) == (422, code, pointer)


def test_auto_is_no_format_to_be_offered_before_others(account, image_id):
    problem = account.client.post(f"{IMAGES}/{image_id}/links", json={"formats": ["auto"]}).json()

    assert (problem["code"], problem["pointer"]) == ("unsupported_output", "/formats/0")
    assert problem["detail"] == "auto chooses among formats, and is none itself"
    assert (problem["allowed"], "nearest" in problem) == ("avif, gif, jpeg, png, tiff, webp", False)


def test_json_within_a_text_that_is_none_is_told_as_that(account, image_id):
    answer = account.client.post(f"{IMAGES}/{image_id}/links", json={"spec": "{"})

    assert (*problem_of(answer), answer.json()["pointer"]) == (400, "invalid_json", "/spec")
