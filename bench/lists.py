"""Lists, claims and requeues in a database with a million rows, beside one with a thousand."""

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from functools import partial
from itertools import cycle
from random import Random

from attrs import frozen

from bench.filling import Filled
from bench.latencies import Latencies, timed
from bench.measuring import Effort
from imgsvc.adapters.repositories import Repositories, open_repositories
from imgsvc.domain.variant import VariantId, VariantStatus
from imgsvc.ports.pages import PageRequest
from tests.real_servers.finding import NotInstalled
from tests.real_servers.postgres import POSTGRES, new_database, postgres_server

FEW = 1000
_CALLS_PER_SECOND = 100  # of the effort, of each kind and size: reads take a few milliseconds
_WAITING = 300  # jobs, while claims and requeues are measured
_LEASE = timedelta(minutes=10)

Call = Callable[[], object]


def measure_lists(rows: int, effort: Effort) -> None:
    """Print a table with a line for each kind of call."""
    try:
        with ExitStack() as opened:
            url = os.environ.get(POSTGRES.variable) or opened.enter_context(postgres_server()).url
            few, many = (opened.enter_context(_database(url, count)) for count in (FEW, rows))
            _compare(few, many, effort)
    except NotInstalled as error:
        print(f"\nLists, claims and requeues on Postgres: left out, since {error} is not installed")


@frozen
class Database:
    filled: Filled
    repositories: Repositories

    def reads(self) -> Mapping[str, Call]:
        """First pages, and pages by cursor somewhere in the second half."""
        kinds = {
            "images": partial(self.repositories.images.list_of, self.filled.owner),
            "variants of an image": partial(self.repositories.variants.list_of_image, self.filled.image),
            "jobs": self._jobs(),
            "jobs, status": self._jobs(status=VariantStatus.FAILED),
            "jobs, image": self._jobs(image_id=self.filled.image),
            "jobs, status and image": self._jobs(status=VariantStatus.FAILED, image_id=self.filled.image),
        }
        first = {f"{name}: first page": partial(read, PageRequest()) for name, read in kinds.items()}
        random = Random(1)
        deep = {f"{name}: deep page": partial(self._read_deep, read, random) for name, read in kinds.items()}
        return {"count of images": partial(self.repositories.images.count_of, self.filled.owner), **first, **deep}

    def _jobs(self, **filters: object) -> Callable[[PageRequest], object]:
        return partial(self.repositories.variants.list_jobs, self.filled.owner, **filters)

    def _read_deep(self, read: Callable[[PageRequest], object], random: Random) -> object:
        return read(PageRequest(after=self.filled.position(random.uniform(0.5, 0.9))))

    def writes(self) -> Mapping[str, Call]:
        """With some jobs waiting beside those that are finished."""
        variants = self.repositories.variants
        waiting = cycle([VariantId(one) for one in self.filled.add_waiting(_WAITING)])
        return {
            "claim and release": lambda: self._claim_and_release(next(waiting)),
            "requeue, nothing to do": partial(variants.take_stalled, timedelta(hours=1), 1000),
            "requeue, 100 to do": partial(variants.take_stalled, timedelta(0), 100),
        }

    def _claim_and_release(self, variant_id: VariantId) -> None:
        claim = self.repositories.variants.claim(variant_id, _LEASE)
        if claim is None:
            raise RuntimeError("a waiting job could not be claimed")
        self.repositories.variants.release(claim, charged=False)


@contextmanager
def _database(server_url: str, rows: int) -> Iterator[Database]:
    with new_database(server_url) as url:
        filled, began = Filled(url, rows), time.perf_counter()
        filled.fill()
        if rows > FEW:
            print(f"\nFilled a database with {rows:,} images and jobs in {time.perf_counter() - began:.0f} s")
        with open_repositories(url) as repositories:
            yield Database(filled, repositories)


def _compare(few: Database, many: Database, effort: Effort) -> None:
    sizes = f"{few.filled.rows:,}", f"{many.filled.rows:,}"
    print(f"\nOn Postgres, by how many images and jobs one user has: milliseconds, p50\n  {'':40}", end="")
    print(f"{sizes[0]:>12}{sizes[1]:>12}{'ratio':>9}")
    # The writes come last: they leave rows behind that are neither few nor many.
    for kind in (Database.reads, Database.writes):
        of_many = kind(many)
        for name, call in kind(few).items():
            _line(name, *_in_turn(call, of_many[name], effort))


def _in_turn(one: Call, other: Call, effort: Effort) -> tuple[Latencies, Latencies]:
    """A B A B, so that whatever else the machine does is shared."""
    found = Latencies(), Latencies()
    for _ in range(5):
        one(), other()
    for _ in range(max(20, round(_CALLS_PER_SECOND * effort.seconds))):
        for latencies, call in zip(found, (one, other), strict=True):
            latencies.seconds.append(timed(call))
    return found


def _line(name: str, few: Latencies, many: Latencies) -> None:
    ratio = many.median / few.median
    print(f"  {name:40}{1000 * few.median:12.2f}{1000 * many.median:12.2f}{ratio:9.2f}", flush=True)
