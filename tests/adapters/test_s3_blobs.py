"""What only the blob store on S3 does: its URL, its bucket, and how little it waits for a server in trouble."""

import traceback
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from random import Random
from socket import SO_RCVBUF, SOL_SOCKET
from threading import Event, Thread
from time import monotonic, sleep
from urllib.parse import urlsplit

import httpx
import pytest
from urllib3.exceptions import ReadTimeoutError

from imgsvc.adapters.blobs import open_blob_store, s3, s3_http
from imgsvc.adapters.blobs.s3 import client_for
from imgsvc.adapters.blobs.s3_address import S3Address
from imgsvc.adapters.blobs.s3_http import PatientPoolManager
from imgsvc.domain.errors import AccessRefused, BlobNotFound, Busy, InvalidInput, StorageFull, Unavailable
from tests.proxies import way_to
from tests.real_servers.s3 import client_of, new_bucket, remove_bucket
from tests.waiting import wait_for

MIB = 1024 * 1024
LARGE = Random(1).randbytes(12 * MIB)
REFUSED_PORT = "s3://key:hunter2@127.0.0.1:1/bucket?secure=0"


@pytest.fixture
def url(own_s3):
    with new_bucket(own_s3.url) as bucket:
        yield bucket


@pytest.fixture
def blobs(url):
    with open_blob_store(f"{url}&timeout=2") as store:
        store._condition.rest = 0.2
        yield store


def through(url, port):
    """The same place, by another port of this machine."""
    parts = urlsplit(url)
    return parts._replace(netloc=f"{parts.netloc.rpartition(':')[0]}:{port}").geturl()


def written(error):
    """All that a log would show."""
    return "".join(traceback.format_exception(error))


def seconds_until(error, call):
    begun = monotonic()
    with pytest.raises(error):
        call()
    return monotonic() - begun


def works(blobs):
    try:
        blobs.check()
    except Unavailable:
        return False
    return True


class Endless:
    """A stream of so many bytes that nothing holds; it cannot seek."""

    def __init__(self, byte_count):
        self.left = byte_count

    def read(self, size):
        count = min(size, self.left, 100_000)
        self.left -= count
        return b"x" * count


# the URL


@pytest.mark.parametrize(
    ("url", "named"),
    [
        ("s3://key:hunter2@host/bucket?regoin=x", "'regoin'.*region"),
        ("s3://key:hunter2@host/bucket?region=a&region=b", "'region' is given twice"),
        ("s3://key:hunter2@host/bucket?secure=yes", "'secure' is 0 or 1"),
        ("s3://key:hunter2@host/bucket?path_style=", "'path_style' is 0 or 1"),
        ("s3://key:hunter2@host/bucket?public=host", "'public' is https://host:port"),
        ("s3://key:hunter2@host/bucket?public=https://host/folder", "'public' is https://host:port"),
        ("s3://key:hunter2@host/bucket?public=https://host%2Ffolder%3Fx", "'public' is https://host:port"),
        ("s3://key:hunter2@host/bucket?timeout=0", "'timeout' is a whole number"),
        ("s3://key:hunter2@host/bucket?pool=-1", "'pool' is a whole number"),
        ("s3://key:hunter2@host/bucket?region=hunter%2F2", "region"),
        ("s3://key:hunter2@host", "s3://key:secret@"),
        ("s3://key:hunter2@host/", "s3://key:secret@"),
        ("s3://key:hunter2@host/B%20", "s3://key:secret@"),
        ("s3://key:hunter2@host/bu_cket", "s3://key:secret@"),
        ("s3://key:hunter2@host/bucket#part", "s3://key:secret@"),
        ("s3://key:hunter2@host/bucket/../x", "the folder in the bucket"),
        ("s3://key:hunter2@host:port/bucket", "s3://key:secret@"),
        ("s3://key:hun/ter2@host/bucket", "s3://key:secret@"),
        ("s3://key:hun?ter2@host/bucket", "s3://key:secret@"),
        ("s3://key:hun/te?ter2@host/bucket", "s3://key:secret@"),
        ("s3://key:hun@host?ter2@host/bucket", "s3://key:secret@"),
        ("s3://hunter2%0A:secret@127.0.0.1:1/bucket?secure=0", "s3://key:secret@"),
        ("s3://hunter2%C3%A9:secret@127.0.0.1:1/bucket?secure=0", "s3://key:secret@"),
        ("s3://hunter2:secret@host\N{LATIN SMALL LETTER E WITH ACUTE}/bucket", "s3://key:secret@"),
        ("s3://key@host/bucket", "s3://key:secret@"),
        ("s3://host/bucket", "s3://key:secret@"),
        ("s3://key:hunter2@[host/bucket", "is not understood"),
    ],
)
def test_a_url_of_more_or_less_than_is_known_is_refused_by_the_name_of_what_is_wrong(url, named):
    with pytest.raises(ValueError, match=named) as refused, open_blob_store(url):
        pass

    assert "hunter2" not in written(refused.value)
    assert "ter2" not in written(refused.value)


def test_nothing_that_a_debugger_would_print_shows_the_secret(blobs):
    shown = [repr(blobs), repr(blobs.client), repr(blobs._condition)]

    assert not any("test+secret" in one or "secret%2F" in one for one in shown)


def test_a_folder_in_the_bucket_is_all_that_the_store_knows(url, blobs):
    blobs.put("a", b"outside", "image/png")
    with open_blob_store(urlsplit(url)._replace(path=urlsplit(url).path + "/some/folder").geturl()) as folder:
        folder.put("a", b"inside", "image/png")

        assert [blob.key for blob in folder.list()] == ["a"]
        assert (folder.get("a"), blobs.get("a")) == (b"inside", b"outside")
    assert {blob.key for blob in blobs.list()} == {"a"} | {"some/folder/a"}


@pytest.mark.parametrize(
    ("place", "begins"),
    [
        ("host:9000/bucket", "https://host:9000/bucket/"),
        ("host:9000/bucket?path_style=1", "https://host:9000/bucket/"),
        ("host:9000/bucket?path_style=0&secure=0", "http://bucket.host:9000/"),
        (
            "s3.eu-central-1.amazonaws.com/bucket?path_style=1",
            "https://s3.eu-central-1.amazonaws.com/bucket/",
        ),
        ("s3.eu-central-1.amazonaws.com/bucket", "https://bucket.s3.eu-central-1.amazonaws.com/"),
    ],
)
def test_a_bucket_is_a_path_or_a_host_as_the_url_says_or_as_is_usual_there(place, begins):
    address = S3Address.of(f"s3://key:secret@{place}")
    client = client_for(address, PatientPoolManager(timeout=1, size=1))

    assert client.presigned_get_object(address.bucket, "key").startswith(begins)


@pytest.mark.parametrize(
    ("place", "region"),
    [("host/bucket", "us-east-1"), ("host/bucket?region=here", "here"), ("s3.eu-west-1.amazonaws.com/bucket", None)],
)
def test_the_region_is_the_one_that_is_named_or_usual(place, region):
    assert S3Address.of(f"s3://key:secret@{place}").region == region


def test_what_others_keep_in_the_bucket_is_left_alone(url, blobs):
    client_of(url).put_object(blobs.bucket, "a", BytesIO(b"theirs"), 6)

    blobs.delete("a")

    assert list(blobs.list()) == []
    assert client_of(url).get_object(blobs.bucket, "a").data == b"theirs"


# its start


def test_the_bucket_is_made_where_there_is_none_and_kept_where_there_is_one(url):
    for content in (b"first", b"second"):
        with open_blob_store(url) as store:
            store.put(f"key/{content.decode()}", content, "image/png")

    with open_blob_store(url) as store:
        assert len(list(store.list())) == 2


def test_a_server_that_is_not_there_is_unavailable_at_once_and_the_secret_stays_one(caplog):
    caplog.set_level("DEBUG")
    begun = monotonic()

    with pytest.raises(Unavailable) as caught, open_blob_store(REFUSED_PORT):
        pass

    assert monotonic() - begun < 1
    assert "hunter2" not in written(caught.value) + caplog.text
    assert "it cannot be reached (nobody listens there)" in caplog.text


@pytest.mark.parametrize("wrong", ["test-key:hunter2", "stranger:test%2Bsecret%2Fwith%3Dsigns"])
def test_a_wrong_key_or_secret_is_refused_and_said_to_be(url, wrong, caplog):
    parts = urlsplit(url)

    with pytest.raises(AccessRefused) as caught:
        open_blob_store(parts._replace(netloc=f"{wrong}@127.0.0.1:{parts.port}").geturl()).__enter__()

    assert "refuses our key" in caplog.text
    assert "hunter2" not in written(caught.value) + caplog.text


# objects


@pytest.mark.parametrize("byte_count", [5 * MIB - 1, 5 * MIB, 5 * MIB + 1, 12 * MIB])
def test_large_contents_go_in_parts_and_come_back_whole(blobs, byte_count):
    content = LARGE[:byte_count]

    blobs.put("bytes", content, "image/png")
    blobs.put("stream", BytesIO(content), "image/png")

    assert blobs.get("bytes") == content
    assert blobs.get("stream") == content


def test_a_large_stream_is_stored_in_little_memory(blobs):
    tracemalloc.start()
    try:
        blobs.put("a", Endless(40 * MIB), "image/png")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert [blob.byte_count for blob in blobs.list()] == [40 * MIB]
    assert peak < 20 * MIB


def test_a_large_object_is_read_in_little_memory_and_from_anywhere(blobs):
    blobs.put("a", LARGE, "image/png")
    tracemalloc.start()
    try:
        with blobs.open("a") as stream:
            pieces = [(stream.seek(start), stream.read(1000)) for start in range(0, len(LARGE), MIB // 2)]
            end = (stream.seek(-10, 2), stream.read(), stream.read(1))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert pieces == [(start, LARGE[start : start + 1000]) for start in range(0, len(LARGE), MIB // 2)]
    assert end == (len(LARGE) - 10, LARGE[-10:], b"")
    assert peak < 6 * MIB


def test_the_rest_of_a_large_object_is_read_at_once(blobs):
    blobs.put("a", LARGE, "image/png")

    with blobs.open("a") as stream:
        assert stream.read(3) + stream.read() == LARGE


def test_an_object_that_is_replaced_while_it_is_read_is_never_mixed_with_the_new_one(blobs):
    blobs.put("a", LARGE, "image/png")

    with blobs.open("a") as stream:
        stream.read(1000)
        blobs.put("a", LARGE[::-1], "image/png")

        with pytest.raises(Unavailable, match="replaced"):
            stream.read()


def test_an_object_that_is_deleted_while_it_is_read_is_not_found_instead_of_short(blobs):
    blobs.put("a", LARGE, "image/png")

    with blobs.open("a") as stream:
        stream.read(1000)
        blobs.delete("a")

        with pytest.raises(BlobNotFound):
            stream.read()


def test_only_so_many_streams_are_stored_at_once(blobs):
    class Waiting(Endless):
        def read(self, size):
            assert goes_on.wait(30)
            return super().read(size)

    goes_on = Event()
    with ThreadPoolExecutor(8) as threads:
        running = [threads.submit(blobs.put, f"{number}", Waiting(3), "image/png") for number in range(8)]
        wait_for(lambda: not blobs._streams._value)
        waited = seconds_until(Busy, lambda: blobs.put("a", BytesIO(b"x"), "image/png"))
        blobs.put("small", b"bytes are not held", "image/png")
        goes_on.set()
        assert [one.result(30) for one in running] == [None] * 8

    assert waited < 3


# links


def test_a_link_gives_anybody_the_bytes_under_the_names_that_were_asked_for(blobs):
    blobs.put("a/b", b"content", "image/png")
    headers = {"Content-Type": "image/webp", "Content-Disposition": 'inline; filename="a b.webp"'}

    answer = httpx.get(blobs.presigned_url("a/b", timedelta(minutes=1), headers))

    assert (answer.status_code, answer.content) == (200, b"content")
    assert answer.url.params["response-content-type"] == "image/webp"
    assert answer.url.params["response-content-disposition"] == 'inline; filename="a b.webp"'


def test_a_link_ends_and_is_good_for_nothing_else(blobs):
    blobs.put("a", b"content", "image/png")
    blobs.put("b", b"other", "image/png")
    link = blobs.presigned_url("a", timedelta(minutes=1))
    short = blobs.presigned_url("a", timedelta(seconds=1))  # of which any part may be over: dates are whole seconds

    assert httpx.get(link).status_code == 200
    assert httpx.get(link.replace("/a%2B", "/b%2B")).status_code == 403
    wait_for(lambda: httpx.get(short).status_code in (400, 403))


# a server in trouble


def test_a_server_that_stops_and_comes_back_costs_no_time_and_no_bytes(own_s3, blobs, caplog):
    caplog.set_level("INFO")
    blobs.put("a", b"content", "image/png")

    own_s3.kill()
    waited = [seconds_until(Unavailable, call) for call in (blobs.check, lambda: blobs.get("a"), blobs.check)]
    own_s3.start()

    assert blobs.get("a") == b"content"
    assert max(waited) < 1.5
    said = [record.message for record in caplog.records if "storage" in record.message]
    assert (len(said), said[-1]) == (2, "the storage works again")


def test_a_server_that_hangs_is_waited_for_once_and_found_again_by_itself(own_s3, blobs):
    blobs.put("a", b"content", "image/png")
    blobs._condition.rest = 1.0

    with own_s3.frozen():
        first = seconds_until(Unavailable, lambda: blobs.get("a"))
        others = [seconds_until(Unavailable, call) for call in (lambda: blobs.get("a"), blobs.check)]
    wait_for(lambda: works(blobs))

    assert 0.4 < first < 2
    assert max(others) < 0.4
    assert blobs.get("a") == b"content"


def test_while_one_call_waits_for_a_server_that_hung_the_others_fail_at_once(own_s3, blobs):
    def failure(_):
        with pytest.raises(Unavailable) as caught:
            blobs.check()
        return caught.value

    with own_s3.frozen(), ThreadPoolExecutor(8) as threads:
        failure("the first")
        blobs._condition.rest = 60
        blobs._condition._asks_again_at = monotonic()
        failures = list(threads.map(failure, range(8)))

    assert sum(isinstance(one.__cause__, ReadTimeoutError) for one in failures) == 1


def test_bytes_that_are_to_be_stored_are_given_more_time(own_s3, blobs):
    with own_s3.frozen():
        waited = seconds_until(Unavailable, lambda: blobs.put("a", LARGE[:MIB], "image/png"))
    wait_for(lambda: works(blobs))

    assert 1.9 < waited < 4


@pytest.mark.parametrize("content", [LARGE, LARGE[:MIB]], ids=["in parts", "whole"])
def test_a_connection_that_ends_while_bytes_are_sent_leaves_no_object(url, blobs, content):
    with way_to(urlsplit(url).port) as way, open_blob_store(through(url, way.port)) as cut:
        cut.client._http.clear()  # a connection has its bound from its beginning
        way.bytes_there = len(content) // 2

        with pytest.raises(Unavailable):
            cut.put("a", BytesIO(content), "image/png")

    assert list(blobs.list()) == []
    with pytest.raises(BlobNotFound):
        blobs.get("a")


def test_a_connection_that_ends_while_bytes_are_read_gives_no_part_of_them(url, blobs):
    blobs.put("a", LARGE, "image/png")
    with way_to(urlsplit(url).port) as way, open_blob_store(through(url, way.port)) as cut:
        cut.client._http.clear()
        way.bytes_back = len(LARGE) // 2

        with pytest.raises(Unavailable):
            cut.get("a")
        with pytest.raises(Unavailable), cut.open("a") as stream:
            stream.read()


def test_a_stream_that_fails_after_some_parts_leaves_nothing(url, blobs):
    class Failing(Endless):
        def read(self, size):
            if not self.left:
                raise InvalidInput("the upload ended early")
            return super().read(size)

    with pytest.raises(InvalidInput, match="ended early"):
        blobs.put("a", Failing(11 * MIB), "image/png")

    assert list(blobs.list()) == []
    assert list(client_of(url).list_objects(blobs.bucket, recursive=True)) == []


def test_a_bucket_that_is_gone_does_not_make_every_picture_look_lost(url, blobs, caplog):
    remove_bucket(client_of(url), blobs.bucket)

    for call in (lambda: blobs.get("a"), lambda: blobs.open("a"), blobs.check, lambda: list(blobs.list())):
        with pytest.raises(Unavailable):
            call()
    assert "NoSuchBucket" in caplog.text


# answers of other servers


@contextmanager
def answering(status, body=b"", headers=(), seconds_to_listen=0.0, seconds_a_byte=0.0, broken_off=0):
    """A server that says yes to the bucket, and the same to all else; it may take its time to listen, and to say it.

    The first so many answers with an object are ``broken_off``.
    """
    left = [broken_off]

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self):
            byte_count = int(self.headers.get("Content-Length") or 0)
            if byte_count:
                sleep(seconds_to_listen)
            self.rfile.read(byte_count)
            is_bucket = self.command == "HEAD"
            if left[0] and self.command == "GET" and "location" not in self.path:
                left[0] -= 1
                self.break_off()
                return
            self.send_response(200 if is_bucket else status)
            for name, value in {"Content-Length": "0" if is_bucket else str(len(body)), **dict(headers)}.items():
                self.send_header(name, value)
            self.end_headers()
            if not is_bucket:
                self.write(body)
            if "Content-Length" in dict(headers):
                self.close_connection = True

        def break_off(self):
            self.send_response(206)
            self.send_header("Content-Length", "20000")
            self.end_headers()
            self.write(b"<Error>")
            self.close_connection = True

        def write(self, body):
            pieces = [body[at : at + 1] for at in range(len(body))] if seconds_a_byte else [body]
            with suppress(OSError):  # nobody may be listening any more
                for piece in pieces:
                    self.wfile.write(piece)
                    sleep(seconds_a_byte)

        do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = answer  # noqa: N815

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.socket.setsockopt(SOL_SOCKET, SO_RCVBUF, 4096)
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        try:
            with open_blob_store(f"s3://key:secret@127.0.0.1:{server.server_port}/bucket?secure=0&timeout=2") as store:
                yield store
        finally:
            server.shutdown()


@pytest.mark.parametrize("is_used", [False, True], ids=["new connection", "used connection"])
def test_a_server_that_is_slow_to_take_bytes_is_given_the_time_that_they_need(monkeypatch, is_used):
    monkeypatch.setattr(s3_http, "_CONNECT_SECONDS", 0.5)
    monkeypatch.setattr(s3, "_PART", 64 * MIB)  # more than the system takes off our hands
    with answering(200, seconds_to_listen=1.0) as blobs:
        if not is_used:
            blobs.client._http.clear()

        blobs.put("a", LARGE * 2, "image/png")


def xml(code):
    return f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>no</Message></Error>".encode()


def every_call(blobs):
    yield lambda: blobs.put("a", b"x", "image/png")
    yield lambda: blobs.get("a")
    yield lambda: blobs.open("a")
    yield lambda: list(blobs.list())


AS_XML = (("Content-Type", "application/xml"),)


@pytest.mark.parametrize(
    ("status", "body", "headers", "error"),
    [
        (507, b"", (), StorageFull),
        (507, xml("XMinioStorageFull"), AS_XML, StorageFull),
        (400, xml("EntityTooLarge"), AS_XML, StorageFull),
        (400, xml("QuotaExceeded"), (("Content-Type", "text/xml"),), StorageFull),
        (403, b"", (), AccessRefused),
        (403, xml("AccessDenied"), AS_XML, AccessRefused),
        (401, b"<html>log in", (("Content-Type", "text/html"),), AccessRefused),
        (500, xml("InternalError"), AS_XML, Unavailable),
        (503, xml("SlowDown"), AS_XML, Unavailable),
        (502, b"<html>bad gateway", (("Content-Type", "text/html"),), Unavailable),
        (404, xml("NoSuchBucket"), AS_XML, Unavailable),
        (404, xml("NoSuchUpload"), AS_XML, Unavailable),
        (503, b"\xff\xfe", AS_XML, Unavailable),
        (503, b"not XML", AS_XML, Unavailable),
        (301, b"", (("Location", "http://127.0.0.1:1/"),), Unavailable),
        (307, xml("TemporaryRedirect"), AS_XML, Unavailable),
    ],
)
def test_every_answer_that_is_no_success_is_one_of_our_failures(status, body, headers, error):
    with answering(status, body, headers) as blobs:
        for call in every_call(blobs):
            with pytest.raises(Unavailable) as caught:
                call()
            assert type(caught.value) is error


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b"", ()),
        (b"<html>not here", (("Content-Type", "text/html"),)),
        (xml("NoSuchKey"), AS_XML),
        (xml("NoSuchKey"), (("Content-Type", "text/xml; charset=utf-8"),)),
    ],
)
def test_a_missing_object_is_not_found_in_whatever_words(body, headers):
    with answering(404, body, headers) as blobs:
        for read in (blobs.get, blobs.open):
            with pytest.raises(BlobNotFound):
                read("a")


def test_an_answer_shorter_than_it_says_is_no_answer():
    with answering(200, b"half", (("Content-Length", "8"),)) as blobs:
        for read in (blobs.get, blobs.open):
            with pytest.raises(Unavailable):
                read("a")


def test_an_answer_that_breaks_off_is_asked_for_once_more():
    for status, body, expected in ((200, b"all of it", b"all of it"), (404, b"", BlobNotFound)):
        for read in (lambda blobs: blobs.get("a"), lambda blobs: blobs.open("a").read()):
            with answering(status, body, broken_off=1) as blobs:
                if expected is BlobNotFound:
                    with pytest.raises(BlobNotFound):
                        read(blobs)
                else:
                    assert read(blobs) == expected


def test_an_answer_that_breaks_off_again_is_no_answer():
    for read in (lambda blobs: blobs.get("a"), lambda blobs: blobs.open("a").read()):
        with answering(200, b"all of it", broken_off=2) as blobs, pytest.raises(Unavailable):
            read(blobs)


def test_an_answer_that_trickles_in_is_given_up():
    with answering(200, bytes(60), seconds_a_byte=0.1) as blobs:
        waited = seconds_until(Unavailable, lambda: blobs.get("a"))

    assert waited < 4


def test_another_range_than_was_asked_for_is_no_answer():
    with answering(200, b"half", (("Content-Range", "bytes 0-3/8"),)) as blobs, blobs.open("a") as stream:
        assert stream.read(4) == b"half"
        with pytest.raises(Unavailable):
            stream.read()


def test_a_server_that_ignores_ranges_is_read_as_a_whole():
    with answering(200, b"all of it") as blobs, blobs.open("a") as stream:
        assert stream.read() == b"all of it"


def test_a_listing_that_is_none_is_unavailable():
    for body in (b"", b"<html>", b"<a/>"):
        with answering(200, body, AS_XML) as blobs, pytest.raises(Unavailable):
            list(blobs.list())
