"""Two processes that share a database, the blobs and a cache make a rendering once."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from imgsvc.adapters.cache import open_cache
from imgsvc.adapters.imaging.pillow.engine import PillowEngine
from imgsvc.application.variants import Origin
from imgsvc.domain.errors import RenderingFailed
from imgsvc.domain.limits import Limits
from imgsvc.domain.notation import parse
from tests.application.adapters import Failing, Gate, WatchedEngine
from tests.real_servers.redis import forget_ours

SPEC = parse("w:20,f:png")


@pytest.fixture
def process(with_ports, redis_url):
    """The use cases as another process has them, and its engine."""
    forget_ours(redis_url)
    opened = []

    def another():
        opened.append(open_cache(redis_url))
        shared, engine = opened[-1].__enter__(), WatchedEngine(PillowEngine(Limits()))
        return with_ports(engine=engine, cache=shared.cache, locks=shared.locks), engine

    yield another
    for one in opened:
        one.__exit__(None, None, None)


@pytest.fixture
def threads():
    with ThreadPoolExecutor(2) as threads:
        yield threads


def test_who_asks_while_another_process_makes_it_waits_and_finds_it_stored(process, threads, ada, image):
    (first, its_engine), (second, other_engine) = process(), process()
    its_engine.before = gate = Gate()

    made = threads.submit(first.open_rendering, ada, image.id, SPEC)
    assert gate.reached.wait(30)
    found = threads.submit(second.open_rendering, ada, image.id, SPEC)
    with pytest.raises(TimeoutError):
        found.result(0.3)
    gate.opened.set()

    assert (made.result(30).origin, found.result(30).origin) == (Origin.RENDERED, Origin.STORED)
    assert (its_engine.renderings, other_engine.renderings) == (1, 0)
    assert found.result().content == made.result().content


def test_who_has_waited_for_a_rendering_that_failed_makes_it(process, threads, ada, image):
    (first, its_engine), (second, other_engine) = process(), process()
    gate, failing = Gate(), Failing([RenderingFailed("no")])
    its_engine.before = lambda: (gate(), failing())

    failed = threads.submit(first.open_rendering, ada, image.id, SPEC)
    assert gate.reached.wait(30)
    made = threads.submit(second.open_rendering, ada, image.id, SPEC)
    gate.opened.set()

    assert isinstance(failed.exception(30), RenderingFailed)
    assert made.result(30).origin is Origin.RENDERED
    assert other_engine.renderings == 1


def test_what_one_process_has_made_another_finds_in_the_shared_cache_and_then_near(process, ada, image):
    (first, _), (second, other_engine) = process(), process()

    origins = [one.open_rendering(ada, image.id, SPEC).origin for one in (first, first, second, second)]

    assert origins == [Origin.RENDERED, Origin.MEMORY, Origin.SHARED, Origin.MEMORY]
    assert other_engine.renderings == 0
