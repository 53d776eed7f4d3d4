"""How often one may try to log in."""

from contextlib import ExitStack
from uuid import uuid4

import pytest
from starlette.requests import Request

from imgsvc.domain.errors import InvalidInput
from imgsvc.entrypoints.http.requests import client_address
from imgsvc.entrypoints.settings import Settings
from tests.real_servers.redis import forget_ours
from tests.servers import NO_PICTURES, PASSWORD, running_server


@pytest.fixture(scope="module")
def servers(own_redis, tmp_path_factory):
    """Two that share all they keep."""
    folder = tmp_path_factory.mktemp("logins") / "data"
    settings = {"CACHE_URL": own_redis.url, "LOGINS_PER_ACCOUNT": "3", "LOGINS_PER_ADDRESS": "20", **NO_PICTURES}
    with ExitStack() as opened:
        yield [opened.enter_context(running_server(folder, **settings)) for _ in range(2)]
    forget_ours(own_redis.url)


@pytest.fixture
def clients(servers, own_redis):
    forget_ours(own_redis.url)
    with servers[0].client() as one, servers[1].client() as other:
        yield one, other


def registered(client):
    name = f"user-{uuid4().hex[:12]}"
    client.post("/v1/auth/register", json={"username": name, "password": PASSWORD}).raise_for_status()
    return name


def log_in(client, name, password=PASSWORD):
    return client.post("/v1/auth/login", json={"username": name, "password": password})


def test_an_account_can_be_tried_so_often_from_one_address_whichever_server_is_asked(clients):
    name = registered(clients[0])
    answers = [log_in(clients[number % 2], name, "wrong password") for number in range(4)]
    right = log_in(clients[0], name.upper())

    assert [answer.status_code for answer in answers] == [401, 401, 401, 429]
    assert right.status_code == 429
    assert right.json()["code"] == "rate_limited"
    assert 1 <= int(right.headers["Retry-After"]) <= 60


def test_a_name_that_nobody_has_is_refused_alike(clients):
    answers = [log_in(clients[0], "nobody") for _ in range(4)]

    assert [answer.status_code for answer in answers] == [401, 401, 401, 429]


def test_others_log_in_as_before(clients):
    one, other = registered(clients[0]), registered(clients[0])
    for _ in range(4):
        log_in(clients[0], one, "wrong password")

    assert log_in(clients[0], other).status_code == 200


def test_an_address_can_try_so_often_at_all_accounts_together(clients):
    answers = [log_in(clients[0], f"user-{number}") for number in range(21)]

    assert [answer.status_code for answer in answers] == [401] * 20 + [429]


def test_without_its_redis_each_server_counts_for_itself(clients, own_redis):
    name = registered(clients[0])
    own_redis.stop()
    try:
        answers = [[log_in(client, name, "wrong password").status_code for _ in range(4)] for client in clients]
    finally:
        own_redis.start()

    assert answers == [[401, 401, 401, 429]] * 2


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("testclient", "testclient"),
    ],
)
def test_whoever_has_an_address_has_all_of_its_network(host, address):
    assert client_address(Request({"type": "http", "client": (host, 1), "headers": []})) == address


@pytest.mark.parametrize(
    ("asked_by", "forwarded", "address"),
    [
        ("10.0.0.1", ["192.0.2.7"], "192.0.2.7"),
        ("10.0.0.1", ["203.0.113.9, 192.0.2.7"], "192.0.2.7"),
        ("10.0.0.1", ["203.0.113.9", "192.0.2.7, 10.0.0.2"], "192.0.2.7"),
        ("10.0.0.1", ["2001:db8:1:2:3::4"], "2001:db8:1:2::/64"),
        ("::ffff:10.0.0.1", ["192.0.2.7"], "192.0.2.7"),
        ("10.0.0.1", ["10.0.0.3,10.0.0.2"], "10.0.0.3"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", [" , "], "10.0.0.1"),
        ("10.0.0.1", ["nonsense"], "10.0.0.1"),
        ("10.0.0.1", ["192.0.2.7:5111"], "192.0.2.7"),
        ("10.0.0.1", ["[2001:db8:1:2:3::4]:99"], "2001:db8:1:2::/64"),
        ("10.0.0.1", ["192.0.2.7, unknown"], "10.0.0.1"),
        ("192.0.2.7", ["203.0.113.9"], "192.0.2.7"),
    ],
)
def test_whom_a_trusted_proxy_was_asked_by_is_believed_of_nobody_else(asked_by, forwarded, address):
    headers = [(b"x-forwarded-for", value.encode()) for value in forwarded]
    request = Request({"type": "http", "client": (asked_by, 1), "headers": headers})
    proxies = Settings(trusted_proxies="10.0.0.0/8, 127.0.0.1").proxies

    assert client_address(request, proxies) == address


@pytest.mark.parametrize("value", ["proxy.example", "10.0.0.1/8", "10.0.0.0/8;127.0.0.1"])
def test_a_proxy_that_is_no_address_is_refused(value):
    with pytest.raises(InvalidInput):
        Settings(trusted_proxies=value)


def test_behind_a_trusted_proxy_each_client_is_counted_for_itself(tmp_path):
    settings = {"LOGINS_PER_ADDRESS": "2", "TRUSTED_PROXIES": "127.0.0.1", "WORKER_SLOTS": "0"}
    with running_server(tmp_path / "data", **settings) as server, server.client() as client:
        statuses = [
            client.post(
                "/v1/auth/login",
                json={"username": "nobody", "password": PASSWORD},
                headers={"X-Forwarded-For": f"198.51.100.66, 192.0.2.{number % 2}"},
            ).status_code
            for number in range(6)
        ]

    assert statuses == [401] * 4 + [429] * 2


def test_a_caller_without_an_address_is_one_like_any_other():
    assert client_address(Request({"type": "http", "client": None, "headers": []})) == ""
