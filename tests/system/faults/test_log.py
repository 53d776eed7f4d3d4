"""A server that is stopped is told once in the log of each process that needs it, and so is its return."""

import json
from itertools import count
from time import monotonic, sleep

import pytest

from tests.pictures import encoded, quadrants
from tests.real_servers.s3 import SECRET_KEY
from tests.system.faults.installation import Installation
from tests.waiting import wait_for

PICTURE = encoded(quadrants(40, 20))
SECONDS = 3.0  # in which dozens of requests fail, and a worker tries a job twice
ROUNDS = 15  # of requests in that time, at the most

# What the log says of each, and how bad it is.
NAMES = {
    "postgres": ("the database", "error"),
    "s3": ("the storage", "error"),
    "rabbitmq": ("the job queue's broker", "warning"),
    "redis": ("Redis", "warning"),
}
# Nothing of these may be in a log: of URLs, files, SQL and secrets.
SECRETS = ("://", "127.0.0.1", SECRET_KEY, "SELECT", "INSERT", "/tmp", "Traceback")


@pytest.fixture(scope="module")
def running(servers, tmp_path_factory):
    with Installation.on(servers, tmp_path_factory.mktemp("log")) as installation:
        installation.api()
        installation.worker(RENDER_IN="process", REQUEUE_AFTER_SECONDS="3")
        yield installation


@pytest.fixture(scope="module")
def somebody(running):
    return running.somebody(running.processes[0])


def ask_for_everything(somebody, image, width):
    for path in (f"/v1/images/{image}", f"/v1/images/{image}/content?t=w:{width}", "/v1/jobs", "/readyz"):
        somebody.client.get(path)
    somebody.client.post("/v1/images", files={"file": ("picture.png", PICTURE)})
    somebody.client.post(f"/v1/images/{image}/transform?mode=async", json={"resize": {"width": width}})


def told_since(process, begin):
    """What a process has logged, except for its requests and the work that it puts off."""
    records = [json.loads(line) for line in process.log()[begin:].splitlines()]
    return [record for record in records if "dependency" in record or record["log.level"] not in ("info", "debug")]


def levels(told):
    return [record["log.level"] for record in told]


@pytest.mark.parametrize("name", NAMES)
def test_a_stopped_server_is_told_once_by_each_process_and_its_return_once(running, somebody, name):
    shown, level = NAMES[name]
    image = somebody.upload(PICTURE)
    widths = count(1000 * (1 + list(NAMES).index(name)))  # of renderings that nobody has asked for yet
    begins = [(process, len(process.log())) for process in running.processes]

    with running.servers[name].stopped():
        begun, rounds = monotonic(), 0
        while monotonic() - begun < SECONDS:
            if rounds < ROUNDS * (monotonic() - begun) / SECONDS:
                ask_for_everything(somebody, image, next(widths))
                rounds += 1
            sleep(0.01)
        meanwhile = [told_since(*one) for one in begins]

    def are_back():
        ask_for_everything(somebody, image, next(widths))
        return all(len(told_since(*begin)) > 1 for begin, told in zip(begins, meanwhile, strict=True) if told)

    wait_for(are_back)
    assert rounds > 5
    # A worker has no use for Redis.
    assert [levels(told) for told in meanwhile] == [[level], [] if name == "redis" else [level]]
    in_the_end = [told_since(*one) for one in begins]
    assert [levels(told) for told in in_the_end] == [[level, "info"] if told else [] for told in meanwhile]
    everything = json.dumps(in_the_end)
    assert {record["dependency"] for told in in_the_end for record in told} == {shown}
    assert not [secret for secret in SECRETS if secret in everything]
