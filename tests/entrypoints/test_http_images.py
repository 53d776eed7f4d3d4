"""Originals over a real socket: listed, shown, handed out, and erased."""

import hashlib
import re
from uuid import uuid4

import pytest

from imgsvc.entrypoints.http.app import ENDPOINTS
from tests.pictures import encoded, quadrants

IMAGES = "/v1/images"
PICTURE = encoded(quadrants())
PARAMETERS = (
    "created_after, created_before, cursor, format, limit, max_height, max_width, min_height, min_width, page, q, "
    "sort, tag"
)
A_TAG = "1 to 64 characters, without commas, control characters, or space around"
MOMENT = "a day or a moment with its zone, such as 2026-03-01 or 2026-03-01T12:30:00Z"


@pytest.fixture
def image_id(account):
    return account.upload(PICTURE)


def problem_of(answer):
    return answer.status_code, answer.json()["code"]


# Lists


@pytest.fixture(scope="module")
def collection(server):
    """Somebody with seven images, newest first."""
    account = server.account()
    with account.client:
        yield account, [account.upload(PICTURE, f"{number}.png") for number in range(7)][::-1]


def shown_ids(answer):
    return [item["id"] for item in answer.json()["items"]]


@pytest.mark.on_every_deployment("GET /v1/images")
@pytest.mark.parametrize("first", ["limit=3", "limit=3&page=1"])
def test_a_list_is_read_in_parts_newest_first(collection, first):
    account, ids = collection
    answers = [account.client.get(f"{IMAGES}?{first}")]
    while answers[-1].json()["next"]:
        answers.append(account.client.get(answers[-1].json()["next"]))

    assert [shown_ids(answer) for answer in answers] == [ids[:3], ids[3:6], ids[6:]]
    assert {answer.json()["total"] for answer in answers} == {7}
    assert answers[-1].json()["next_cursor"] is None


@pytest.mark.on_every_deployment
def test_a_cursor_stays_where_it_was_while_the_list_grows(server):
    account = server.account()
    with account.client:
        ids = [account.upload(PICTURE) for _ in range(3)][::-1]
        cursor = account.client.get(IMAGES, params={"limit": 1}).json()["next_cursor"]
        account.upload(PICTURE)

        answer = account.client.get(IMAGES, params={"cursor": cursor})

    assert shown_ids(answer) == ids[1:]


def links_of(answer):
    return {name: link["url"] for name, link in answer.links.items()}


@pytest.mark.on_every_deployment
def test_a_list_names_its_other_parts_in_a_header(collection):
    client = collection[0].client

    first = client.get(f"{IMAGES}?limit=3&sort=name")
    assert links_of(first) == {"first": f"{IMAGES}?limit=3&sort=name", "next": first.json()["next"]}
    second = client.get(f"{IMAGES}?limit=3&page=2&sort=name")
    assert links_of(second) == {
        "first": f"{IMAGES}?limit=3&page=1&sort=name",
        "prev": f"{IMAGES}?limit=3&page=1&sort=name",
        "next": f"{IMAGES}?limit=3&page=3&sort=name",
    }
    assert set(links_of(client.get(second.json()["next"]))) == {"first", "prev"}


@pytest.mark.on_every_deployment
@pytest.mark.parametrize("sort", ["newest", "oldest", "name", "name_desc", "smallest", "largest"])
def test_a_sorted_and_filtered_list_is_read_in_parts(collection, sort):
    account, ids = collection
    answers = [account.client.get(IMAGES, params={"limit": 3, "sort": sort, "q": "PNG", "format": "png"})]
    while answers[-1].json()["next"]:
        answers.append(account.client.get(answers[-1].json()["next"]))

    shown = [one for answer in answers for one in shown_ids(answer)]
    assert [len(shown_ids(answer)) for answer in answers] == [3, 3, 1]
    if sort in ("newest", "name_desc"):
        assert shown == ids
    elif sort in ("oldest", "name"):
        assert shown == ids[::-1]
    assert set(shown) == set(ids)
    assert {(answer.json()["total"], answer.json()["total_is_exact"]) for answer in answers} == {(7, True)}


def test_a_cursor_is_of_the_filters_and_the_order_that_gave_it(collection):
    client = collection[0].client
    cursor = client.get(IMAGES, params={"limit": 1, "sort": "name", "q": "png"}).json()["next_cursor"]

    for other in ({}, {"sort": "name"}, {"q": "png"}, {"sort": "name", "q": "pn"}, {"sort": "oldest", "q": "png"}):
        answer = client.get(IMAGES, params={"cursor": cursor, **other})
        assert problem_of(answer) == (422, "conflicting_parameters")
        assert answer.json()["parameter"] == "cursor"
    assert client.get(IMAGES, params={"cursor": cursor, "sort": "name", "q": "png", "limit": 100}).status_code == 200


@pytest.mark.on_every_deployment
def test_a_search_finds_what_was_said_of_an_image(server):
    account = server.account()
    with account.client:
        fields = {"name": "Café", "description": "At  night", "tags": " food , Paris,,"}
        found = account.client.post(IMAGES, files={"file": ("a.png", PICTURE)}, data=fields).json()
        account.upload(PICTURE)

        assert (found["name"], found["description"], found["tags"]) == ("Café", "At  night", ["food", "Paris"])
        for query in ("tag=Paris", "q=CAFE%CC%81", "q=at++NIGHT", "q=paris&tag=food&min_width=1&max_height=99"):
            answer = account.client.get(f"{IMAGES}?{query}")
            assert shown_ids(answer) == [found["id"]], query
            assert (answer.json()["total"], answer.json()["total_is_exact"]) == (1, True)
        assert shown_ids(account.client.get(f"{IMAGES}?tag=paris")) == []


# Changes


@pytest.mark.on_every_deployment("PATCH /v1/images/{image_id}")
def test_what_is_said_of_an_image_is_changed_in_parts(account, image_id):
    address = f"{IMAGES}/{image_id}"

    def changed(**changes):
        answer = account.client.patch(address, json=changes)
        assert answer.status_code == 200
        assert answer.json() == account.client.get(address).json()
        return answer.json()["name"], answer.json()["description"], answer.json()["tags"]

    assert changed(name="<b>../é") == ("<b>../é", None, [])
    assert changed(description="d", tags=["b", "a"]) == ("<b>../é", "d", ["b", "a"])
    assert changed() == ("<b>../é", "d", ["b", "a"])
    assert changed(description=None, tags=[]) == ("<b>../é", None, [])
    assert changed(name=None, tags=None) == ("", None, [])


def test_a_change_is_also_read_as_a_merge_patch(account, image_id):
    headers = {"Content-Type": "application/merge-patch+json"}

    answer = account.client.patch(f"{IMAGES}/{image_id}", content=b'{"name": "new"}', headers=headers)

    assert (answer.status_code, answer.json()["name"]) == (200, "new")


@pytest.mark.parametrize(
    ("body", "code", "pointer"),
    [
        ({"nmae": "x"}, "unknown_field", "/nmae"),
        ({"id": "x"}, "unknown_field", "/id"),
        ({"owner": "x", "name": "new"}, "unknown_field", "/owner"),
        ({"name": 1}, "validation_error", "/name"),
        ({"name": "x" * 256}, "validation_error", "/name"),
        ({"name": "absent", "description": ["x"]}, "validation_error", "/description"),
        ({"description": "x" * 2001}, "validation_error", "/description"),
        ({"tags": "a"}, "validation_error", "/tags"),
        ({"tags": ["a", 1]}, "validation_error", "/tags/1"),
        ({"tags": ["a", None]}, "validation_error", "/tags/1"),
        ({"tags": ["a", "a"]}, "validation_error", "/tags/1"),
        ({"tags": ["a,b"]}, "validation_error", "/tags/0"),
        ({"name": "a\0b"}, "validation_error", "/name"),
        ({"name": "a\nb"}, "validation_error", "/name"),
        ({"name": "\x1b[31m"}, "validation_error", "/name"),
        ({"name": " \u3000"}, "validation_error", "/name"),
        ({"description": "a\0"}, "validation_error", "/description"),
        ({"description": "\n"}, "validation_error", "/description"),
        ({"tags": ["a", "b\x85"]}, "validation_error", "/tags/1"),
        ({"tags": [str(number) for number in range(51)]}, "validation_error", "/tags"),
    ],
)
def test_a_change_that_cannot_be_made_changes_nothing(account, image_id, body, code, pointer):
    before = account.client.get(f"{IMAGES}/{image_id}").json()

    answer = account.client.patch(f"{IMAGES}/{image_id}", json=body)

    assert problem_of(answer) == (422, code)
    assert answer.json()["pointer"] == pointer
    assert account.client.get(f"{IMAGES}/{image_id}").json() == before


@pytest.mark.parametrize("field", ["name", "description", "tags"])
def test_half_a_character_in_a_change_is_refused(account, image_id, field):
    headers = {"Content-Type": "application/json"}
    half = b'["\\ud800"]' if field == "tags" else b'"\\ud800"'

    answer = account.client.patch(
        f"{IMAGES}/{image_id}", content=b'{"%s": %s}' % (field.encode(), half), headers=headers
    )

    assert problem_of(answer) == (422, "validation_error")
    assert answer.json()["pointer"].startswith(f"/{field}")


@pytest.mark.on_every_deployment
def test_a_page_past_the_end_is_empty(collection):
    answer = collection[0].client.get(IMAGES, params={"page": 1_000_000, "limit": 100})

    assert (answer.status_code, answer.json()["items"], answer.json()["next"]) == (200, [], None)


@pytest.mark.parametrize(
    ("query", "code", "parameter", "allowed"),
    [
        *[(f"limit={one}", "invalid_parameter", "limit", "1 to 100") for one in ("0", "-1", "101", "1000000000")],
        *[
            (f"limit={one}", "invalid_parameter", "limit", "a whole number")
            for one in ("1.5", "1e9", "abc", "", "NaN", "%D9%A3", "%2B5", "0x10", "05", "%00", "9" * 30, " 5")
        ],
        *[(f"page={one}", "invalid_parameter", "page", "1 to 1000000") for one in ("0", "-1", "1000000000000")],
        ("page=1&cursor=x", "conflicting_parameters", "page", "a cursor or a page"),
        ("limit=1&limit=1", "duplicate_parameter", "limit", "limit once"),
        ("lmit=1", "unknown_parameter", "lmit", PARAMETERS),
        ("=", "unknown_parameter", "", PARAMETERS),
        *[
            (f"tag={one}", "invalid_parameter", "tag", A_TAG)
            for one in ("%00", "a%00", "%0A", "%C2%85", "%E2%80%A8", "", "+", "a+", "a,b", "x" * 65)
        ],
        ("sort=size", "invalid_parameter", "sort", "largest, name, name_desc, newest, oldest, smallest"),
        ("sort=NEWEST", "invalid_parameter", "sort", "largest, name, name_desc, newest, oldest, smallest"),
        ("format=svg", "invalid_parameter", "format", "avif, bmp, gif, heic, jpeg, png, tiff, webp"),
        *[(f"min_width={one}", "invalid_parameter", "min_width", "1 to 2147483647") for one in ("0", "-1")],
        ("max_height=1.5", "invalid_parameter", "max_height", "a whole number"),
        ("min_width=5&max_width=4", "invalid_parameter", "min_width", "at most max_width, which is 4"),
        *[
            (f"created_after={one}", "invalid_parameter", "created_after", MOMENT)
            for one in (
                "",
                "yesterday",
                "2026-13-01",
                "2026-03-01T12:00",
                "20260301",
                "2026-W10-1",
                "1e9",
                "0000-01-01",
            )
        ],
        (
            "created_after=2026-03-02&created_before=2026-03-01",
            "invalid_parameter",
            "created_after",
            "a moment before created_before",
        ),
        *[(f"q={one}", "invalid_parameter", "q", "1 to 200 characters, no NUL") for one in ("", "a%00b", "a" * 201)],
    ],
)
def test_a_list_refuses_what_it_cannot_read_and_says_what_it_can(collection, query, code, parameter, allowed):
    answer = collection[0].client.get(f"{IMAGES}?{query}")

    assert problem_of(answer) == (422, code)
    assert (answer.json()["parameter"], answer.json()["allowed"]) == (parameter, allowed)
    assert "value" in answer.json()


@pytest.mark.parametrize("query", ["limit=%ff", "%80=1", "&".join(f"a{number}=1" for number in range(200))])
def test_a_query_that_cannot_be_read_is_refused(collection, query):
    answer = collection[0].client.get(f"{IMAGES}?{query}")

    assert problem_of(answer) == (422, "invalid_parameter")
    assert answer.json()["allowed"] == "at most 100 names and values, in UTF-8"


def test_a_misspelt_parameter_is_told_the_nearest_one(collection):
    assert collection[0].client.get(f"{IMAGES}?lmit=1").json()["nearest"] == "limit"


@pytest.mark.parametrize(
    "cursor", ["", "x", "=", "A" * 8_000, "bnVsbA", "W10", "WzEsMiwzLDRd", "é", "\0", "../..", "e30"]
)
def test_a_cursor_that_is_none_is_refused(collection, cursor):
    answer = collection[0].client.get(IMAGES, params={"cursor": cursor})

    assert problem_of(answer) == (400, "invalid_cursor")
    assert answer.json()["parameter"] == "cursor"


def test_a_cursor_with_any_character_changed_is_refused(collection):
    account, _ = collection
    cursor = account.client.get(IMAGES, params={"limit": 1}).json()["next_cursor"]

    changed = [cursor[:at] + ("A" if cursor[at] != "A" else "B") + cursor[at + 1 :] for at in range(0, len(cursor), 9)]

    answers = [account.client.get(IMAGES, params={"cursor": one}) for one in [*changed, cursor[:-4], cursor + "AAAA"]]
    assert {problem_of(answer) for answer in answers} == {(400, "invalid_cursor")}


@pytest.mark.on_every_deployment
def test_a_cursor_fits_its_own_list_and_user_only(collection, account):
    owner, ids = collection
    cursor = owner.client.get(IMAGES, params={"limit": 1}).json()["next_cursor"]

    elsewhere = [
        owner.client.get(path, params={"cursor": cursor}) for path in ("/v1/jobs", f"{IMAGES}/{ids[0]}/variants")
    ]
    by_another = account.client.get(IMAGES, params={"cursor": cursor})

    assert {problem_of(answer) for answer in [*elsewhere, by_another]} == {(400, "invalid_cursor")}


# One image


@pytest.mark.parametrize(
    "wrong_id",
    [
        "x",
        "0",
        "null",
        "%00",
        "%2e%2e%2fme",
        "'%20OR%201=1",
        "x" * 8_000,
        "00000000-0000-4000-8000-00000000000g",
    ],
)
@pytest.mark.parametrize("path", ["/v1/images/{}", "/v1/images/{}/content", "/v1/images/{}/variants", "/v1/jobs/{}"])
def test_what_is_no_id_names_nothing(account, path, wrong_id):
    assert problem_of(account.client.get(path.format(wrong_id))) == (404, "not_found")


def test_an_id_has_one_spelling(account, image_id):
    spellings = [
        image_id.upper(),
        image_id.replace("-", ""),
        f"{{{image_id}}}",
        f"urn:uuid:{image_id}",
        f"%20{image_id}",
    ]
    different = [one for one in spellings if one != image_id]

    assert {account.client.get(f"{IMAGES}/{one}").status_code for one in different} == {404}


@pytest.mark.on_every_deployment
def test_the_id_of_something_else_names_no_image(account, image_id):
    variant_id = account.client.post(f"{IMAGES}/{image_id}/transform", json={}).json()["id"]

    assert account.client.get(f"{IMAGES}/{variant_id}").status_code == 404
    assert account.client.get(f"/v1/variants/{image_id}").status_code == 404


@pytest.mark.on_every_deployment
def test_another_users_image_is_answered_like_none(server, account, image_id):
    stranger = server.account()
    with stranger.client:
        theirs = stranger.client.get(f"{IMAGES}/{image_id}").json()
        nobodys = stranger.client.get(f"{IMAGES}/{image_id[:-4]}0000").json()

    for answer in (theirs, nobodys):
        del answer["request_id"]
        answer["detail"] = re.sub(r"[0-9a-f-]{36}", "ID", answer["detail"])
    assert theirs == nobodys


@pytest.mark.on_every_deployment("DELETE /v1/images/{image_id}")
def test_a_deleted_image_is_gone_with_all_that_was_made_of_it(server, account, image_id):
    content = f"{IMAGES}/{image_id}/content"
    variant = account.client.post(f"{IMAGES}/{image_id}/transform", json={"grayscale": True}).json()
    account.client.get(content, params={"width": 10})

    deleted = account.client.delete(f"{IMAGES}/{image_id}")

    paths = [f"/v1/variants/{variant['id']}", variant["content_url"], f"/v1/jobs/{variant['id']}"]
    receipt = deleted.json()
    assert (deleted.status_code, receipt["id"], receipt["bytes"]) == (200, image_id, len(PICTURE))
    assert (receipt["variants"], receipt["shared"]) == (2, False)
    assert receipt["variant_bytes"] > 0
    assert {problem_of(account.client.get(path)) for path in paths} == {(404, "not_found")}
    assert not [key for key in server.stored() if image_id in key]


# What can be asked of an image; more than one of what is answered in several ways.
ASKED_OF_IMAGE = [
    ("GET", "", None),
    ("PATCH", "", {"name": "other.png"}),
    ("DELETE", "", None),
    ("GET", "/content", None),
    ("HEAD", "/content", None),
    ("GET", "/content?width=10", None),
    ("GET", "/content?t=w:10,f:auto", None),
    ("POST", "/transform", {"grayscale": True}),
    ("POST", "/transform?mode=async", {"grayscale": True}),
    ("POST", "/transform", {"specs": ["w:10", "w:20"]}),
    ("POST", "/plan", {"grayscale": True}),
    ("GET", "/variants", None),
    ("POST", "/links", {"t": "w:10"}),
]


@pytest.mark.on_every_deployment
@pytest.mark.parametrize(("method", "path", "body"), ASKED_OF_IMAGE)
def test_an_erased_image_is_gone_to_its_owner_and_nothing_to_others(server, account, image_id, method, path, body):
    account.client.delete(f"{IMAGES}/{image_id}").raise_for_status()

    stranger = server.account()
    with stranger.client:
        mine, theirs, nobodys = (
            client.request(method, f"{IMAGES}/{asked}{path}", json=body)
            for client, asked in ((account.client, image_id), (stranger.client, image_id), (account.client, uuid4()))
        )

    assert (mine.status_code, theirs.status_code, nobodys.status_code) == (410, 404, 404)
    if method != "HEAD":
        assert (mine.json()["code"], theirs.json()["code"]) == ("image_erased", "not_found")


def test_every_path_below_an_image_is_asked_of_erased_ones():
    below = {(one.method, one.path.partition("{image_id}")[2]) for one in ENDPOINTS if "/{image_id}" in one.path}

    assert below <= {(method, path.partition("?")[0]) for method, path, _ in ASKED_OF_IMAGE}


# Content


@pytest.mark.on_every_deployment("GET /v1/images/{image_id}/content")
@pytest.mark.parametrize("format", ["jpeg", "png", "webp", "gif", "bmp", "tiff", "avif"])
def test_the_original_comes_back_byte_by_byte(account, format):
    content = encoded(quadrants(), format)
    image_id = account.upload(content, f"picture.{format}")

    answer = account.client.get(f"{IMAGES}/{image_id}/content")

    assert answer.content == content
    assert answer.headers["Content-Type"] == f"image/{format}"
    assert answer.headers["ETag"] == f'"{hashlib.sha256(content).hexdigest()}"'


@pytest.mark.on_every_deployment
@pytest.mark.parametrize("query", ["", "?width=10"])
def test_a_picture_is_private_and_no_browser_runs_it(account, image_id, query):
    headers = account.client.get(f"{IMAGES}/{image_id}/content{query}").headers

    assert headers["Cache-Control"] == "private, no-cache"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert headers["Content-Disposition"].startswith("inline; filename=")


@pytest.mark.on_every_deployment
@pytest.mark.parametrize("given", ["{etag}", "W/{etag}", '"a", {etag}', '"a" , W/{etag},"b"', "*", '"a",,{etag}'])
@pytest.mark.parametrize("query", ["", "?width=10&format=webp"])
def test_who_has_a_version_already_is_not_sent_it_again(account, image_id, query, given):
    path = f"{IMAGES}/{image_id}/content{query}"
    first = account.client.get(path)

    again = account.client.get(path, headers={"If-None-Match": given.format(etag=first.headers["ETag"])})

    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]
    assert again.headers["Cache-Control"] == first.headers["Cache-Control"]


@pytest.mark.parametrize(
    "given", ['"x"', "{bare}", "", ",", '"', "W/", '"*"', "x" * 10_000, '"a",' * 1000, b"\xff\xfe"]
)
@pytest.mark.parametrize("query", ["", "?width=10"])
def test_who_has_another_version_is_sent_the_picture(account, image_id, query, given):
    path = f"{IMAGES}/{image_id}/content{query}"
    etag = account.client.get(path).headers["ETag"]
    given = given.format(bare=etag.strip('"')[:-1]) if isinstance(given, str) else given

    assert account.client.get(path, headers={"If-None-Match": given}).status_code == 200


@pytest.mark.on_every_deployment
def test_a_version_is_checked_before_anything_is_rendered(account, image_id):
    path = f"{IMAGES}/{image_id}/content?width=11"

    assert account.client.get(path, headers={"If-None-Match": "*"}).status_code == 304
    assert account.client.get(path).headers["X-Imgsvc-Cache"] == "rendered"
    assert account.client.get(path).headers["X-Imgsvc-Cache"] == "memory"


def test_each_rendering_has_a_version_of_its_own(account, image_id):
    path = f"{IMAGES}/{image_id}/content"
    queries = ["", "width=10", "width=11", "width=10&format=webp", "width=10&format=jpeg&quality=50", "flip=1"]
    etags = {account.client.get(f"{path}?{query}").headers["ETag"] for query in queries}

    assert len(etags) == len(queries)


@pytest.mark.parametrize(
    "query", ["t=w:10,gray,f:webp", "t=rs:inside:10,gray,f:webp", "width=10&grayscale=1&format=webp"]
)
def test_two_ways_to_say_the_same_have_the_same_version(account, image_id, query):
    path = f"{IMAGES}/{image_id}/content"

    assert (
        account.client.get(f"{path}?{query}").headers["ETag"]
        == account.client.get(f"{path}?t=w:10,gray,f:webp").headers["ETag"]
    )


@pytest.mark.parametrize("accept", ["text/html", "image/*;q=x", "*/*;q=2", ",;,", "image/avif,image/webp", "x" * 3000])
def test_what_is_accepted_changes_nothing_yet(account, image_id, accept):
    answer = account.client.get(f"{IMAGES}/{image_id}/content?width=10", headers={"Accept": accept})

    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "image/png")


@pytest.mark.on_every_deployment
def test_the_head_of_a_picture_is_that_of_the_whole(account, image_id):
    for query in ("", "?width=10"):
        whole = account.client.get(f"{IMAGES}/{image_id}/content{query}")

        head = account.client.head(f"{IMAGES}/{image_id}/content{query}")

        assert (head.status_code, head.content) == (200, b"")
        for name in ("ETag", "Content-Length", "Content-Type", "Cache-Control", "Content-Disposition"):
            assert head.headers[name] == whole.headers[name]
