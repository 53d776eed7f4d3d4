"""A limit on how much of an engine runs at once."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from io import BytesIO
from uuid import uuid4

import pytest
from attrs import field, frozen

from imgsvc.adapters.imaging import open_engine
from imgsvc.adapters.imaging.bounded import BoundedEngine
from imgsvc.domain.errors import Busy, CorruptImage
from imgsvc.domain.image import Facts
from imgsvc.domain.limits import Limits
from imgsvc.domain.notation import parse
from tests.pictures import encoded, quadrants

LONG, SHORT = timedelta(seconds=30), timedelta(milliseconds=20)


@frozen
class HeldEngine:
    """Works for as long as one wants."""

    entered: threading.Semaphore = field(factory=lambda: threading.Semaphore(0))
    leave: threading.Event = field(factory=threading.Event)

    def measure(self, source) -> Facts:
        self.entered.release()
        assert self.leave.wait(30)
        return Facts(media_type="image/png", stored_width=1, stored_height=1)


def test_it_does_what_the_engine_does():
    bounded, engine = open_engine("pillow", Limits(), slots=2), open_engine("pillow", Limits())
    source, spec = BytesIO(encoded(quadrants())), parse("flip")

    assert bounded.fingerprint == engine.fingerprint
    assert bounded.measure(source) == engine.measure(source)
    assert bounded.render(source, spec) == engine.render(source, spec)
    bounded.check(spec)


def test_overlays_the_deadline_and_the_digest_reach_the_engine():
    class ToldEngine:
        def render(self, *given, deadline, digest):
            return given, deadline, digest

    source, spec, overlays = BytesIO(), parse(""), {uuid4(): BytesIO()}

    told = BoundedEngine(ToldEngine(), slots=1, queue=0, wait=LONG).render(
        source, spec, overlays, deadline=SHORT, digest="ab"
    )

    assert told == ((source, spec, overlays), SHORT, "ab")


def test_no_more_than_the_slots_work_at_once():
    held = HeldEngine()
    bounded = BoundedEngine(held, slots=2, queue=10, wait=LONG)

    with ThreadPoolExecutor(5) as pool:
        calls = [pool.submit(bounded.measure, BytesIO()) for _ in range(5)]
        assert held.entered.acquire(timeout=30)
        assert held.entered.acquire(timeout=30)
        third_came_in = held.entered.acquire(timeout=0.05)
        held.leave.set()
        facts = [call.result(30) for call in calls]

    assert not third_came_in
    assert len(facts) == 5


def test_who_finds_the_queue_full_is_sent_away_at_once():
    held = HeldEngine()
    bounded = BoundedEngine(held, slots=1, queue=0, wait=LONG)

    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(bounded.measure, BytesIO())
        assert held.entered.acquire(timeout=30)
        with pytest.raises(Busy):
            bounded.measure(BytesIO())
        held.leave.set()

        assert call.result(30)


def test_who_waited_too_long_is_sent_away():
    held = HeldEngine()
    bounded = BoundedEngine(held, slots=1, queue=5, wait=SHORT)

    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(bounded.measure, BytesIO())
        assert held.entered.acquire(timeout=30)
        with pytest.raises(Busy):
            bounded.render(BytesIO(), parse(""))
        held.leave.set()

        assert call.result(30)


def test_a_failure_gives_its_slot_back():
    bounded = open_engine("pillow", Limits(), slots=1, queue=0, wait=SHORT)

    for _ in range(3):
        with pytest.raises(CorruptImage):
            bounded.measure(BytesIO(b"\x89PNG\r\n\x1a\n"))

    assert bounded.measure(BytesIO(encoded(quadrants())))


def test_checks_need_no_slot():
    bounded = BoundedEngine(open_engine("pillow", Limits()), slots=1, queue=0, wait=SHORT)

    with bounded._slot():
        bounded.check(parse("flip"))
