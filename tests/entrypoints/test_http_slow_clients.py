"""Clients that are slow, do not read or vanish: nobody else waits for them, and what they hold is soon free again."""

import socket
import struct
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from threading import Event, Thread

import pytest

from imgsvc.entrypoints.http.guarded_protocol import give_up_unheard
from tests.pictures import encoded, quadrants, textured
from tests.servers import running_server
from tests.waiting import wait_for

LIMIT = 20  # seconds until a test gives up
MANY = 12
PICTURE = encoded(quadrants())
RESET = struct.pack("ii", 1, 0)  # the connection ends without a word


@pytest.fixture(scope="module")
def narrow(tmp_path_factory):
    """A server that has one of everything, and little patience."""
    one_of_each = {"HTTP_THREADS": "1", "RENDER_SLOTS": "1", "RENDER_QUEUE": "20", "WORKER_SLOTS": "0", "WAITING": "2"}
    patience = {"HEADER_SECONDS": "1", "WRITE_SECONDS": "1", "BODY_RATE": "2000"}
    data_dir = tmp_path_factory.mktemp("narrow") / "data"
    with running_server(data_dir, RENDER_IN="process", **one_of_each, **patience) as server:
        yield server


@pytest.fixture
def account(narrow):
    account = narrow.account()
    with account.client:
        yield account


@pytest.fixture
def connect(narrow):
    """Opens connections that end with the test, and take little at once."""
    host, port = narrow.address.removeprefix("http://").split(":")
    with ExitStack() as opened:

        def connect():
            connection = opened.enter_context(closing(socket.socket()))
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.settimeout(LIMIT)
            connection.connect((host, int(port)))
            return connection

        yield connect


def request(account, line, *headers):
    return "\r\n".join(
        [f"{line} HTTP/1.1", "Host: a", f"Authorization: Bearer {account.token}", *headers, "", ""]
    ).encode()


def status_of(connection):
    """Of the answer, as soon as there is one."""
    return connection.recv(12)


def status_so_far(connection):
    connection.settimeout(0.05)
    with suppress(TimeoutError):
        return connection.recv(12, socket.MSG_PEEK)


def sockets_of(server):
    """How many the server has open."""
    files = list(Path(f"/proc/{server.process.pid}/fd").iterdir())
    return sum(one.is_socket() for one in files)


BODIES = {
    "a file alone": ("image/png", b""),
    "a form": (
        "multipart/form-data; boundary=b",
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n',
    ),
}


@pytest.mark.parametrize(("content_type", "beginning"), BODIES.values(), ids=BODIES)
def test_uploads_that_come_a_byte_a_second_keep_nobody_waiting_and_are_given_up(
    connect, account, content_type, beginning
):
    head = request(account, "POST /v1/images", f"Content-Type: {content_type}", "Content-Length: 100000")
    slow = [connect() for _ in range(MANY)]
    for connection in slow:
        connection.sendall(head + beginning)
    is_over = Event()

    def trickle():
        while not is_over.wait(1):
            for connection in slow:
                with suppress(OSError):
                    connection.sendall(b"-")

    trickling = Thread(target=trickle)
    trickling.start()
    try:
        image_id = account.upload(PICTURE)
        rendered = account.client.get(f"/v1/images/{image_id}/content?t=w:9")
        statuses = {status_of(connection) for connection in slow}
    finally:
        is_over.set()
        trickling.join()

    assert rendered.status_code == 200
    assert statuses == {b"HTTP/1.1 408"}
    assert account.client.get("/v1/images").json()["total"] == 1


def test_renderings_that_nobody_reads_hold_no_slot_and_lose_their_connections(narrow, connect, account):
    image_id = account.upload(encoded(textured(1200, 900)))
    path = f"/v1/images/{image_id}/content?t=rs:stretch:1500:1200,el:1,f:png,pl:0"
    made = account.client.get(path)
    assert made.status_code == 200
    before = sockets_of(narrow)
    unread = [connect() for _ in range(MANY)]
    for connection in unread:
        connection.sendall(request(account, f"GET {path}"))

    other = account.client.get(f"/v1/images/{image_id}/content?t=w:9")

    assert other.status_code == 200
    assert {status_of(connection) for connection in unread} == {b"HTTP/1.1 200"}
    wait_for(lambda: sockets_of(narrow) <= before)


@pytest.mark.parametrize("address", ["/v1/jobs/{}?wait=30", "/v1/jobs/{}/events"])
@pytest.mark.parametrize("how", ["closed", "reset"])
def test_who_vanishes_while_he_waits_for_a_job_waits_no_more(connect, account, address, how):
    image_id = account.upload(PICTURE)
    job_id = account.client.post(f"/v1/images/{image_id}/transform?mode=async", json={"flip": True}).json()["id"]
    asking = [connect() for _ in range(3)]
    for connection in asking:
        connection.sendall(request(account, f"GET {address.format(job_id)}"))
    # There is room for two, so when one was refused the others wait.
    wait_for(lambda: b"HTTP/1.1 503" in map(status_so_far, asking))

    for connection in asking:
        if how == "reset":
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        connection.close()

    wait_for(lambda: account.client.get(f"/v1/jobs/{job_id}?wait=1").status_code == 200)


def test_who_sends_no_more_while_he_waits_for_a_job_is_told_how_far_it_is(connect, account):
    image_id = account.upload(PICTURE)
    job_id = account.client.post(f"/v1/images/{image_id}/transform?mode=async", json={"flip": True}).json()["id"]
    connection = connect()
    connection.sendall(request(account, f"GET /v1/jobs/{job_id}?wait=30"))
    connection.shutdown(socket.SHUT_WR)

    answer = b""
    while more := connection.recv(65536):
        answer += more

    assert answer.startswith(b"HTTP/1.1 200")
    assert b'"pending"' in answer


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="only Linux has it")
def test_who_has_lost_his_network_is_given_up_by_the_kernel():
    with closing(socket.socket()) as connection:
        give_up_unheard(connection, 1.5)

        assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 1500
