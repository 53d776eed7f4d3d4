"""What browsers are told of pages of other origins, over a real socket."""

import re
import socket
from pathlib import Path

import pytest

from imgsvc.entrypoints import http
from imgsvc.entrypoints.http import digests, idempotency
from imgsvc.entrypoints.http.app import ENDPOINTS
from imgsvc.entrypoints.http.cors import EXPOSED_HEADERS, METHODS, REQUEST_HEADERS
from imgsvc.entrypoints.http.document import openapi
from tests.pictures import encoded, quadrants
from tests.servers import running_server
from tests.waiting import wait_for

SHOP, BLOG, OTHER = "https://shop.example", "http://blog.example:8080", "https://other.example"
PNG = encoded(quadrants())
# As the Fetch standard says, browsers let these through by themselves.
ALWAYS_EXPOSED = {"cache-control", "content-language", "content-length", "content-type", "expires", "last-modified"}
# What answers carry that is for browsers and caches, and not for scripts.
FOR_NO_SCRIPT = {"date", "vary", "x-content-type-options", "content-security-policy", "cross-origin-resource-policy"}
# What of a request is looked at, and needs no leave: any page may send it, a browser or a proxy does, or it is refused.
FROM_NO_SCRIPT = {"accept", "content-length", "x-forwarded-for", "content-encoding"}
# As in `request.headers.get("range")`.
READ = re.compile(r"""(?:headers|Headers\(scope=scope\))\.get(?:list)?\("([\w-]+)"|request\.headers\["([\w-]+)"\]""")


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """One that two origins may use."""
    with running_server(
        tmp_path_factory.mktemp("cors") / "data", CORS_ORIGINS=f"{SHOP}, {BLOG}", BODY_RATE="2000"
    ) as server:
        yield server


@pytest.fixture(scope="module")
def open_server(tmp_path_factory):
    """One that everybody's pages may use, and where nobody may ask for more than one thing a minute."""
    folder = tmp_path_factory.mktemp("open") / "data"
    with running_server(folder, CORS_ORIGINS="*", READ_RATE="1") as server:
        yield server


@pytest.fixture
def paths(account):
    """A rendering for its owner, and the same for anybody."""
    image = f"/v1/images/{account.upload(PNG)}"
    made = account.client.post(f"{image}/links", json={"t": "w:5,f:auto"}).raise_for_status()
    return f"{image}/content?t=w:5", made.json()["url"]


def preflight(client, path, origin, method="POST", headers="authorization,content-type,idempotency-key"):
    asked = {"Access-Control-Request-Method": method, "Access-Control-Request-Headers": headers}
    return client.options(path, headers={"Origin": origin, **asked})


def told(answer):
    """What the answer says to a browser of other origins."""
    return {name: value for name, value in answer.headers.items() if name.startswith("access-control-")}


def from_memory(client, path, **headers):
    """The answer, once it comes from there."""

    def asked():
        answer = client.get(path, headers=headers)
        return answer.headers.get("x-imgsvc-cache") == "memory" and answer

    return wait_for(asked)


def words(header):
    return {one.strip().lower() for one in header.split(",")}


# Where pages of some origins may use the service


@pytest.mark.parametrize("origin", [SHOP, BLOG])
def test_a_page_that_may_is_told_so_whatever_the_answer_is(account, paths, origin):
    answers = [account.client.get(path, headers={"Origin": origin}) for path in (*paths, "/v1/images", "/nothing")]
    refused = account.client.get("/v1/images", headers={"Origin": origin, "Authorization": "Bearer x"})

    assert [answer.status_code for answer in (*answers, refused)] == [200, 200, 200, 404, 401]
    assert {answer.headers["access-control-allow-origin"] for answer in (*answers, refused)} == {origin}
    assert all("origin" in words(answer.headers["vary"]) for answer in answers)
    assert "access-control-allow-credentials" not in answers[0].headers


def test_a_page_that_may_sees_all_that_an_answer_tells_a_client(account, paths):
    seen = [account.client.get(path, headers={"Origin": SHOP, "Range": "bytes=0-9"}) for path in paths]
    seen += [account.client.get("/v1/images?limit=1"), account.client.post("/v1/images", files={"file": ("a", PNG)})]
    documented = {
        name.lower()
        for operations in openapi.document(ENDPOINTS)["paths"].values()
        for operation in operations.values()
        for response in operation["responses"].values()
        for name in response.get("headers", ())
    }

    carried = {name for answer in seen for name in answer.headers if not name.startswith("access-control-")}
    exposed = words(seen[0].headers["access-control-expose-headers"])
    assert exposed == {name.lower() for name in EXPOSED_HEADERS}
    assert (carried | documented) - FOR_NO_SCRIPT - ALWAYS_EXPOSED <= exposed


@pytest.mark.parametrize("origin", [OTHER, "null", SHOP.upper(), f"{SHOP}.other.example", f"{SHOP}/", "*", ""])
def test_a_page_that_may_not_is_told_nothing(account, anyone, paths, origin):
    answers = [account.client.get(path, headers={"Origin": origin}) for path in paths]
    asked = preflight(anyone, "/v1/images", origin)

    assert [(answer.status_code, told(answer)) for answer in answers] == [(200, {}), (200, {})]
    assert all("origin" in words(answer.headers["vary"]) for answer in answers)
    assert (asked.status_code, asked.json()["code"], told(asked)) == (403, "cross_origin_refused", {})


def test_an_answer_from_memory_names_who_asks_and_nobody_who_asked_before(account, paths):
    for path in paths:
        from_memory(account.client, path, Origin=SHOP)
        found = {
            origin: from_memory(account.client, path, **({"Origin": origin} if origin else {}))
            for origin in (BLOG, OTHER, "", SHOP)
        }
        etag = found[SHOP].headers["etag"]
        known = account.client.get(path, headers={"Origin": BLOG, "If-None-Match": etag})

        assert {origin: told(one).get("access-control-allow-origin") for origin, one in found.items()} == {
            BLOG: BLOG,
            OTHER: None,
            "": None,
            SHOP: SHOP,
        }
        assert (known.status_code, known.headers["access-control-allow-origin"]) == (304, BLOG)
        assert all("origin" in words(one.headers["vary"]) for one in (*found.values(), known))


def test_what_depends_on_more_than_the_origin_says_so_in_one_line(account, paths):
    answer = from_memory(account.client, paths[1], Origin=SHOP)

    assert answer.headers.get_list("vary") == ["Accept, Origin"]


def test_a_preflight_needs_no_token_and_tells_what_may_be_sent(anyone):
    answer = preflight(anyone, "/v1/images", SHOP)

    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["access-control-allow-origin"] == SHOP
    assert words(answer.headers["access-control-allow-methods"]) == {one.lower() for one in METHODS}
    assert words(answer.headers["access-control-allow-headers"]) == {one.lower() for one in REQUEST_HEADERS}
    assert int(answer.headers["access-control-max-age"]) >= 600
    assert answer.headers["vary"] == "Origin"
    assert answer.headers["x-request-id"]


def test_every_header_that_is_looked_at_may_be_sent():
    sources = [file.read_text() for file in Path(http.__file__).parent.rglob("*.py")]
    read = {name for source in sources for found in READ.findall(source) for name in found if name}
    read |= {one.lower() for one in (*digests.HEADERS, idempotency.HEADER)}

    assert read - FROM_NO_SCRIPT == {one.lower() for one in REQUEST_HEADERS}


def test_every_method_of_the_api_may_be_used():
    assert {one.method for one in ENDPOINTS} <= set(METHODS)


@pytest.mark.parametrize("method", ["TRACE", "get", "NONSENSE", ""])
def test_a_preflight_for_a_method_that_is_none_is_refused(anyone, method):
    answer = preflight(anyone, "/v1/images", SHOP, method)

    assert (answer.status_code, answer.json()["code"]) == (403, "cross_origin_refused")


def test_options_that_are_no_preflight_are_answered_as_ever(anyone):
    answers = [anyone.options("/v1/images", headers=headers) for headers in ({}, {"Origin": SHOP})]

    assert {answer.status_code for answer in answers} == {405}
    assert words(answers[1].headers["allow"]) == {"get", "head", "post"}


# Where pages of all origins may


@pytest.mark.parametrize("headers", [{}, {"Origin": SHOP}, {"Origin": "null"}], ids=str)
def test_where_all_may_everybody_is_told_the_same(open_server, headers):
    with open_server.client() as anyone:
        answer = anyone.get("/healthz", headers=headers)

    assert answer.headers["access-control-allow-origin"] == "*"
    assert "etag" in words(answer.headers["access-control-expose-headers"])
    assert "vary" not in answer.headers


def test_preflights_are_not_counted(open_server):
    with open_server.account().client as client:
        answers = [preflight(client, "/v1/me", SHOP, "GET") for _ in range(5)]
        first, second = client.get("/v1/me"), client.get("/v1/me", headers={"Origin": SHOP})

    assert {answer.status_code for answer in answers} == {204}
    assert all("ratelimit" not in answer.headers for answer in answers)
    assert (first.status_code, second.status_code) == (200, 429)
    assert second.headers["access-control-allow-origin"] == "*"


# Where none may


def test_unless_it_is_set_no_answer_says_anything_of_other_origins(tmp_path):
    with running_server(tmp_path / "data") as server, (somebody := server.account()).client as client:
        path = f"/v1/images/{somebody.upload(PNG)}/content?t=w:5"
        answers = [client.get(path, headers={"Origin": SHOP}), from_memory(client, path, Origin=SHOP)]
        asked = preflight(client, path, SHOP, "GET")

    assert [(answer.status_code, told(answer)) for answer in (*answers, asked)] == [(200, {}), (200, {}), (405, {})]
    assert (asked.json()["code"], words(asked.headers["allow"])) == ("method_not_allowed", {"get", "head"})
    assert all("vary" not in answer.headers for answer in answers)


# What is refused before it is a request


TOO_MANY = b"".join(b"Name-%d: x\r\n" % number for number in range(101))


def refused(server, *parts):
    """The status of what is sent so, and the headers that tell a browser of other origins."""
    host, port = server.address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=15) as connection:
        connection.sendall(b"".join(parts))
        head = b""
        while b"\r\n\r\n" not in head:
            head += connection.recv(65536)
    first, *lines = head.partition(b"\r\n\r\n")[0].decode().split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    return int(first.split()[1]), headers.get("access-control-allow-origin"), headers.get("vary")


def get(address="/healthz", origin=SHOP, rest=b""):
    return f"GET {address} HTTP/1.1\r\nHost: a\r\nOrigin: {origin}\r\n".encode() + rest + b"\r\n"


def test_a_page_that_may_is_told_what_the_connection_refuses(server):
    body = b"Content-Type: application/json\r\nContent-Length: 9\r\n"
    slow = get("/v1/auth/login", BLOG, body).replace(b"GET", b"POST")

    assert refused(server, get(rest=TOO_MANY)) == (431, SHOP, "Origin")
    assert refused(server, get(rest=b"Host: b\r\n")) == (400, SHOP, "Origin")
    assert refused(server, slow) == (408, BLOG, "Origin")
    assert refused(server, get(origin=OTHER, rest=TOO_MANY)) == (431, None, "Origin")


def test_what_comes_before_the_origin_is_refused_without_it_unless_all_pages_may(server, open_server):
    too_long = get(f"/{'x' * 9000}")
    too_many = get().replace(b"Host:", TOO_MANY + b"Host:")

    assert refused(server, too_long) == (414, None, "Origin")
    assert refused(server, too_many) == (431, None, "Origin")
    assert refused(open_server, too_long) == (414, "*", None)
    assert refused(open_server, too_many) == (431, "*", None)


def test_a_connection_tells_nobody_of_who_asked_on_it_before(server):
    host, port = server.address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=15) as connection:
        connection.sendall(get())
        answer = b""
        while not answer.endswith(b"}\n"):
            answer += connection.recv(65536)
        connection.sendall(b"nonsense\r\n\r\n")
        refusal = connection.recv(65536)

    assert (answer.split()[1], refusal.split()[1]) == (b"200", b"400")
    assert b"access-control-allow-origin" in answer
    assert b"access-control-allow-origin" not in refusal
