"""Variants that nobody wants expire; whoever asks for the same again has it made again."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from attrs import define, evolve, field, frozen

from imgsvc.adapters.cache.in_memory import InMemoryCache
from imgsvc.adapters.repositories.sql_retention import SqlRetention
from imgsvc.application.retention import Tally
from imgsvc.application.use_cases import assemble
from imgsvc.application.variants import Mode, Origin
from imgsvc.domain.errors import Unavailable, VariantNotFound
from imgsvc.domain.notation import parse
from imgsvc.ports.pages import PageRequest
from tests.ages import ago, unused_since
from tests.application.adapters import Failing, FailingBlobs, Gate, picture_keys
from tests.application.policies import a_policy

SPEC = parse("w:10,gray,f:webp")


def nothing():
    pass


@define
class Hooks:
    before_note: Callable[[], object] = nothing
    after_expiry: Callable[[], object] = nothing


@frozen
class WatchedRetention(SqlRetention):
    """Knows the uses that were noted; does what its hooks say."""

    noted: list = field(factory=list)
    hooks: Hooks = field(factory=Hooks)

    def note_use(self, variant_id):
        self.hooks.before_note()
        self.noted.append(variant_id)
        return super().note_use(variant_id)

    def expire(self, variant_ids, idle):
        expired = super().expire(variant_ids, idle)
        self.hooks.after_expiry()
        return expired


@pytest.fixture
def retention(ports):
    return WatchedRetention(ports.retention.engine)


@pytest.fixture
def ports(ports):
    return evolve(ports, cache=InMemoryCache(max_bytes=0))


@pytest.fixture
def variant(use_cases, ports, image):
    """Made on the spot, and unused for long."""
    variant, _ = use_cases.transform_image(image.owner, image.id, SPEC, Mode.SYNC)
    unused_since(ports.retention, ago(days=100))
    return variant


def keys(ports):
    return set(picture_keys(ports.blobs))


def content_of(use_cases, variant):
    with use_cases.open_variant(variant.owner, variant.id) as stream:
        return stream.read()


def test_a_variant_that_nobody_wanted_for_long_goes_with_its_bytes(use_cases, ports, image, variant):
    assert use_cases.expire_variants() == Tally(1, (str(variant.id),))

    assert keys(ports) == {image.blob_key}
    for look in (use_cases.get_variant, use_cases.open_variant):
        with pytest.raises(VariantNotFound):
            look(image.owner, variant.id)


def test_what_has_expired_is_made_again_with_the_same_bytes(use_cases, image, variant):
    before = use_cases.open_rendering(image.owner, image.id, SPEC)
    unused_since(use_cases.expire_variants.retention, ago(days=100))
    use_cases.expire_variants()

    again = use_cases.open_rendering(image.owner, image.id, SPEC)

    assert (before.origin, again.origin) == (Origin.STORED, Origin.RENDERED)
    assert (again.content, again.planned.version) == (before.content, before.planned.version)


def test_what_is_handed_out_from_a_cache_does_not_expire(with_ports, image, variant):
    use_cases = with_ports(cache=InMemoryCache())
    use_cases.open_rendering(image.owner, image.id, SPEC)
    unused_since(use_cases.expire_variants.retention, ago(days=100))

    assert use_cases.open_rendering(image.owner, image.id, SPEC).origin is Origin.MEMORY
    assert use_cases.expire_variants().count == 0


@pytest.mark.parametrize(("days", "stays"), [(89, True), (90.5, True), (92, False)])
def test_variants_stay_for_90_days_and_the_one_that_a_use_may_go_unnoted(use_cases, ports, variant, days, stays):
    unused_since(ports.retention, ago(days=days))

    assert use_cases.expire_variants().count == (0 if stays else 1)


def test_variants_stay_for_ever_where_the_operator_says_so(ports, variant):
    assert assemble(ports, a_policy(variant_life=None)).expire_variants() == Tally()


USES = {
    "opened by its transform": lambda of, one: of.open_rendering(one.owner, one.image_id, SPEC),
    "asked for": lambda of, one: of.transform_image(one.owner, one.image_id, SPEC, Mode.AUTO),
    "looked at": lambda of, one: of.get_variant(one.owner, one.id),
    "opened by its id": lambda of, one: of.open_variant(one.owner, one.id).close(),
    "asked for in the background": lambda of, one: of.request_variant(one.owner, one.image_id, SPEC),
}


@pytest.mark.parametrize("use", USES)
def test_a_variant_that_is_used_stays(use_cases, variant, use):
    USES[use](use_cases, variant)

    assert use_cases.expire_variants().count == 0
    assert content_of(use_cases, variant)


def test_a_variant_that_is_merely_listed_goes(use_cases, variant):
    use_cases.list_variants(variant.owner, variant.image_id, PageRequest())

    assert use_cases.expire_variants().count == 1


def test_use_is_noted_once_a_day(with_ports, retention, variant):
    use_cases = with_ports(retention=retention)

    for use in list(USES.values()) * 2:
        use(use_cases, variant)
    assert retention.noted == [variant.id]

    unused_since(retention, ago(days=1, minutes=1))
    for use in USES.values():
        use(use_cases, variant)
    assert retention.noted == [variant.id] * 2


def test_the_use_of_what_is_not_ready_is_not_noted(with_ports, retention, image):
    use_cases = with_ports(retention=retention)
    job = use_cases.request_variant(image.owner, image.id, SPEC)

    use_cases.get_variant(image.owner, job.id)

    assert retention.noted == []


def test_a_use_that_cannot_be_noted_keeps_nobody_from_the_picture(with_ports, retention, variant):
    retention.hooks.before_note = Failing([Unavailable("the database does not answer")])
    use_cases = with_ports(retention=retention)

    assert content_of(use_cases, variant)


def test_while_one_waits_to_note_a_use_nobody_else_does(with_ports, retention, variant):
    retention.hooks.before_note = gate = Gate()
    use_cases = with_ports(retention=retention)

    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(content_of, use_cases, variant)
        assert gate.reached.wait(30)
        assert content_of(use_cases, variant)
        gate.opened.set()
        assert first.result(30)


def test_a_dry_run_tells_and_removes_nothing(use_cases, ports, variant):
    before = keys(ports)

    assert use_cases.expire_variants(dry_run=True) == Tally(1, (str(variant.id),))
    assert keys(ports) == before
    assert use_cases.get_variant(variant.owner, variant.id) == variant


class BlobsThatAreAway(FailingBlobs):
    def check(self):
        raise Unavailable("the storage does not answer")


def test_no_row_goes_while_the_storage_is_away(with_ports, ports, variant):
    with pytest.raises(Unavailable):
        with_ports(blobs=BlobsThatAreAway()).expire_variants()

    assert ports.variants.get(variant.id)


@frozen
class _Stopped:
    """Says that it is time to stop, from so many questions on."""

    after: int
    asked: list = field(factory=list)

    def __call__(self):
        self.asked.append(True)
        return len(self.asked) > self.after


@pytest.mark.parametrize("after", [0, 1])
def test_it_stops_when_told_to_and_what_it_left_is_swept(use_cases, ports, image, variant, after):
    use_cases.expire_variants(must_stop=_Stopped(after))

    assert variant.blob_key in keys(ports)
    use_cases.expire_variants()
    use_cases.sweep_orphans(timedelta(0))
    assert keys(ports) == {image.blob_key}


def test_bytes_that_are_written_again_before_they_are_removed_stay(with_ports, retention, engine, variant):
    use_cases = with_ports(retention=retention)
    retention.hooks.after_expiry = lambda: use_cases.open_rendering(variant.owner, variant.image_id, SPEC)

    assert use_cases.expire_variants().count == 1

    assert use_cases.open_rendering(variant.owner, variant.image_id, SPEC).origin is Origin.STORED
    assert engine.renderings == 2


def test_a_row_that_comes_in_the_last_instant_loses_its_bytes_which_are_made_again(with_ports, ports, image):
    blobs = FailingBlobs(before_delete=lambda: meanwhile())
    blobs.put(image.blob_key, ports.blobs.get(image.blob_key), "image/png")
    use_cases = with_ports(blobs=blobs)
    use_cases.open_rendering(image.owner, image.id, SPEC)
    unused_since(ports.retention, ago(days=100))
    meanwhile = once(lambda: use_cases.open_rendering(image.owner, image.id, SPEC))

    assert use_cases.expire_variants().count == 1

    origins = [use_cases.open_rendering(image.owner, image.id, SPEC).origin for _ in range(2)]
    assert origins == [Origin.RENDERED, Origin.STORED]


def test_a_variant_that_expires_while_it_is_asked_for_is_made_again(with_ports, retention, variant):
    use_cases = with_ports(retention=retention)
    retention.hooks.before_note = once(use_cases.expire_variants)

    again, is_new = use_cases.transform_image(variant.owner, variant.image_id, SPEC, Mode.SYNC)

    assert is_new
    assert use_cases.get_variant(again.owner, again.id) == again


def test_a_variant_that_is_asked_for_in_the_background_is_a_job_and_stays(with_ports, retention, variant):
    use_cases = with_ports(retention=retention)
    retention.hooks.before_note = once(use_cases.expire_variants)

    again, _ = use_cases.transform_image(variant.owner, variant.image_id, SPEC, Mode.ASYNC)

    assert (again.id, use_cases.get_variant(again.owner, again.id)) == (variant.id, again)


def once(action):
    """Does it when it is called first, and nothing after that."""
    actions = [action]
    return lambda: actions.pop()() if actions else None
