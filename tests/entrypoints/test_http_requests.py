"""What every request gets: an id, a problem document where it fails, and an answer whatever it is."""

import json
import re
import socket
from urllib.parse import urlsplit

import pytest

from tests.pictures import encoded, quadrants
from tests.waiting import wait_for

UUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
NOBODY = "00000000-0000-4000-8000-000000000000"


def logged(server, answer):
    """The lines of the log about a request; they are written after its answer."""
    request_id = answer.headers["X-Request-Id"]
    return wait_for(lambda: [line for line in server.log().split("\n") if request_id in line])


def said(server, request):
    """What the server answers to these very bytes, until it hangs up."""
    address = urlsplit(server.address)
    with socket.create_connection((address.hostname, address.port), timeout=20) as connection:
        connection.sendall(request)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def last_request(*headers, line="GET /healthz HTTP/1.1"):
    """A request after which the server hangs up."""
    return "\r\n".join([line, "Host: x", "Connection: close", *headers, "", ""]).encode("latin-1")


# The id of a request


@pytest.mark.parametrize("path", ["/healthz", "/v1/me", "/nowhere", "/openapi.json"])
@pytest.mark.parametrize("request_id", ["a", "x" * 64, "5f1d-ABC-9"])
def test_the_id_of_a_request_is_echoed(anyone, path, request_id):
    answer = anyone.get(path, headers={"X-Request-Id": request_id})

    assert answer.headers["X-Request-Id"] == request_id
    assert answer.json().get("request_id", request_id) == request_id


@pytest.mark.parametrize(
    "request_id", [b"", b"x" * 65, b"x" * 5000, b"a b", b"a\tb", b"a;b", b"<a>", b'"', b"\xff", b"../a", b"{}"]
)
def test_an_id_that_could_be_more_than_an_id_is_replaced(anyone, request_id):
    answer = anyone.get("/v1/me", headers={"X-Request-Id": request_id})

    assert re.fullmatch(UUID, answer.headers["X-Request-Id"])
    assert answer.json()["request_id"] == answer.headers["X-Request-Id"]


def test_each_request_has_an_id_of_its_own(anyone):
    ids = {anyone.get("/healthz").headers["X-Request-Id"] for _ in range(10)}

    assert len(ids) == 10


def test_the_log_has_a_request_under_its_id(server, anyone):
    answer = anyone.get("/v1/me?secret=in-the-query")

    lines = [json.loads(line) for line in logged(server, answer)]
    assert [(line["url.path"], line["http.response.status_code"]) for line in lines] == [("/v1/me", 401)]
    assert "in-the-query" not in server.log()


@pytest.mark.parametrize(
    "path", ["/%0a%0d{}", "/a%22%7D%0a%7B%22message%22", "/%1b%5b31m", "/%e2%80%a8", "/%ff%fe", "/%ed%a0%80"]
)
def test_no_path_breaks_a_line_of_the_log(server, anyone, path):
    answer = anyone.get(path)

    (line,) = logged(server, answer)
    assert answer.status_code == 404
    assert json.loads(line)["message"] == "request"
    assert line.isascii()


# Problem documents


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/v1", 404, "not_found"),
        ("GET", "/v2/images", 404, "not_found"),
        ("GET", "//v1/me", 404, "not_found"),
        ("GET", "/v1//me", 404, "not_found"),
        ("GET", "/V1/ME", 404, "not_found"),
        ("GET", "/v1/me%00", 404, "not_found"),
        ("GET", "/v1%2fme", 401, "unauthenticated"),
        ("GET", "/static/%2e%2e/%2e%2e/etc/passwd", 404, "not_found"),
        ("GET", "/%252e%252e%252fetc%252fpasswd", 404, "not_found"),
        ("GET", "/..%5c..%5cwindows", 404, "not_found"),
        ("GET", "/v1/me", 401, "unauthenticated"),
        ("POST", "/v1/images", 401, "unauthenticated"),
        ("GET", f"/v1/images/{NOBODY}", 401, "unauthenticated"),
        ("GET", "/v1/images/not-an-id", 401, "unauthenticated"),
        ("POST", f"/v1/images/{NOBODY}/transform", 401, "unauthenticated"),
        ("GET", "/v1/jobs?status=nonsense", 401, "unauthenticated"),
        ("POST", "/v1/auth/login", 415, "unsupported_media_type"),
        ("PUT", "/v1/me", 405, "method_not_allowed"),
        ("TRACE", "/healthz", 405, "method_not_allowed"),
        ("PATCH", "/openapi.json", 405, "method_not_allowed"),
    ],
)
def test_every_failure_is_a_problem_document(anyone, method, path, status, code):
    answer = anyone.request(method, anyone.base_url.copy_with(raw_path=path.encode()))

    problem = answer.json()
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert (answer.status_code, problem["status"], problem["code"]) == (status, status, code)
    assert problem["type"] == f"urn:imgsvc:error:{code}"
    assert problem["request_id"] == answer.headers["X-Request-Id"]
    assert problem["title"]
    assert problem["detail"]
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", ["/v1/images/", "/v1/me/", "/healthz/", f"/v1/images/{NOBODY}/", "/openapi.json/"])
def test_a_slash_too_many_leads_nowhere(anyone, path):
    answer = anyone.get(path, headers={"Host": "evil.example"})

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert "evil.example" not in str(answer.headers)


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/v1/auth/register", {"POST"}),
        ("/v1/auth/login", {"POST"}),
        ("/v1/me", {"GET", "HEAD", "DELETE"}),
        ("/v1/images", {"GET", "HEAD", "POST"}),
        (f"/v1/images/{NOBODY}", {"DELETE", "GET", "HEAD", "PATCH"}),
        (f"/v1/images/{NOBODY}/content", {"GET", "HEAD"}),
        (f"/v1/images/{NOBODY}/transform", {"POST"}),
        (f"/v1/images/{NOBODY}/variants", {"GET", "HEAD"}),
        (f"/v1/variants/{NOBODY}", {"DELETE", "GET", "HEAD"}),
        ("/v1/jobs", {"GET", "HEAD", "POST"}),
        ("/v1/webhooks", {"GET", "HEAD", "POST"}),
        (f"/v1/webhooks/{NOBODY}", {"DELETE", "GET", "HEAD", "PATCH"}),
        (f"/v1/webhooks/{NOBODY}/secret", {"POST"}),
        (f"/v1/webhooks/{NOBODY}/test", {"POST"}),
        (f"/v1/webhooks/{NOBODY}/deliveries", {"GET", "HEAD"}),
        (f"/v1/webhooks/{NOBODY}/deliveries/{NOBODY}/replay", {"POST"}),
        ("/healthz", {"GET", "HEAD"}),
        ("/openapi.json", {"GET", "HEAD"}),
    ],
)
@pytest.mark.parametrize("method", ["PUT", "OPTIONS", "TRACE", "PROPFIND"])
def test_a_method_that_a_path_has_not_is_told_all_that_it_has(anyone, method, path, allowed):
    answer = anyone.request(method, path)

    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
    assert set(re.split(r",\s*", answer.headers["Allow"])) == allowed


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(("path", "status"), [("/healthz", 200), ("/readyz", 200), ("/v1/me", 401), ("/nowhere", 404)])
def test_a_head_is_the_same_without_its_body(anyone, method, path, status):
    answer = anyone.request(method, path)

    assert answer.status_code == status
    assert int(answer.headers["Content-Length"]) > 0
    assert bool(answer.content) == (method == "GET")


@pytest.mark.on_every_deployment("GET /healthz", "GET /readyz")
def test_the_service_is_alive_and_ready(anyone):
    assert anyone.get("/healthz").json() == {"status": "alive"}
    assert anyone.get("/readyz").json()["status"] == "ready"
    assert set(anyone.get("/readyz").json()["checks"].values()) == {True}


def test_a_failure_tells_nothing_of_the_machine(server, account):
    image_id = account.upload(encoded(quadrants()))
    answers = [
        account.client.get("/v1/images?cursor=x"),
        account.client.get(f"/v1/images/{image_id}/content?t=x"),
        account.client.post("/v1/images", files={"file": ("a.png", encoded(quadrants())[:60])}),
        account.client.post("/v1/images", files={"file": ("a.png", b"\xff\xd8\xff")}),
        account.client.post(
            f"/v1/images/{image_id}/transform", content=b"[", headers={"Content-Type": "application/json"}
        ),
    ]

    assert {answer.status_code // 100 for answer in answers} == {4}
    for told in (str(server.data_dir), "Traceback", "site-packages", "sqlite", "PIL", "imgsvc."):
        assert not [answer.text for answer in answers if told in answer.text]


# Bytes that are no request of a polite client


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"\x16\x03\x01\x02\x00",
        b"\0" * 100 + b"\r\n\r\n",
        b"hello\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET /healthz HTTP/9.9\r\nHost: x\r\n\r\n",
        b"NONSENSE /healthz HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /h\xc3\xa9 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"CONNECT x:80 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: x\r\nX: a\0b\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: x\r\n X: folded\r\nX y: z\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST /v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
        b"POST /v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}",
        b"POST /v1/auth/login HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked, x\r\n\r\n0\r\n\r\n",
    ],
    ids=lambda request: ascii(request)[:60],
)
def test_what_is_no_request_is_refused_and_hung_up(server, anyone, request_bytes):
    assert said(server, request_bytes).startswith(b"HTTP/1.1 400 ")
    assert anyone.get("/healthz").status_code == 200


def test_a_chunk_that_is_none_ends_the_connection(server):
    begin = last_request(
        "Content-Type: application/json", "Transfer-Encoding: chunked", line="POST /v1/auth/login HTTP/1.1"
    )

    assert said(server, begin + b"zz\r\n{}\r\n0\r\n\r\n").startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize(
    "line",
    [
        "GET * HTTP/1.1",
        "GET http://evil.example/nowhere HTTP/1.1",
        "GET /v1/../../etc/passwd HTTP/1.1",
        "OPTIONS * HTTP/1.1",
    ],
)
def test_a_strange_target_is_not_found(server, line):
    answer = said(server, last_request(line=line))

    assert answer.startswith(b"HTTP/1.1 404 ")
    assert b'"code": "not_found"' in answer


@pytest.mark.parametrize(
    "headers",
    [
        ["Accept: text/html;q=x"],
        ["Accept: " + "a/b," * 2000],
        ["Accept-Encoding: gzip;q=nan"],
        ["Cookie: " + "a=b;" * 1000],
        [
            "Forwarded: for=evil;host=evil",
            "X-Forwarded-For: 1.2.3.4",
            "X-Forwarded-Proto: gopher",
            "X-Forwarded-Host: e",
        ],
        ["If-Modified-Since: yesterday", "If-Range: x", "Range: bytes=5-1"],
        ["Origin: null", "Access-Control-Request-Method: DELETE"],
        ["Upgrade: websocket", "Sec-WebSocket-Version: 13"],
        ["Expect: the-unexpected"],
        ["X-HTTP-Method-Override: DELETE"],
        ["Content-Type: \xff\xfe"],
        ["Te: trailers", "Trailer: X"],
    ],
    ids=lambda headers: headers[0][:40],
)
def test_headers_that_mean_nothing_here_change_nothing(server, headers):
    answer = said(server, last_request(*headers))

    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b"access-control" not in answer.lower()
    assert answer.endswith(b'{"status": "alive"}\n')


def test_one_broken_request_does_not_spoil_the_next_on_its_connection(account):
    statuses = [
        account.client.post("/v1/images", content=b"x" * 3_000_000, headers={"Content-Type": "text/plain"}).status_code,
        account.client.get("/v1/me").status_code,
        account.client.request("GET", "/v1/me", content=b"x" * 100_000).status_code,
        account.client.get("/v1/me").status_code,
    ]

    assert statuses == [415, 200, 200, 200]
