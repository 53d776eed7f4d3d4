"""The composition root: which technology keeps which promise, and where."""

import hashlib
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import timedelta
from io import BytesIO
from uuid import uuid4

import pytest
from attrs import evolve

from imgsvc import Settings, compose
from imgsvc.adapters.blobs.filesystem import FilesystemBlobs
from imgsvc.adapters.imaging.bounded import BoundedEngine
from imgsvc.adapters.imaging.child_process import ChildProcess
from imgsvc.adapters.imaging.children import ChildProcessEngine
from imgsvc.application.storage_mark import Belonging
from imgsvc.domain.errors import ImageTooLarge, InvalidCredentials, InvalidToken, StorageFull, Unavailable
from imgsvc.domain.notation import parse
from imgsvc.entrypoints.composition import adopt_storage, compose_engine, migrate_database, service
from imgsvc.entrypoints.http.endpoint import Answer
from imgsvc.entrypoints.http.endpoints.health import get_readiness
from tests.pictures import encoded, quadrants
from tests.waiting import wait_for

PASSWORD = "correct horse"
SECRET = "a secret of the tests, at least 32 bytes long"


def secrets_of(settings):
    return sorted((settings.data_dir / "secrets").iterdir())


@pytest.mark.parametrize(
    ("setting", "url", "culprit"),
    [
        ("database_url", "mysql://ada:hush@host/db", "mysql"),
        ("database_url", "sqlite:////tmp/a?hush=1", "hush"),
        ("blobs_url", "ftp://ada:hush@host", "ftp"),
        ("blobs_url", "memory:?size=1", "size"),
        ("blobs_url", "somewhere", "file:, s3: and memory:"),
        ("jobs_url", "kafka://ada:hush@host", "kafka"),
        ("jobs_url", "memory:?size=1", "size"),
        ("cache_url", "memcached://ada:hush@host", "memcached"),
        ("cache_url", "memory:?ttl=1", "ttl"),
        ("cache_url", "memory:?max_bytes=many", "max_bytes"),
        ("engine", "imagemagick", "imagemagick"),
    ],
)
def test_what_no_adapter_understands_is_refused_by_name(settings, setting, url, culprit):
    with pytest.raises(ValueError, match=culprit) as refused, compose(evolve(settings, **{setting: url})):
        pass

    assert "ada:hush" not in str(refused.value)


def test_secrets_are_made_once_kept_and_readable_by_nobody_else(settings):
    with compose(settings) as service:
        service.use_cases.register_user("ada", PASSWORD)
        token = service.use_cases.log_in("ada", PASSWORD).token
    kept = [path.read_bytes() for path in secrets_of(settings)]

    with compose(settings) as service:
        assert service.use_cases.authenticate(token).user.username == "ada"
        assert service.use_cases.log_in("ada", PASSWORD).token
    assert [path.name for path in secrets_of(settings)] == ["link_keys", "password_secret", "token_secret"]
    assert {path.stat().st_mode & 0o777 for path in secrets_of(settings)} == {0o600}
    assert [path.read_bytes() for path in secrets_of(settings)] == kept
    assert len(set(kept)) == 3


def test_given_secrets_are_used_and_none_are_made(settings):
    given = evolve(
        settings, token_secret=SECRET, password_secret=SECRET, link_keys=SECRET.replace(" ", "-").replace(",", "")
    )
    with compose(given) as service:
        service.use_cases.register_user("ada", PASSWORD)
        token = service.use_cases.log_in("ada", PASSWORD).token

    assert not (settings.data_dir / "secrets").exists()
    with compose(evolve(given, token_secret=SECRET[::-1])) as service, pytest.raises(InvalidToken):
        service.use_cases.authenticate(token)
    with compose(evolve(given, password_secret=SECRET[::-1])) as service, pytest.raises(InvalidCredentials):
        service.use_cases.log_in("ada", PASSWORD)


def test_nobody_else_on_the_machine_can_look_into_the_data_folder(settings):
    with compose(settings):
        assert settings.data_dir.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("name", ["a b", "a?b#c%41", "d\N{LATIN SMALL LETTER E WITH ACUTE}", "a:b@c"])
def test_a_data_folder_may_have_any_name(tmp_path, name):
    settings = Settings(data_dir=tmp_path / name, password_cost=4)

    with compose(settings) as service:
        user = service.use_cases.register_user("ada", PASSWORD)
        service.use_cases.upload_image(user.id, BytesIO(encoded(quadrants())))

    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert {"imgsvc.sqlite3", "blobs", "secrets"} <= {path.name for path in (tmp_path / name).iterdir()}


def test_a_relative_data_folder_stays_where_it_was_when_the_service_was_composed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with compose(Settings(data_dir="data", password_cost=4)) as service:
        monkeypatch.chdir("/")
        user = service.use_cases.register_user("ada", PASSWORD)
        image = service.use_cases.upload_image(user.id, BytesIO(encoded(quadrants())))

    with compose(Settings(data_dir=tmp_path / "data", password_cost=4)) as service:
        assert service.use_cases.get_image(user.id, image.id) == image


def test_a_storage_that_another_installation_has_marked_is_refused_with_a_remedy(settings, tmp_path):
    with compose(settings):
        pass
    other = Settings(data_dir=tmp_path / "other", blobs_url=settings.data_dir.as_uri(), password_cost=4)

    with pytest.raises(RuntimeError, match=r"that of another installation: correct IMGSVC_DATABASE_URL or .*adopt"):
        compose(other).__enter__()

    adopt_storage(other)
    with compose(other):
        pass
    with pytest.raises(RuntimeError, match="another installation"):
        compose(settings).__enter__()


def test_a_database_that_is_restored_with_its_storage_or_older_than_marks_goes_on(settings):
    with compose(settings):
        pass
    database = settings.data_dir / "imgsvc.sqlite3"
    backup = database.read_bytes()
    (settings.data_dir / "blobs" / "installation+").unlink()
    for _ in range(2):
        with compose(settings) as service:
            assert service.use_cases.find_belonging() is Belonging.OURS
        database.write_bytes(backup)


def test_a_storage_that_cannot_be_marked_keeps_nobody_from_starting(settings, monkeypatch, caplog):
    def full(*_, **__):
        raise StorageFull("the storage is full")

    monkeypatch.setattr(FilesystemBlobs, "put", full)

    with compose(settings):
        assert "the storage could not be marked: the storage is full" in caplog.text


def test_a_storage_without_a_mark_of_whose_originals_most_are_unknown_is_told_and_keeps_nobody_from_starting(
    settings, caplog
):
    originals = settings.data_dir / "blobs" / "originals"
    originals.mkdir(parents=True)
    (originals / f"{uuid4()}+").write_bytes(b"another database's")

    with compose(settings):
        pass

    (told,) = [one for one in caplog.records if "the storage has no mark" in one.message]
    assert (told.levelname, "run imgsvc adopt" in told.message) == ("WARNING", True)
    assert not (settings.data_dir / "blobs" / "installation+").exists()


def test_many_can_be_composed_on_one_new_folder_at_once(settings):
    start = threading.Barrier(6)

    def register(number):
        start.wait(30)
        with compose(settings) as service:
            service.use_cases.register_user(f"user-{number}", PASSWORD)
            return service.use_cases.log_in(f"user-{number}", PASSWORD).token

    with ThreadPoolExecutor(6) as threads:
        tokens = list(threads.map(register, range(6)))

    with compose(settings) as service:
        names = [service.use_cases.authenticate(token).user.username for token in tokens]
    assert names == [f"user-{number}" for number in range(6)]


def test_two_on_one_folder_see_what_the_other_does(settings):
    spec = parse("w:10")
    with ExitStack() as opened:
        one, other = (opened.enter_context(compose(settings)).use_cases for _ in range(2))
        user = one.register_user("ada", PASSWORD)
        image = other.upload_image(user.id, BytesIO(encoded(quadrants())))
        job = one.request_variant(user.id, image.id, spec)
        other.make_variant(job.id)

        assert (
            one.open_rendering(user.id, image.id, spec).content == other.open_rendering(user.id, image.id, spec).content
        )
        assert one.get_variant(user.id, job.id).status == "ready"


def test_nothing_happens_in_the_background_and_nothing_is_left_behind(settings):
    before = threading.active_count()

    with compose(settings):
        # What counts rates in memory begins with a thread that lives for 10 ms.
        wait_for(lambda: threading.active_count() <= before)

    assert threading.active_count() <= before


def test_a_closed_service_sends_its_workers_home(settings):
    with ThreadPoolExecutor(1) as threads:
        with compose(settings) as service:
            waiting = threads.submit(service.jobs.receive, timedelta(hours=1))

        assert waiting.result(30) is None


def test_limits_reach_the_use_cases_and_the_engine(settings):
    with compose(evolve(settings, max_pixels=100)) as service:
        user = service.use_cases.register_user("ada", PASSWORD)

        with pytest.raises(ImageTooLarge):
            service.use_cases.upload_image(user.id, BytesIO(encoded(quadrants())))


def levels(service):
    return {finding.dependency: finding.level for finding in service.health()}


def test_a_service_that_works_is_healthy(service):
    assert levels(service) == {"database": "ok", "blobs": "ok", "jobs": "ok", "cache": "ok"}


def fails():
    raise Unavailable("it does not answer")


@pytest.mark.parametrize(
    ("name", "level", "status"),
    [
        ("database", "error", "unavailable"),
        ("blobs", "error", "unavailable"),
        ("jobs", "warning", "degraded"),
        ("cache", "warning", "degraded"),
    ],
)
def test_health_tells_what_does_not_answer_and_whether_the_service_gets_along_without(service, name, level, status):
    ailing = evolve(service, checks=evolve(service._checks, questions={**service._checks.questions, name: fails}))

    found = {finding.dependency: finding for finding in ailing.health()}
    assert found[name].level == level
    assert "it does not answer" in found[name].found
    assert "imgsvc doctor" in found[name].remedy
    assert [one for one, finding in found.items() if finding.level != "ok"] == [name]
    answer = get_readiness.function(ailing)
    view = answer.view if isinstance(answer, Answer) else answer
    assert (view.status, isinstance(answer, Answer)) == (status, status == "unavailable")
    assert [one for one, is_there in view.checks.items() if not is_there] == [name]
    assert len(view.notes) == (status == "degraded")


def test_the_engine_alone_needs_no_folder(settings):
    with compose_engine(settings) as engine:
        assert engine.measure(BytesIO(encoded(quadrants()))).media_type == "image/png"

    assert not settings.data_dir.exists()


def test_the_engine_works_in_this_process_unless_told_otherwise(settings):
    with compose_engine(settings) as engine:
        assert isinstance(engine, BoundedEngine)


@pytest.mark.parametrize(("keep", "reads"), [(2**20, [True, False]), (0, [True, True])])
def test_children_keep_a_picture_for_its_next_size_where_they_are_told_to(settings, keep, reads):
    class Source(BytesIO):
        was_read = False

        def read(self, *size):
            self.was_read = True
            return super().read(*size)

    content = encoded(quadrants())
    sources = [Source(content), Source(content)]
    with compose_engine(evolve(settings, render_in="children", render_slots=1, render_keep=keep)) as engine:
        for width, source in enumerate(sources, 10):
            engine.render(source, parse(f"w:{width},f:png"), digest=hashlib.sha256(content).hexdigest())

    assert [source.was_read for source in sources] == reads


def test_children_end_with_the_service(settings):
    source = BytesIO(encoded(quadrants()))
    before = threading.active_count()

    with compose(evolve(settings, render_in="children", render_slots=1)) as service:
        made = service.engine.render(source, parse("w:10,f:png"))
        children = list(service.engine.pool.children)

    with compose_engine(settings) as engine:
        assert made == engine.render(source, parse("w:10,f:png"))
    assert [child.ending() for child in children] == ["it was ended by SIGKILL"]
    assert threading.active_count() == before


def test_children_end_when_the_rest_cannot_start(settings, monkeypatch):
    started = []
    begin = ChildProcess.__init__

    def remembered(self, *arguments):
        begin(self, *arguments)
        started.append(self)

    def fail(*_, **__):
        raise OSError("no secrets today")

    monkeypatch.setattr(ChildProcess, "__init__", remembered)
    monkeypatch.setattr(service, "open_token_issuer", fail)

    with pytest.raises(OSError, match="no secrets"), compose(evolve(settings, render_in="children", render_slots=1)):
        pass

    assert [child.ending() for child in started] == ["it was ended by SIGKILL"]


def test_a_kernel_without_landlock_is_noted_and_keeps_nothing_from_working(settings, monkeypatch):
    monkeypatch.setattr(ChildProcessEngine, "is_confined", False)

    with compose(evolve(settings, render_in="children", render_slots=1)) as service:
        answer = get_readiness.function(service)

    assert (answer.status, len(answer.notes)) == ("ready", 1)
    assert "Landlock" in answer.notes[0]


def test_migrating_again_does_nothing(settings):
    migrate_database(settings)
    migrate_database(settings)

    with compose(settings) as service:
        assert levels(service)["database"] == "ok"


def test_an_engine_alone_has_the_time_of_a_job_and_one_that_serves_that_of_who_waits(settings):
    given = evolve(settings, render_in="children", render_slots=1, sync_seconds=3, job_seconds=40)

    with compose_engine(given) as engine:
        assert engine.deadline == timedelta(seconds=40)
    with compose(given) as service:
        assert service.engine.deadline == timedelta(seconds=3)
