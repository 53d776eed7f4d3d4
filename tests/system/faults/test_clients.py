"""Clients that go away, send too much, or all want the same, and a server that is told to stop meanwhile:
F38 to F40, F42, F44."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import httpx
import pytest

from tests.pictures import encoded, quadrants, textured
from tests.servers import refuses_connections
from tests.system.faults.connections import connected, upload_of
from tests.waiting import wait_for

PICTURE = encoded(quadrants(40, 20))
LARGE = encoded(textured(1600, 1200), "bmp")  # of 5.8 MB, which do not fit into memory that is kept for a form
SLOW = "?t=" + "blur:200," * 8 + "w:20"


@pytest.fixture(scope="module")
def api(standing_installation):
    return standing_installation.api(MAX_BYTES="8000000", RENDER_IN="children")


@pytest.fixture
def somebody(standing, api):
    return standing.somebody(api)


def test_an_upload_whose_client_went_away_leaves_nothing(somebody, api):
    with connected(somebody) as connection:
        connection.send(upload_of(somebody, LARGE)[:-100])
        wait_for(lambda: api.bytes_on_disk() > 5_000_000)
        connection.reset()

    wait_for(lambda: api.bytes_on_disk() == 0)
    assert somebody.client.get("/v1/images").json()["total"] == 0


def test_a_rendering_whose_client_went_away_is_kept_and_its_slot_is_free(standing, somebody, api):
    image = somebody.upload(LARGE)
    path = f"/v1/images/{image}/content?t=w:100"
    hasty = standing.record.client(api.address, somebody.token, seconds=0.3)
    with api.frozen_children(), hasty as client, pytest.raises(httpx.ReadTimeout):
        client.get(path)

    other = somebody.client.get(f"/v1/images/{image}/content?t=w:50")
    again = somebody.client.get(path)

    assert (other.status_code, again.status_code) == (200, 200)
    assert again.headers["X-Imgsvc-Cache"] == "memory"


def test_a_body_of_a_hundred_gigabytes_is_refused_at_once(somebody):
    with connected(somebody) as connection:
        connection.send(upload_of(somebody, PICTURE, Content_Length="99999999999"))

        assert connection.answer().startswith(b"HTTP/1.1 413 ")


def test_a_body_without_end_is_refused_at_the_limit_and_takes_no_room(somebody, api):
    memory = api.memory()
    sent = 0
    with connected(somebody) as connection:
        connection.send(upload_of(somebody, b"", Transfer_Encoding="chunked").partition(b"--b")[0])
        head = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
        connection.send(b"%x\r\n%b\r\n" % (len(head), head))
        with suppress(ConnectionError):
            for _ in range(1000):
                connection.send(b"10000\r\n" + bytes(0x10000) + b"\r\n")
                sent += 0x10000

    wait_for(lambda: api.bytes_on_disk() == 0)
    assert sent < 20_000_000  # the limit is 8, and a few are on their way
    assert api.memory() - memory < 50_000_000


def test_what_many_ask_for_at_once_is_made_once(standing, somebody):
    point = standing.point("engine.render", is_count=True)
    counting = standing.api(altered=point, RENDER_IN="children")
    image = somebody.upload(LARGE)
    path = f"{counting.address}/v1/images/{image}/content?t=blur:60,w:200"
    limits = httpx.Limits(max_connections=100)
    with (
        httpx.Client(headers=somebody.client.headers, timeout=30, limits=limits) as client,
        ThreadPoolExecutor(100) as threads,
    ):
        with counting.frozen_children():
            asked = [threads.submit(client.get, path) for _ in range(100)]
            wait_for(lambda: counting.sockets() > 100)
        answers = [one.result() for one in asked]

    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert point.times() == 1


def test_a_server_that_is_told_to_stop_finishes_what_it_has_begun_and_takes_nothing_more(standing, somebody):
    stopping = standing.api(RENDER_IN="children")
    client = standing.at(stopping, somebody.token)
    image = client.upload(LARGE)
    request = upload_of(somebody, LARGE)
    with connected(client) as connection, ThreadPoolExecutor(1) as threads:
        connection.send(request[: len(LARGE) // 2])
        wait_for(lambda: stopping.bytes_on_disk() > 2_000_000)
        rendering = threads.submit(client.client.get, f"/v1/images/{image}/content{SLOW}")
        wait_for(lambda: stopping.works())
        stopping.tell_to_stop()
        wait_for(lambda: refuses_connections(stopping.address))
        connection.send(request[len(LARGE) // 2 :])
        uploaded = connection.answer()
        rendered = rendering.result()

    assert uploaded.startswith(b"HTTP/1.1 201 ")
    assert rendered.status_code == 200
    assert len(rendered.content) == int(rendered.headers["Content-Length"])
    assert stopping.process.wait(20) == 0
    assert somebody.client.get("/v1/images").json()["total"] == 2
