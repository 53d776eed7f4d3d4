"""Two servers that share everything answer as one, and their Redis may come and go."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import count
from time import monotonic

import pytest

from tests.pictures import encoded, quadrants
from tests.real_servers.redis import forget_ours, full
from tests.real_servers.s3 import new_bucket
from tests.servers import running_server
from tests.told_metrics import address_in, scraped
from tests.waiting import wait_for

PICTURE = encoded(quadrants(1500, 1000))
TRAIL = "X-Imgsvc-Cache"


@pytest.fixture(scope="module")
def servers(own_redis, own_s3, tmp_path_factory):
    folder = tmp_path_factory.mktemp("shared") / "data"
    with new_bucket(own_s3.url) as bucket, ExitStack() as opened:
        variables = {"CACHE_URL": own_redis.url, "BLOBS_URL": bucket, "RENDER_SLOTS": "1"}
        variables |= {"WORKER_SLOTS": "0", "METRICS_PORT": "0"}
        yield [opened.enter_context(running_server(folder, **variables)) for _ in range(2)]
    forget_ours(own_redis.url)


@pytest.fixture
def clients(servers):
    """One user, at both servers."""
    account = servers[0].account()
    with account.client, servers[1].client(account.token) as other:
        yield account.client, other


@pytest.fixture
def path(clients):
    answer = clients[0].post("/v1/images", files={"file": ("picture.png", PICTURE)})
    return f"/v1/images/{answer.json()['id']}/content"


def test_a_picture_is_uploaded_to_one_and_had_from_the_other(clients, path):
    assert clients[1].get(path).content == PICTURE


def test_each_says_where_a_rendering_came_from(clients, path):
    answers = [client.get(f"{path}?t=w:100") for client in (clients[0], clients[0], clients[1], clients[1])]

    assert [answer.headers[TRAIL] for answer in answers] == ["rendered", "memory", "redis", "memory"]
    assert len({answer.content for answer in answers}) == 1


def test_what_is_asked_of_both_at_once_is_rendered_once(clients, path):
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda client: client.get(f"{path}?t=blur:20,w:400"), clients * 4))

    assert {answer.status_code for answer in answers} == {200}
    assert sum(answer.headers[TRAIL] == "rendered" for answer in answers) <= 4  # those that shared the one flight
    by_server = [{answer.headers[TRAIL] for answer in answers[number::2]} for number in range(2)]
    assert sum("rendered" in origins for origins in by_server) == 1


def test_a_picture_that_one_deletes_the_other_shows_no_more(clients, path):
    for client in clients:
        client.get(f"{path}?t=w:100")
    clients[0].delete(path.removesuffix("/content"))

    def statuses():
        return [client.get(f"{path}?t=w:100").status_code for client in clients]

    assert statuses()[0] == 410
    wait_for(lambda: statuses() == [410, 410], seconds=2)


def test_a_rendering_that_one_purges_is_made_again_by_the_other_though_its_memory_had_it(clients, path):
    before = [client.get(f"{path}?t=w:100") for client in clients]
    (variant,) = clients[0].get(path.replace("/content", "/variants")).json()["items"]

    clients[0].delete(f"/v1/variants/{variant['id']}").raise_for_status()

    again = wait_for(
        lambda: (answer := clients[1].get(f"{path}?t=w:100")).headers[TRAIL] == "rendered" and answer, seconds=2
    )
    assert {answer.content for answer in (*before, again)} == {again.content}


@pytest.mark.parametrize("fault", ["emptied", "full", "hung", "stopped"])
def test_without_its_redis_everything_is_answered_as_before(own_redis, servers, clients, path, fault):
    with ExitStack() as trouble:
        match fault:
            case "stopped":
                own_redis.stop()
                trouble.callback(own_redis.start)
            case "hung":
                trouble.enter_context(own_redis.frozen())
            case "full":
                trouble.enter_context(full(own_redis.url))
            case "emptied":
                forget_ours(own_redis.url)
        begun = monotonic()
        answers = [client.get(f"{path}?t=w:{width}") for width in range(50, 60) for client in clients]
        seconds = monotonic() - begun

    assert {answer.status_code for answer in answers} == {200}
    assert seconds < 10


@pytest.mark.parametrize(("fault", "cause"), [("stopped", "unreachable"), ("hung", "unreachable"), ("full", "refused")])
def test_a_redis_in_trouble_is_a_metric_until_it_works_again(own_redis, servers, clients, path, fault, cause):
    address = address_in(servers[0].log())
    widths = count(100)

    def told():
        """After something was asked for that only Redis might have."""
        assert clients[0].get(f"{path}?t=w:{next(widths)}").status_code == 200
        return scraped(address)

    def failures():
        return told()("dependency_failures_total", dependency="cache", cause=cause)

    def is_up():
        return told()("dependency_up", dependency="cache") == 1

    wait_for(is_up)
    before = failures()
    troubles = {"stopped": own_redis.stopped, "hung": own_redis.frozen, "full": lambda: full(own_redis.url)}
    with troubles[fault]():
        assert wait_for(lambda: not is_up())
        assert wait_for(lambda: failures() > before)
    assert wait_for(is_up)
