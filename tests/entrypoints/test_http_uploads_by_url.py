"""Uploads by URL, over real sockets: what is fetched, and what is never called."""

import time
from concurrent.futures import ThreadPoolExecutor
from threading import Semaphore

import pytest

from tests.everywhere import EMBEDDED
from tests.pictures import encoded, quadrants
from tests.servers import running_server
from tests.websites import OK, answer_of, answering, redirect_to, website

IMAGES = "/v1/images"
PICTURE = encoded(quadrants())


def problem_of(answer):
    return answer.status_code, answer.json()["code"]


@pytest.fixture(scope="module")
def fetching_server(tmp_path_factory):
    """A server that may call loopback, and gives up soon."""
    folder = tmp_path_factory.mktemp("intranet") / "data"
    options = {"OUTBOUND_NETWORKS": "127.0.0.1/32", "FETCH_SECONDS": "1", "MAX_BYTES": "100000", "WORKER_SLOTS": "0"}
    with running_server(folder, **options, RENDER_SLOTS="1") as server:
        yield server


@pytest.fixture(scope="module")
def intranet(request, deployment):
    server = request.getfixturevalue("fetching_server" if deployment == EMBEDDED else "distributed_server")
    account = server.account()
    with account.client:
        yield account


def upload(account, url, **said):
    return account.client.post(IMAGES, json={"url": url, **said})


@pytest.mark.on_every_deployment("POST /v1/images")
def test_a_picture_is_fetched_from_its_address(intranet):
    with website(answering(answer_of(PICTURE, "Content-Type: image/png"))) as site:
        answer = upload(intranet, f"{site.address}/a/tr%C3%A9e.png?size=1", description="from afar", tags=["a", "b"])

    assert answer.status_code == 201, answer.text
    shown = answer.json()
    assert (shown["name"], shown["description"], shown["tags"]) == ("trée.png", "from afar", ["a", "b"])
    assert intranet.client.get(shown["content_url"]).content == PICTURE
    assert site.requests[0].startswith(b"GET /a/tr%C3%A9e.png?size=1 HTTP/1.1\r\n")
    assert b"authorization" not in site.requests[0].lower()


def test_a_given_name_goes_before_that_of_the_address(intranet):
    with website(answering(answer_of(PICTURE))) as site:
        assert upload(intranet, f"{site.address}/a.png", name="mine").json()["name"] == "mine"


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"])
def test_a_redirect_is_followed(intranet, status):
    with website(answering(answer_of(PICTURE))) as site:
        location = f"{site.address}/b.png"
        with website(answering(redirect_to(location, status))) as first:
            answer = upload(intranet, first.address)

    assert (answer.status_code, answer.json()["name"]) == (201, "b.png")


def test_redirects_without_end_are_given_up(intranet):
    with website(answering(redirect_to("/again"))) as site:
        assert problem_of(upload(intranet, site.address)) == (422, "fetch_failed")

    assert site.connections == 6


NO_ADDRESSES = [
    "file:///etc/passwd",
    "ftp://example.com/a",
    "gopher://example.com",
    "data:image/png;base64,AA",
    "a.png",
]


@pytest.mark.parametrize(
    "url",
    [*NO_ADDRESSES, "", 5, None, "http://user:secret@example.com/a.png", "http://example.com/" + "a" * 2048],
)
def test_what_is_no_address_of_the_web_is_refused(intranet, url):
    answer = upload(intranet, url)

    assert problem_of(answer) == (422, "invalid_url")
    assert answer.json()["pointer"] == "/url"
    assert "secret" not in answer.text


def test_the_address_has_to_be_there(intranet):
    answer = intranet.client.post(IMAGES, json={"name": "x"})

    assert problem_of(answer) == (422, "invalid_url")
    assert (answer.json()["pointer"], answer.json()["detail"]) == ("/url", "url is missing")


@pytest.mark.parametrize("key", ["ulr", "URL", "uri"])
def test_a_misspelt_address_is_told_by_the_key_that_was_meant(intranet, key):
    answer = intranet.client.post(IMAGES, json={key: "https://example.com/a.png", "name": "x"})

    assert problem_of(answer) == (422, "unknown_field")
    assert (answer.json()["pointer"], answer.json()["nearest"]) == (f"/{key}", "url")


@pytest.mark.parametrize("headers", [[], ["Location: "]], ids=["none", "empty"])
def test_a_redirect_that_says_not_where_to_is_told_as_that(intranet, headers):
    with website(answering(answer_of(b"", *headers, status="302 Found"))) as site:
        answer = upload(intranet, site.address)

    assert problem_of(answer) == (422, "fetch_failed")
    assert answer.json()["detail"] == "the server answers with the status 302, and does not say where the file is"
    assert len(site.requests) == 1


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f.1",
        "localhost",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "169.254.169.254",
        "10.1.1.1",
    ],
)
def test_the_inside_is_not_called(account, host):
    with website(answering(answer_of(PICTURE))) as site:
        answer = upload(account, f"http://{host}:{site.port}/a.png")

    assert problem_of(answer) == (422, "url_not_allowed")
    assert site.connections == 0


@pytest.mark.parametrize(
    "location", ["http://127.0.0.2:{port}/", "http://[::1]:{port}/", "http://10.0.0.1/", "//localhost:22/"]
)
def test_a_redirect_to_the_inside_is_not_followed(intranet, location):
    with (
        website(answering(answer_of(PICTURE))) as inside,
        website(answering(redirect_to(location.format(port=inside.port)))) as site,
    ):
        answer = upload(intranet, site.address)

    assert problem_of(answer) == (422, "url_not_allowed")
    assert inside.connections == 0


@pytest.mark.parametrize("location", ["file:///etc/passwd", "http://a:b@127.0.0.1/", "http://["])
def test_a_redirect_out_of_the_web_is_refused(intranet, location):
    with website(answering(redirect_to(location))) as site:
        assert problem_of(upload(intranet, site.address)) == (422, "invalid_url")


@pytest.mark.parametrize(
    ("answer", "status", "code"),
    [
        (answer_of(b"", status="404 Not Found"), 422, "fetch_failed"),
        (answer_of(b"", status="500 Internal Server Error"), 422, "fetch_failed"),
        (answer_of(PICTURE, "Content-Encoding: gzip"), 422, "fetch_failed"),
        (OK + b"Content-Length: 1000\r\n\r\nshort", 422, "fetch_failed"),
        (b"nonsense\r\n\r\n", 422, "fetch_failed"),
        (answer_of(b"<html>"), 415, "unsupported_format"),
        (answer_of(b""), 422, "empty_file"),
        (answer_of(PICTURE[: len(PICTURE) // 2]), 422, "corrupt_image"),
        (OK + b"Content-Length: 100001\r\n\r\n", 413, "file_too_large"),
        (OK + b"Connection: close\r\n\r\n" + b"x" * 100_001, 413, "file_too_large"),
    ],
    ids=["404", "500", "gzip", "cut off", "not http", "html", "empty", "corrupt", "announced", "large"],
)
def test_what_cannot_be_had_is_told(intranet, answer, status, code):
    with website(answering(answer)) as site:
        assert problem_of(upload(intranet, site.address)) == (status, code)


def test_a_server_that_takes_too_long_is_given_up(intranet):
    began = time.monotonic()

    with website(lambda connection: connection.recv(1)) as site:
        assert problem_of(upload(intranet, site.address)) == (504, "fetch_timeout")
    assert time.monotonic() - began < 10


def test_who_has_servers_that_let_us_wait_keeps_nobody_else_waiting(fetching_server, intranet):
    begun = Semaphore(0)

    def hang(connection):
        begun.release()
        connection.recv(1)

    other = fetching_server.account()
    with other.client, website(hang) as slow, website(answering(answer_of(PICTURE))) as quick:
        with ThreadPoolExecutor(4) as threads:
            waiting = [threads.submit(upload, intranet, slow.address) for _ in range(4)]
            for _ in waiting:
                assert begun.acquire(timeout=5)
            one_more, of_another = upload(intranet, quick.address), upload(other, quick.address)
        again = upload(intranet, quick.address)

    assert problem_of(one_more) == (429, "too_many_waiting")
    assert int(one_more.headers["retry-after"]) > 0
    assert (of_another.status_code, again.status_code) == (201, 201)
    assert {problem_of(one.result()) for one in waiting} == {(504, "fetch_timeout")}


def test_a_wrong_field_is_told_and_nothing_is_kept(intranet):
    before = intranet.client.get(IMAGES).json()["total"]
    with website(answering(answer_of(PICTURE))) as site:
        answer = upload(intranet, site.address, nmae="x")

    assert problem_of(answer) == (422, "unknown_field")
    assert intranet.client.get(IMAGES).json()["total"] == before
