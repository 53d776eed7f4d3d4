"""Originals over a real socket: listed, shown, handed out, and erased."""

import hashlib
import re

import pytest

from tests.pictures import encoded, quadrants

IMAGES = "/v1/images"
PICTURE = encoded(quadrants())


@pytest.fixture
def image_id(account):
    return account.upload(PICTURE)


def problem_of(answer):
    return answer.status_code, answer.json()["code"]


def stored_files(server, place="blobs"):
    """Whatever lies below a part of the data folder."""
    return {path for path in (server.data_dir / place).rglob("*") if path.is_file()}


# Lists


@pytest.fixture(scope="module")
def collection(server):
    """Somebody with seven images, newest first."""
    account = server.account()
    with account.client:
        yield account, [account.upload(PICTURE, f"{number}.png") for number in range(7)][::-1]


def shown_ids(answer):
    return [item["id"] for item in answer.json()["items"]]


@pytest.mark.parametrize("first", ["limit=3", "limit=3&page=1"])
def test_a_list_is_read_in_parts_newest_first(collection, first):
    account, ids = collection
    answers = [account.client.get(f"{IMAGES}?{first}")]
    while answers[-1].json()["next"]:
        answers.append(account.client.get(answers[-1].json()["next"]))

    assert [shown_ids(answer) for answer in answers] == [ids[:3], ids[3:6], ids[6:]]
    assert {answer.json()["total"] for answer in answers} == {7}
    assert answers[-1].json()["next_cursor"] is None


def test_a_cursor_stays_where_it_was_while_the_list_grows(server):
    account = server.account()
    with account.client:
        ids = [account.upload(PICTURE) for _ in range(3)][::-1]
        cursor = account.client.get(IMAGES, params={"limit": 1}).json()["next_cursor"]
        account.upload(PICTURE)

        answer = account.client.get(IMAGES, params={"cursor": cursor})

    assert shown_ids(answer) == ids[1:]


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
        ("lmit=1", "unknown_parameter", "lmit", "cursor, limit, page"),
        ("sort=name", "unknown_parameter", "sort", "cursor, limit, page"),
        ("=", "unknown_parameter", "", "cursor, limit, page"),
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
    "cursor", ["", "x", "=", "A" * 10_000, "bnVsbA", "W10", "WzEsMiwzLDRd", "é", "\0", "../..", "e30"]
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
        "x" * 10_000,
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


def test_the_id_of_something_else_names_no_image(account, image_id):
    variant_id = account.client.post(f"{IMAGES}/{image_id}/transform", json={}).json()["id"]

    assert account.client.get(f"{IMAGES}/{variant_id}").status_code == 404
    assert account.client.get(f"/v1/variants/{image_id}").status_code == 404


def test_another_users_image_is_answered_like_none(server, account, image_id):
    stranger = server.account()
    with stranger.client:
        theirs = stranger.client.get(f"{IMAGES}/{image_id}").json()
        nobodys = stranger.client.get(f"{IMAGES}/{image_id[:-4]}0000").json()

    for answer in (theirs, nobodys):
        del answer["request_id"]
        answer["detail"] = re.sub(r"[0-9a-f-]{36}", "ID", answer["detail"])
    assert theirs == nobodys


def test_a_deleted_image_is_gone_with_all_that_was_made_of_it(server, account, image_id):
    content = f"{IMAGES}/{image_id}/content"
    variant = account.client.post(f"{IMAGES}/{image_id}/transform", json={"grayscale": True}).json()
    account.client.get(content, params={"width": 10})

    deleted = account.client.delete(f"{IMAGES}/{image_id}")

    paths = [content, f"{content}?width=10", f"{IMAGES}/{image_id}", f"{IMAGES}/{image_id}/variants"]
    paths += [f"/v1/variants/{variant['id']}", variant["content_url"], f"/v1/jobs/{variant['id']}"]
    assert (deleted.status_code, deleted.content) == (204, b"")
    assert {account.client.get(path).status_code for path in paths} == {404}
    assert not [path for path in stored_files(server) if image_id in str(path)]
    assert problem_of(account.client.delete(f"{IMAGES}/{image_id}")) == (404, "not_found")


# Content


@pytest.mark.parametrize("format", ["jpeg", "png", "webp", "gif", "bmp", "tiff", "avif"])
def test_the_original_comes_back_byte_by_byte(account, format):
    content = encoded(quadrants(), format)
    image_id = account.upload(content, f"picture.{format}")

    answer = account.client.get(f"{IMAGES}/{image_id}/content")

    assert answer.content == content
    assert answer.headers["Content-Type"] == f"image/{format}"
    assert answer.headers["ETag"] == f'"{hashlib.sha256(content).hexdigest()}"'


@pytest.mark.parametrize("query", ["", "?width=10"])
def test_a_picture_is_private_and_no_browser_runs_it(account, image_id, query):
    headers = account.client.get(f"{IMAGES}/{image_id}/content{query}").headers

    assert headers["Cache-Control"] == "private, no-cache"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert headers["Content-Disposition"].startswith("inline; filename=")


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


@pytest.mark.parametrize("header", [{"Range": "bytes=0-1"}, {"Range": "bytes=-"}, {"Range": "bytes=" + "0-1," * 1000}])
def test_ranges_are_not_served_yet(account, image_id, header):
    answer = account.client.get(f"{IMAGES}/{image_id}/content", headers=header)

    assert (answer.status_code, answer.content) == (200, PICTURE)


@pytest.mark.parametrize("accept", ["text/html", "image/*;q=x", "*/*;q=2", ",;,", "image/avif,image/webp", "x" * 3000])
def test_what_is_accepted_changes_nothing_yet(account, image_id, accept):
    answer = account.client.get(f"{IMAGES}/{image_id}/content?width=10", headers={"Accept": accept})

    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "image/png")


def test_the_head_of_a_picture_is_that_of_the_whole(account, image_id):
    for query in ("", "?width=10"):
        whole = account.client.get(f"{IMAGES}/{image_id}/content{query}")

        head = account.client.head(f"{IMAGES}/{image_id}/content{query}")

        assert (head.status_code, head.content) == (200, b"")
        for name in ("ETag", "Content-Length", "Content-Type", "Cache-Control", "Content-Disposition"):
            assert head.headers[name] == whole.headers[name]
