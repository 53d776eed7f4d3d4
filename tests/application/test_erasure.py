"""An account and everything that belongs to it ends, whatever is going on."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from io import BytesIO

import pytest
from attrs import evolve

from imgsvc.application.storage_mark import MARK, mark_of
from imgsvc.domain.api_key import Scope
from imgsvc.domain.errors import (
    ImageNotFound,
    InvalidCredentials,
    TokenRevoked,
    Unavailable,
    UserNotFound,
    VariantNotFound,
    WrongPassword,
)
from imgsvc.domain.notation import parse
from tests.application.adapters import Failing, FailingBlobs, Gate, picture_keys

PASSWORD = "correct horse"
SPEC = parse("w:10,gray,f:webp")
AT_ONCE = timedelta(0)


@pytest.fixture
def user(use_cases):
    return use_cases.register_user("ada", PASSWORD)


@pytest.fixture
def mine(use_cases, user, picture):
    """Two images of equal bytes, and what was made of one."""
    images = [use_cases.upload_image(user.id, BytesIO(picture)) for _ in range(2)]
    opened = use_cases.open_rendering(user.id, images[0].id, SPEC)
    return images, opened.planned.blob_key


def keys(ports):
    return picture_keys(ports.blobs)


def test_nothing_is_left_of_an_account(use_cases, ports, user, mine):
    images, rendering = mine
    session = use_cases.log_in("ada", PASSWORD)
    _, key = use_cases.create_api_key(user.id, "x", (Scope.READ,))
    job = use_cases.request_variant(user.id, images[1].id, SPEC)

    use_cases.delete_account(user, PASSWORD)

    assert keys(ports) == []
    assert ports.cache.get(rendering) is None
    for token in (session.token, key):
        with pytest.raises(TokenRevoked):
            use_cases.authenticate(token)
    with pytest.raises(TokenRevoked):
        use_cases.refresh_session(session.refresh_token)
    with pytest.raises(InvalidCredentials):
        use_cases.log_in("ada", PASSWORD)
    with pytest.raises(ImageNotFound):
        use_cases.get_image(user.id, images[0].id)
    with pytest.raises(VariantNotFound):
        use_cases.get_variant(user.id, job.id)
    assert use_cases.register_user("ada", PASSWORD).id != user.id


def test_others_keep_all_that_is_theirs(use_cases, ports, user, mine, image):
    use_cases.delete_account(user, PASSWORD)

    assert keys(ports) == [image.blob_key]
    assert use_cases.get_image(image.owner, image.id) == image


def test_with_a_wrong_password_everything_stays(use_cases, ports, user, mine):
    before = keys(ports)

    with pytest.raises(WrongPassword):
        use_cases.delete_account(user, "wrong horse")
    assert keys(ports) == before
    assert use_cases.log_in("ada", PASSWORD)


def test_jobs_that_wait_are_never_made(use_cases, ports, engine, user, mine):
    images, _ = mine
    jobs = [use_cases.request_variant(user.id, images[0].id, parse(f"w:{width}")) for width in (3, 4)]
    before = engine.renderings

    use_cases.delete_account(user, PASSWORD)
    for job in jobs:
        use_cases.make_variant(job.id)

    assert engine.renderings == before
    assert keys(ports) == []


def test_a_job_that_is_made_meanwhile_ends_in_nothing(use_cases, ports, engine, user, mine):
    images, _ = mine
    job = use_cases.request_variant(user.id, images[0].id, parse("w:3"))
    engine.before = Gate()
    with ThreadPoolExecutor(1) as threads:
        made = threads.submit(use_cases.make_variant, job.id)
        assert engine.before.reached.wait(30)
        use_cases.delete_account(user, PASSWORD)
        engine.before.opened.set()
        made.result(30)
    use_cases.sweep_orphans(AT_ONCE)  # of what the worker stored too late

    assert keys(ports) == []
    with pytest.raises(VariantNotFound):
        ports.variants.get(job.id)


def test_an_upload_that_is_under_way_is_refused_in_the_end(with_ports, use_cases, ports, user, picture):
    blobs = FailingBlobs(before_put=lambda: use_cases.delete_account(user, PASSWORD))

    with pytest.raises(UserNotFound):
        with_ports(blobs=blobs).upload_image(user.id, BytesIO(picture))
    assert list(blobs.list()) == []


def test_what_a_crash_leaves_of_an_account_is_finished_by_the_sweep(use_cases, ports, user, mine):
    crashed = evolve(use_cases.delete_account, finish=lambda must_stop: crash())
    with pytest.raises(KeyboardInterrupt):
        crashed(user, PASSWORD)
    left = keys(ports)

    use_cases.sweep()

    assert left
    assert keys(ports) == []
    assert ports.erasure.marked(1) == ports.erasure.images(1) == []
    with pytest.raises(ImageNotFound):
        ports.images.get(mine[0][0].id)


def crash():
    raise KeyboardInterrupt


def test_bytes_that_cannot_be_removed_are_removed_by_the_next_sweep(with_ports, ports, picture):
    blobs = FailingBlobs(before_delete=Failing([Unavailable("the storage does not answer")]))
    use_cases = with_ports(blobs=blobs)
    user = use_cases.register_user("grace", PASSWORD)
    image = use_cases.upload_image(user.id, BytesIO(picture))
    blobs.put(MARK, mark_of(ports.installation.id()), "text/plain")  # as every start does

    use_cases.delete_account(user, PASSWORD)
    left = picture_keys(blobs)
    use_cases.sweep()

    assert left == [image.blob_key]
    assert picture_keys(blobs) == []


def test_what_there_is_no_time_for_is_left_to_the_sweep(use_cases, ports, user, mine):
    hurried = evolve(use_cases.delete_account, now=iter(range(0, 1000, 100)).__next__)

    hurried(user, PASSWORD)
    left = keys(ports)
    use_cases.sweep()

    assert left
    with pytest.raises(UserNotFound):
        ports.users.get(user.id)
    assert keys(ports) == []
