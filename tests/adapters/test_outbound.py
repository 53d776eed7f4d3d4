"""Calls to addresses that strangers name: only where they may go, and no longer than told."""

import socket
import time
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_address, ip_network
from threading import Event
from threading import enumerate as enumerate_threads

import pytest

from imgsvc.adapters.outbound.addresses import MOST_LOOK_UPS, AddressGuard, is_public
from imgsvc.adapters.outbound.guarded_http import GuardedHttp
from imgsvc.domain.errors import FetchFailed, FetchTimedOut, UrlNotAllowed
from imgsvc.domain.web_url import WebUrl
from tests.waiting import wait_for
from tests.websites import OK, answer_of, answering, website

LOOPBACK = AddressGuard([ip_network("127.0.0.0/8")])


@pytest.fixture
def http():
    return GuardedHttp(LOOPBACK)


def fetched(http, address, seconds=5.0):
    with http.request("GET", WebUrl.parse(address), seconds=seconds) as answer:
        return answer.status, b"".join(answer.pieces())


@pytest.mark.parametrize("text", ["8.8.8.8", "93.184.216.34", "2606:4700::1111", "64:ff9b::8.8.8.8", "::ffff:8.8.8.8"])
def test_hosts_of_the_internet_are_public(text):
    assert is_public(ip_address(text))


@pytest.mark.parametrize(
    "text",
    [
        "0.0.0.0",
        "0.1.2.3",
        "10.1.2.3",
        "100.64.0.1",
        "127.0.0.1",
        "127.255.255.254",
        "169.254.169.254",
        "172.16.0.1",
        "192.0.0.1",
        "192.0.0.192",
        "168.63.129.16",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.1.1",
        "198.18.0.1",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "239.255.255.250",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::127.0.0.1",
        "::8.8.8.8",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "::ffff:0:127.0.0.1",
        "64:ff9b::127.0.0.1",
        "64:ff9b::10.0.0.1",
        "64:ff9b:1::8.8.8.8",
        "100::1",
        "2001::1",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2",
        "2001:db8::1",
        "2002:7f00:1::",
        "2002:808:808::",
        "3fff::1",
        "5f00::1",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fec0::1",
        "ff02::1",
    ],
)
def test_all_other_addresses_are_not(text):
    assert not is_public(ip_address(text))


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "0",
        "①②⑦.⓪.⓪.①",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "169.254.169.254",
        "10.0.0.1",
        "[fe80::1]",
    ],
)
def test_nothing_connects_to_an_address_that_is_not_public_however_it_is_spelt(host, monkeypatch):
    def connect(*_, **__):
        raise AssertionError("connected")

    monkeypatch.setattr(socket, "create_connection", connect)

    with pytest.raises(UrlNotAllowed):
        fetched(GuardedHttp(AddressGuard()), f"http://{host}:8080/")


def test_one_private_address_among_public_ones_is_one_too_many(monkeypatch):
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, 80)) for one in ("93.184.216.34", "10.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)

    with pytest.raises(UrlNotAllowed) as refused:
        AddressGuard().addresses(WebUrl.parse("http://example.com"), 1)
    assert "10.0.0.1" not in refused.value.detail


def test_what_is_connected_to_is_what_was_checked_and_not_what_the_name_is_by_then(http, monkeypatch):
    answers = [[(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 80))]]
    monkeypatch.setattr(
        socket,
        "getaddrinfo",
        lambda host, *_, real=socket.getaddrinfo, **options: (
            answers.pop() if host == "rebound.example" else real(host, *_, **options)
        ),
    )

    with website(answering(answer_of(b"here"))) as site:
        got = fetched(http, f"http://rebound.example:{site.port}/a?b")

    assert got == (200, b"here")
    assert site.requests[0].startswith(b"GET /a?b HTTP/1.1\r\n")
    assert f"Host: rebound.example:{site.port}\r\n".encode() in site.requests[0]
    assert not answers


def test_networks_may_be_allowed(http):
    assert LOOPBACK.permits(ip_address("127.0.0.1"))
    assert LOOPBACK.permits(ip_address("::ffff:127.0.0.1"))
    assert not LOOPBACK.permits(ip_address("10.0.0.1"))


def test_a_proxy_of_the_environment_is_not_used(http, monkeypatch):
    with website(answering(answer_of(b"proxy"))) as proxy, website(answering(answer_of(b"site"))) as site:
        for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.address)

        assert fetched(http, site.address) == (200, b"site")


def test_a_redirect_is_an_answer_like_any_other(http):
    with website(answering(answer_of(b"", "Location: http://10.0.0.1/", status="302 Found"))) as site:
        assert fetched(http, site.address) == (302, b"")


def test_a_compressed_body_comes_as_it_was_sent(http):
    with website(answering(answer_of(b"not gzip at all", "Content-Encoding: gzip"))) as site:
        assert fetched(http, site.address) == (200, b"not gzip at all")


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        OK + b"Content-Length: 10\r\n\r\nshort",
        OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
        OK + b"X: " + b"a" * 100_000 + b"\r\n\r\n",
        OK + b"X: a\r\n" * 1000 + b"\r\n",
    ],
    ids=["nothing", "ssh", "no status", "cut off", "broken chunks", "long header", "many headers"],
)
def test_a_broken_answer_is_a_failure(http, answer):
    with website(answering(answer)) as site, pytest.raises(FetchFailed):
        fetched(http, site.address)


def test_nobody_there_is_a_failure(http):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    with pytest.raises(FetchFailed):
        fetched(http, f"http://127.0.0.1:{port}/")


def test_names_that_nobody_has_and_names_of_the_inside_are_refused_alike(monkeypatch):
    def found(host, *_, **__):
        if host == "db.internal":
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("10.0.0.1", 80))]
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", found)
    told = []
    for host in ("db.internal", "nobody.internal"):
        with pytest.raises(UrlNotAllowed) as refused:
            fetched(GuardedHttp(AddressGuard()), f"http://{host}/")
        told.append((refused.value.code, refused.value.detail, refused.value.allowed))

    assert told[0] == told[1]


def test_what_is_not_tls_is_a_failure(http):
    with website(answering(answer_of(b"plain"))) as site, pytest.raises(FetchFailed):
        fetched(http, f"https://127.0.0.1:{site.port}/")


def drip(*pieces):
    """Sends the last piece again and again, each well within any single wait."""

    def behave(connection):
        for piece in pieces[:-1]:
            connection.sendall(piece)
        while True:
            connection.sendall(pieces[-1])
            time.sleep(0.05)

    return behave


@pytest.mark.parametrize(
    "behave",
    [
        lambda connection: connection.recv(1),
        drip(OK, b"X: y\r\n"),
        drip(OK, b"a"),
        drip(OK + b"Content-Length: 1000000\r\n\r\n", b"a"),
        drip(OK + b"\r\n", b"a"),
    ],
    ids=["silent", "headers", "one header", "body", "body of no length"],
)
def test_a_slow_server_is_given_up_in_time(http, behave):
    began = time.monotonic()

    with website(behave) as site, pytest.raises(FetchTimedOut):
        fetched(http, site.address, seconds=0.5)
    assert time.monotonic() - began < 3


def test_a_handshake_that_never_ends_is_given_up_in_time(http):
    with website(lambda connection: connection.recv(1)) as site, pytest.raises(FetchTimedOut):
        fetched(http, f"https://127.0.0.1:{site.port}/", seconds=0.3)


def test_of_look_ups_that_hang_there_are_so_many_at_most(monkeypatch):
    given_up, guard = Event(), AddressGuard()
    real = socket.getaddrinfo

    def hang(*_, **__):
        given_up.wait(30)
        raise socket.gaierror

    def look_up(number):
        with pytest.raises(FetchTimedOut):
            guard.addresses(WebUrl.parse(f"http://slow-{number}.example/"), 0.2)

    def hanging():
        return [one for one in enumerate_threads() if one.name == "look up a host"]

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    with ThreadPoolExecutor(MOST_LOOK_UPS + 8) as pool:
        list(pool.map(look_up, range(MOST_LOOK_UPS + 8)))
    most = len(hanging())
    given_up.set()
    wait_for(lambda: not hanging())
    monkeypatch.setattr(socket, "getaddrinfo", real)

    assert most == MOST_LOOK_UPS
    with pytest.raises(UrlNotAllowed):
        guard.addresses(WebUrl.parse("http://127.0.0.1/"), 5)


def test_a_resolver_that_hangs_is_given_up_in_time(http, monkeypatch):
    given_up = Event()

    def hang(*_, **__):
        given_up.wait(30)
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", hang)

    with pytest.raises(FetchTimedOut):
        fetched(http, "http://slow.example/", seconds=0.2)

    given_up.set()
