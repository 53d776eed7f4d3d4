"""Many jobs while workers, APIs and connections are killed at random.

``IMGSVC_TEST_SOAK`` says how many jobs, in place of the few of every run; ``IMGSVC_TEST_SEED`` repeats a run, as far
as processes can be repeated. Both are told in the log, which ``-o log_cli=true`` shows.
"""

import logging
import os
from concurrent.futures import ThreadPoolExecutor
from random import Random, SystemRandom

import httpx
import pytest
from attrs import define

from tests.pictures import encoded, quadrants
from tests.proxies import Way
from tests.real_servers.postgres import execute
from tests.receivers import receiver
from tests.system.faults.installation import Installation
from tests.system.faults.processes import ServiceProcess
from tests.waiting import wait_for

logger = logging.getLogger(__name__)

PICTURE = encoded(quadrants(8, 8))
JOBS = int(os.environ.get("IMGSVC_TEST_SOAK", "100"))
SEED = int(os.environ.get("IMGSVC_TEST_SEED") or SystemRandom().randrange(2**32))
MOST_JOBS_BETWEEN_FAULTS = 60
SECONDS_FOR_THEM = 120


@define
class Soak:
    """Two APIs and two workers, any of which may be another one at the next look."""

    installation: Installation
    way: Way  # to the broker, of all of them
    chance: Random
    apis: list[ServiceProcess]
    workers: list[ServiceProcess]

    def order_all(self, image, token):
        """One job after the other, each until it is accepted, at whichever API is there."""
        for width in range(1, JOBS + 1):
            wait_for(lambda width=width: self._is_ordered(image, token, width))

    def _is_ordered(self, image, token, width):
        with self.installation.record.client(self.apis[width % 2].address, token, seconds=5) as client:
            try:
                spec = {"steps": [{"op": "resize", "width": width}]}
                answer = client.post(f"/v1/images/{image}/transform?mode=async", json=spec)
            except httpx.TransportError:
                return False
        assert answer.status_code in (200, 202, 503), answer.text
        return answer.status_code != 503

    def fault(self):
        """Its name, once it is done and made good."""
        number = self.chance.randrange(2)
        match what := self.chance.choice(["worker", "api", "broker"]):
            case "worker":
                self.workers[number].kill()
                self.workers[number] = self.installation.worker(slots=2)
            case "api":
                self.apis[number].kill()
                self.apis[number] = self.installation.api()
            case "broker":
                self.way.reset()
        return what

    def made(self):
        ((count,),) = execute(self.installation.database_url, "SELECT count(*) FROM variants WHERE status = 'ready'")
        return count


@pytest.fixture
def soak(installation):
    installation.variables["LEASE_SECONDS"] = "1"
    installation.most_attempts = 3
    installation.variables |= {"OUTBOUND_NETWORKS": "127.0.0.1/32", "WEBHOOK_SECONDS": "1"}
    way = installation.behind("rabbitmq")
    apis = [installation.api() for _ in range(2)]
    workers = [installation.worker(slots=2) for _ in range(2)]
    return Soak(installation, way, Random(SEED), apis, workers)


@pytest.fixture
def told():
    with receiver() as told:
        yield told


def test_whatever_is_killed_every_job_is_made_once(installation, soak, told):
    somebody = installation.somebody(soak.apis[0])
    somebody.client.post("/v1/webhooks", json={"url": told.url}).raise_for_status()
    image = somebody.upload(PICTURE)
    faults = []
    with ThreadPoolExecutor(1) as threads:
        ordering = threads.submit(soak.order_all, image, somebody.token)
        while (made := soak.made()) < JOBS:
            goal = min(JOBS, made + soak.chance.randint(10, MOST_JOBS_BETWEEN_FAULTS))
            wait_for(lambda goal=goal: soak.made() >= goal, SECONDS_FOR_THEM)
            faults.append(soak.fault())
            logger.warning("seed %s: %s of %s made, then the %s", SEED, goal, JOBS, faults[-1])
        ordering.result()

    query = "SELECT status, count(*), count(DISTINCT spec_id) FROM variants GROUP BY status"
    assert execute(installation.database_url, query) == [("ready", JOBS, JOBS)]
    wait_for(lambda: installation.signals() == 0)
    wait_for(lambda: len(set(told.ids())) == JOBS)  # each message at least once
    attempts = execute(installation.database_url, "SELECT attempts, count(*) FROM variants GROUP BY attempts")
    logger.warning("seed %s: %s faults; jobs by attempts: %s", SEED, len(faults), dict(attempts))
