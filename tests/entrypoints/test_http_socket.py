"""What a client may do to a connection: how long it may take, and how much it may say."""

import json
import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, suppress
from time import monotonic, sleep

import pytest

from tests.pictures import encoded, textured
from tests.servers import NO_PICTURES, running_server
from tests.waiting import wait_for

SLOW_ENOUGH = 15  # seconds until a test gives up
HEAD = b"GET /healthz HTTP/1.1\r\nHost: a\r\n"
HALF_OF_A_LOGIN = (
    b"POST /v1/auth/login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\nhalf"
)


@pytest.fixture(scope="module")
def impatient(tmp_path_factory):
    folder = tmp_path_factory.mktemp("socket") / "data"
    with running_server(folder, HEADER_SECONDS="1", WRITE_SECONDS="1", BODY_RATE="2000", **NO_PICTURES) as server:
        yield server


@pytest.fixture
def connect(impatient):
    """Opens connections that end with the test."""
    host, port = impatient.address.removeprefix("http://").split(":")
    with ExitStack() as opened:
        yield lambda: opened.enter_context(closing(socket.create_connection((host, int(port)), timeout=SLOW_ENOUGH)))


def everything(connection):
    """What comes until the server closes the connection."""
    content = b""
    with suppress(ConnectionResetError):
        while more := connection.recv(65536):
            content += more
    return content


def answer_to(connection, request):
    with suppress(BrokenPipeError, ConnectionResetError):
        connection.sendall(request)
    head, _, body = everything(connection).partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body)


@pytest.mark.parametrize(
    ("request_bytes", "status", "code"),
    [
        (HEAD + b"Host: b\r\n\r\n", 400, "malformed_request"),
        (b"GET /healthz HTTP/1.1\r\n\r\n", 400, "malformed_request"),
        (HEAD + b"Content-Length: 1\r\nContent-Length: 1\r\n\r\nx", 400, "malformed_request"),
        (HEAD + b"Content-Length: -1\r\n\r\n", 400, "malformed_request"),
        (HEAD + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, "malformed_request"),
        (HEAD + b"Transfer-Encoding: chunked, x\r\n\r\n", 400, "malformed_request"),
        (HEAD + b"Transfer-Encoding: x, chunked\r\n\r\n0\r\n\r\n", 400, "malformed_request"),
        (HEAD + b"Transfer-Encoding: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, "malformed_request"),
        (HEAD + b"Name: a\x00b\r\n\r\n", 400, "malformed_request"),
        (b"nonsense\r\n\r\n", 400, "malformed_request"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400, "malformed_request"),
        (HEAD + b"".join(b"Name-%d: x\r\n" % number for number in range(101)) + b"\r\n", 431, "headers_too_large"),
        (HEAD + b"Name: " + b"x" * 70_000 + b"\r\n\r\n", 431, "headers_too_large"),
        (HEAD + b"Name: x\r\n" * 20_000 + b"\r\n", 431, "headers_too_large"),
        (b"GET /" + b"x" * 9000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414, "uri_too_long"),
    ],
    ids=lambda value: value[-40:].decode("latin-1") if isinstance(value, bytes) else None,
)
def test_what_is_ambiguous_or_too_much_is_refused_and_the_connection_ended(connect, request_bytes, status, code):
    told, document = answer_to(connect(), request_bytes)

    assert (told, document["status"], document["code"]) == (status, status, code)


def test_a_refusal_is_in_the_log_under_the_id_that_it_bears(connect, impatient):
    _, document = answer_to(connect(), b"GET /healthz HTTP/1.1\r\n\r\n")

    (line,) = [line for line in lines_of(impatient) if line.get("http.request.id") == document["request_id"]]
    assert line["message"] == "refused before it was a request: a request names one Host"
    assert (line["http.response.status_code"], line["code"]) == (400, "malformed_request")


def test_much_nonsense_is_little_log(tmp_path):
    with running_server(tmp_path / "data", **NO_PICTURES) as server:
        host, port = server.address.removeprefix("http://").split(":")
        for _ in range(80):
            with closing(socket.create_connection((host, int(port)), timeout=SLOW_ENOUGH)) as connection:
                assert answer_to(connection, b"nonsense\r\n\r\n")[0] == 400

        assert len(lines_of(server)) <= 65


def lines_of(server):
    return [json.loads(line) for line in server.log().splitlines() if line.startswith("{")]


def test_an_old_client_needs_no_host(connect):
    connection = connect()
    connection.sendall(b"GET /healthz HTTP/1.0\r\n\r\n")

    assert everything(connection).startswith(b"HTTP/1.1 200")


def test_headers_that_do_not_end_are_given_up(connect):
    began = monotonic()
    status, document = answer_to(connect(), HEAD + b"Name: x")

    assert (status, document["code"]) == (408, "request_timeout")
    assert monotonic() - began < 5


def test_headers_that_come_byte_by_byte_are_given_up(connect):
    connection = connect()
    connection.settimeout(0.2)
    request, answer = iter(HEAD * 100), b""
    while not answer:
        with suppress(TimeoutError):
            connection.sendall(bytes([next(request)]))
            answer = connection.recv(65536)

    assert answer.startswith(b"HTTP/1.1 408")


@pytest.mark.parametrize("said", [b"", b"\r\n"], ids=["nothing", "an empty line"])
def test_a_connection_on_which_nothing_begins_is_closed(connect, said):
    connection = connect()
    connection.sendall(said)

    assert everything(connection) == b""


def test_a_kept_connection_has_the_same_time_for_each_request(connect):
    connection = connect()
    connection.sendall(HEAD + b"\r\n")
    first = b""
    while b"alive" not in first:
        first += connection.recv(65536)
    connection.sendall(HEAD)  # without its end

    assert first.startswith(b"HTTP/1.1 200")
    assert everything(connection).startswith(b"HTTP/1.1 408")


def test_a_body_that_comes_too_slowly_is_given_up(connect, impatient):
    account = impatient.account()
    account.client.close()
    connection = connect()
    connection.sendall(
        f"POST /v1/images HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {account.token}\r\nContent-Length: 100000\r\n"
        "Content-Type: multipart/form-data; boundary=b\r\n\r\n--b\r\n".encode()
    )
    status, document = answer_to(connection, b"Content")

    assert (status, document["code"]) == (408, "request_timeout")


def test_each_body_on_a_kept_connection_has_its_time(connect):
    connection, began = connect(), monotonic()
    while monotonic() < began + 6:  # it is looked at after five seconds
        connection.sendall(b"POST /v1/auth/login HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n")
        sleep(0.5)
        connection.sendall(b"{}")

        assert connection.recv(65536).startswith(b"HTTP/1.1 415")


def test_who_waits_to_be_told_to_go_on_is_not_slow(connect):
    connection = connect()
    body = b'{"username": "nobody", "password": "nothing"}'
    connection.sendall(
        b"POST /v1/auth/login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nExpect: 100-continue\r\n"
        + f"Content-Length: {len(body)}\r\n\r\n".encode()
    )
    told_to_go_on = connection.recv(65536)
    connection.sendall(body)

    assert told_to_go_on == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert connection.recv(65536).startswith(b"HTTP/1.1 401")


def test_a_client_that_does_not_read_loses_its_connection(impatient):
    account = impatient.account()
    with account.client:
        image = account.upload(encoded(textured(3000, 2000), "png"))
    host, port = impatient.address.removeprefix("http://").split(":")
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect((host, int(port)))
        request = f"GET /v1/images/{image}/content HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {account.token}\r\n\r\n"
        connection.sendall(request.encode())
        connection.settimeout(SLOW_ENOUGH)
        wait_for(lambda: "the client went away" in impatient.log() or f"/v1/images/{image}/content" in impatient.log())
        content = everything(connection)

    assert b"HTTP/1.1 200" in content[:20]
    assert len(content) < 3_000_000


def test_many_who_keep_connections_waiting_keep_nobody_else_waiting(connect, impatient):
    waiting = [connect() for _ in range(200)]
    for connection in waiting:
        connection.sendall(HEAD)
    with impatient.client() as client, ThreadPoolExecutor(1):
        began = monotonic()
        answers = [client.get("/healthz").status_code for _ in range(20)]
        seconds = monotonic() - began
    ended = [everything(connection)[:12] for connection in waiting]

    assert answers == [200] * 20
    assert seconds < 2
    assert set(ended) == {b"HTTP/1.1 408"}


def test_the_time_for_a_body_begins_with_its_own_request(connect):
    """Also on a connection on which another request has begun a while before."""
    connection, body = connect(), b'{"username": "nobody", "password": "nothing"}'
    head = (
        b"POST /v1/auth/login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
        + f"Content-Length: {len(body)}\r\n\r\n".encode()
    )
    statuses = set()
    began = monotonic()
    while monotonic() - began < 6:  # seconds; longer than the server waits between two looks
        connection.sendall(head)
        sleep(0.05)  # so most of the time a body is on its way
        connection.sendall(body)
        answer = b""
        while b"}" not in answer:
            answer += connection.recv(65536)
        statuses.add(answer[:12])

    assert statuses <= {b"HTTP/1.1 401", b"HTTP/1.1 429"}


# Clients that say no more, and listen still


def authorized(impatient, line, *headers):
    account = impatient.account()
    account.client.close()
    return "\r\n".join(
        [f"{line} HTTP/1.1", "Host: a", f"Authorization: Bearer {account.token}", *headers, "", ""]
    ).encode()


@pytest.mark.parametrize("times", [1, 3])
def test_who_sends_no_more_has_the_answers_to_what_he_has_asked(connect, times):
    connection = connect()
    connection.sendall((HEAD + b"\r\n") * times)
    connection.shutdown(socket.SHUT_WR)

    content = everything(connection)

    assert content.count(b"HTTP/1.1 200") == times
    assert content.count(b"connection: close") <= 1


def test_who_sends_no_more_than_a_whole_upload_has_its_image(connect, impatient):
    picture = encoded(textured(1500, 1000), "png")
    connection = connect()
    head = authorized(impatient, "POST /v1/images", "Content-Type: image/png", f"Content-Length: {len(picture)}")
    connection.sendall(head + picture)
    connection.shutdown(socket.SHUT_WR)

    assert everything(connection).startswith(b"HTTP/1.1 201")


def test_a_picture_of_any_size_comes_wholly_to_who_sends_no_more(connect, impatient):
    account, picture = impatient.account(), encoded(textured(1500, 1000), "png")
    with account.client:
        image = account.upload(picture)
    connection = connect()
    connection.sendall(
        f"GET /v1/images/{image}/content HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {account.token}\r\n\r\n".encode()
    )
    connection.shutdown(socket.SHUT_WR)

    assert everything(connection).endswith(picture)


@pytest.mark.parametrize("said", [b"", HEAD, HALF_OF_A_LOGIN], ids=["none", "head", "body"])
def test_who_sends_no_more_than_a_part_of_a_request_loses_his_connection_at_once(connect, said):
    connection, began = connect(), monotonic()
    connection.sendall(said)
    connection.shutdown(socket.SHUT_WR)

    assert not everything(connection).startswith(b"HTTP/1.1 200")
    assert monotonic() - began < 1


def test_a_part_of_a_request_behind_a_whole_one_keeps_nobody_from_his_answer(connect):
    connection = connect()
    connection.sendall(HEAD + b"\r\n" + HEAD)
    connection.shutdown(socket.SHUT_WR)

    assert everything(connection).count(b"HTTP/1.1 200") == 1
