"""Expiry against those who want just what expires, with real threads."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from threading import Event

import pytest
from attrs import evolve

from imgsvc.adapters.blobs.filesystem import FilesystemBlobs
from imgsvc.adapters.cache.in_memory import InMemoryCache
from imgsvc.application.usage import REMEMBERED
from imgsvc.application.use_cases import assemble
from imgsvc.application.variants import Mode
from imgsvc.domain.notation import parse
from imgsvc.ports.pages import PageRequest
from tests.application.policies import a_policy

SPECS = [parse(f"w:{width},f:png") for width in (3, 4, 5)]
ROUNDS = 8


@pytest.fixture
def ports(ports, tmp_path):
    """On files, and without a cache that would keep anybody from the rows."""
    return evolve(ports, blobs=FilesystemBlobs.at(tmp_path / "blobs"), cache=InMemoryCache(max_bytes=0))


@pytest.fixture
def policy():
    """Everything is unused, as soon as it is made."""
    return a_policy(variant_life=-REMEMBERED)


@pytest.fixture
def expiring(use_cases):
    """Whatever may expire does, again and again, while the context lasts; tells how often something did."""
    ended, expired = Event(), []

    def expire():
        while not ended.is_set():
            expired.append(use_cases.expire_variants().count)

    with ThreadPoolExecutor(2) as threads, ExitStack() as at_end:
        at_end.callback(ended.set)
        running = [threads.submit(expire) for _ in range(2)]
        yield lambda: sum(expired)
        at_end.close()
        for one in running:
            one.result(30)


@pytest.fixture
def expected(ports, image):
    """The bytes of each rendering."""
    quiet = assemble(ports, a_policy())
    return [quiet.open_rendering(image.owner, image.id, spec).content for spec in SPECS]


def by_transform(use_cases, image, spec):
    return use_cases.open_rendering(image.owner, image.id, spec).content


def on_the_spot(use_cases, image, spec):
    return use_cases.transform_image(image.owner, image.id, spec, Mode.SYNC)[0].rendition.byte_count


def test_who_wants_what_expires_always_gets_it(use_cases, ports, image, expected, expiring):
    def ask():
        answers = []
        while len(answers) < ROUNDS or (expiring() <= 3 and len(answers) < 100 * ROUNDS):
            answers.append([by_transform(use_cases, image, spec) for spec in SPECS])
        return answers

    with ThreadPoolExecutor(2) as threads:
        answers = [answer for asking in [threads.submit(ask) for _ in range(2)] for answer in asking.result(60)]

    assert all(answer == expected for answer in answers)
    assert expiring() > 3


def test_the_result_of_a_job_can_be_had_by_its_id_whatever_expires(use_cases, image, expected, expiring):
    for _ in range(ROUNDS):
        by_transform(use_cases, image, SPECS[0])
    job = use_cases.request_variant(image.owner, image.id, SPECS[0])
    use_cases.make_variant(job.id)

    for _ in range(ROUNDS):
        with use_cases.open_variant(image.owner, job.id) as stream:
            assert stream.read() == expected[0]


def test_afterwards_rows_and_blobs_belong_together(use_cases, ports, image, expected):
    def ask():
        for _ in range(ROUNDS):
            for spec in SPECS:
                on_the_spot(use_cases, image, spec)
                use_cases.expire_variants()

    with ThreadPoolExecutor(3) as threads:
        for asking in [threads.submit(ask) for _ in range(3)]:
            asking.result(60)
    use_cases.sweep_orphans(a_policy().orphan_grace * 0)

    rows = use_cases.list_variants(image.owner, image.id, PageRequest(limit=100)).items
    assert {blob.key for blob in ports.blobs.list("variants/")} == {row.blob_key for row in rows}
    assert [by_transform(use_cases, image, spec) for spec in SPECS] == expected
