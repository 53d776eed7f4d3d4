"""What only the Postgres repositories do: their URL, their pool, and how little they wait for a server in trouble."""

import traceback
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from threading import Barrier
from time import monotonic
from uuid import uuid4

import psycopg
import pytest
from attrs import evolve
from psycopg.pq import TransactionStatus
from sqlalchemy import event, text

from imgsvc.adapters.repositories import migrate, open_repositories, postgres
from imgsvc.adapters.repositories.failures import Overtaken
from imgsvc.adapters.repositories.postgres import Patience, postgres_engine
from imgsvc.adapters.repositories.sql_variants import SqlVariants
from imgsvc.adapters.repositories.transactions import noting, reading, repeated_if_overtaken, writing
from imgsvc.domain.errors import Busy, ImageNotFound, StorageFull, Unavailable
from tests.entities import RENDITION, a_job, a_user, a_variant, an_image, later
from tests.real_servers.postgres import execute, new_database, plain_url

NO_TIME = timedelta(0)
HOUR = timedelta(hours=1)
LOSE = "DO $$ BEGIN RAISE EXCEPTION 'others were first' USING ERRCODE = '40001'; END $$"


@pytest.fixture(scope="module")
def url(own_postgres):
    with new_database(own_postgres.url) as url:
        migrate(url)
        yield url


@pytest.fixture
def repositories(url):
    with open_repositories(url, pool=2) as repositories:
        yield repositories


@pytest.fixture
def engine(repositories):
    return repositories.users.engine


@pytest.fixture
def impatient_engine(url):
    engine = postgres_engine(url, pool_size=2, patience=Patience(statement=0.5, lock=0.1))
    yield engine
    engine.dispose()


@pytest.fixture
def user(repositories):
    user = a_user()
    repositories.users.add(user)
    return user


@pytest.fixture
def image(repositories, user):
    image = an_image(user)
    repositories.images.add(image)
    return image


@contextmanager
def somebody(url):
    """Another client, whose transaction ends with the context."""
    with closing(psycopg.connect(plain_url(url))) as connection:
        yield connection


def seconds_until_refused(call):
    begun = monotonic()
    with pytest.raises(Busy):
        call()
    return monotonic() - begun


# the URL


@pytest.mark.parametrize(
    ("url", "named"),
    [
        ("postgresql+psycopg://ada:hunter2@host/db?sslmod=require", "sslmod"),
        ("postgresql+psycopg://ada@host/db?password=hunter2", "password"),
        ("postgresql://ada:hunter2@host/db?options=-csearch_path=x", "options"),
        ("postgresql://ada:hunter2@host/db?sslmode=require&sslmode=disable", "sslmode"),
        ("postgresql+psycopg://ada:hunter2@host", "names no database"),
        ("postgresql+psycopg://ada:hunter2@host/", "names no database"),
        ("postgresql+psycopg://ada:x@host:hunter2/db", "not understood"),
        ("postgresql+psycopg:hunter2", "not understood"),
    ],
)
def test_a_url_of_more_or_less_than_is_known_is_refused_by_the_name_of_what_is_wrong(url, named):
    with pytest.raises(ValueError, match=named) as caught, open_repositories(url):
        pass

    assert "hunter2" not in written(caught.value)


def test_both_names_of_the_scheme_are_known(url):
    for scheme in ("postgresql://", "postgresql+psycopg://"):
        with open_repositories(plain_url(url).replace("postgresql://", scheme)) as repositories:
            repositories.check()


def test_a_server_that_is_not_there_is_unavailable_and_the_password_stays_a_secret(caplog):
    caplog.set_level("DEBUG")
    url = "postgresql://ada:hunter2@127.0.0.1:1/db"

    with pytest.raises(Unavailable) as caught:
        open_repositories(url).__enter__()

    assert "hunter2" not in written(caught.value) + caplog.text + repr(caught.value.__cause__)
    assert "nobody listens there" in caught.value.detail


def test_the_password_is_shown_by_nothing_that_a_debugger_would_print():
    engine = postgres_engine("postgresql://ada:hunter2@host/db", pool_size=1)

    assert "_Connector" in repr(vars(engine.pool))
    assert "hunter2" not in repr(vars(engine.pool)) + repr(vars(engine))


# the connections


def test_only_what_writes_more_than_one_statement_begins_a_transaction(engine):
    begun = []
    for transaction in (reading, noting, writing, reading):
        with transaction(engine) as connection:
            connection.execute(text("SELECT 1")).all()
            begun.append(connection.connection.driver_connection.info.transaction_status is TransactionStatus.INTRANS)

    assert begun == [False, False, True, False]


def test_every_connection_is_told_how_long_to_wait(engine):
    expected = {
        "statement_timeout": "2s",
        "lock_timeout": "2s",
        "idle_in_transaction_session_timeout": "10s",
        "transaction_isolation": "read committed",
        "application_name": "imgsvc",
    }

    with writing(engine) as connection:
        said = {name: connection.execute(text(f"SHOW {name}")).scalar_one() for name in expected}

    assert said == expected


def test_without_a_free_connection_the_caller_is_told_to_come_back(url, user, monkeypatch):
    monkeypatch.setattr(postgres, "_POOL_WAIT", 0.1)

    with open_repositories(url, pool=1) as repositories:
        with reading(repositories.users.engine), pytest.raises(Busy) as refused:
            repositories.users.get(user.id)
        assert repositories.users.get(user.id) == user
    assert not isinstance(refused.value, Unavailable)  # the server is well


def test_no_more_connections_are_made_than_were_allowed(url, repositories, user):
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(repositories.users.get, [user.id] * 100))

    mine = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'imgsvc' AND datname = current_database()"
    assert execute(url, mine) == [(2,)]


def test_connections_that_the_server_has_closed_are_replaced_before_use(url, repositories, user):
    with ThreadPoolExecutor(2) as threads:
        list(threads.map(repositories.users.get, [user.id] * 20))

    close_all(url)

    with ThreadPoolExecutor(2) as threads:
        assert list(threads.map(repositories.users.get, [user.id] * 20)) == [user] * 20


def close_all(url):
    execute(url, "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'imgsvc'")


# a server in trouble


def test_a_server_that_was_stopped_is_unavailable_and_found_again_when_it_is_back(own_postgres, repositories, user):
    own_postgres.stop()
    try:
        assert seconds_until_refused(lambda: repositories.users.get(user.id)) < 1
        assert seconds_until_refused(lambda: repositories.users.add(a_user())) < 1
    finally:
        own_postgres.start()

    assert repositories.users.get(user.id) == user


def test_a_restart_between_two_calls_is_not_noticed(own_postgres, repositories, user):
    own_postgres.kill()
    own_postgres.start()

    assert repositories.users.get(user.id) == user


def test_what_was_returned_from_outlives_the_server(own_postgres, repositories, user, image):
    job = a_job(image)
    repositories.variants.add_if_absent(job)
    own_postgres.kill()
    own_postgres.start()

    assert repositories.images.count_of(user.id) == 1
    assert repositories.variants.get(job.id) == job


def test_a_claim_does_not_wait_for_the_disk_and_the_end_of_a_job_does(repositories, url, image):
    behind = "SELECT pg_current_wal_insert_lsn() > pg_current_wal_flush_lsn()"
    jobs = [a_job(image, fingerprint=f"engine-{number}") for number in range(30)]
    for job in jobs:
        repositories.variants.add_if_absent(job)
    found = {"claim": [], "finish": []}
    with psycopg.connect(plain_url(url), autocommit=True) as client:
        for job in jobs:
            claim = repositories.variants.claim(job.id, HOUR)
            found["claim"].append(client.execute(behind).fetchone()[0])
            repositories.variants.finish(claim, RENDITION, later(1))
            found["finish"].append(client.execute(behind).fetchone()[0])

    # The server writes by itself a few times a second, and may have just done so.
    assert sum(found["claim"]) > 20
    assert sum(found["finish"]) < 10


def test_a_server_that_hangs_holds_nobody_for_long_and_keeps_no_connection(own_postgres, repositories, engine, user):
    repositories.users.get(user.id)  # over a connection that stays alive

    with own_postgres.frozen(), ThreadPoolExecutor(2) as threads:
        for_a_statement = seconds_until_refused(lambda: repositories.users.get(user.id))
        for_a_connection = sorted(threads.map(seconds_until_refused, [lambda: repositories.users.add(a_user())] * 2))

    assert for_a_statement < 3
    # One asks whether the server is back; the other is not kept waiting for that.
    assert for_a_connection[0] < 0.5 < for_a_connection[1] < 3
    assert engine.pool.checkedout() == 0
    assert repositories.users.get(user.id) == user


def test_a_connection_that_was_not_used_for_a_while_is_asked_first(own_postgres, repositories, user, monkeypatch):
    monkeypatch.setattr(postgres, "_TRUSTED_SECONDS", 0)
    repositories.users.get(user.id)

    with own_postgres.frozen(), pytest.raises(Unavailable) as caught:
        repositories.users.get(user.id)

    # It was given up before the statement was sent, for another one that was not to be had either.
    assert isinstance(caught.value.__cause__, psycopg.errors.ConnectionTimeout)
    assert repositories.users.get(user.id) == user


def test_a_connection_that_answers_is_used_again(url, repositories, user, monkeypatch):
    monkeypatch.setattr(postgres, "_TRUSTED_SECONDS", 0)
    before = backends(url)
    assert repositories.users.get(user.id) == user

    assert backends(url) == before


def backends(url):
    return execute(url, "SELECT pid FROM pg_stat_activity WHERE application_name = 'imgsvc' ORDER BY pid")


def test_a_statement_that_takes_too_long_is_ended(impatient_engine):
    begun = monotonic()
    with pytest.raises(Unavailable), reading(impatient_engine) as connection:
        connection.execute(text("SELECT pg_sleep(20)"))

    assert monotonic() - begun < 2


def test_nobody_waits_long_for_what_another_one_holds(url, impatient_engine, repositories, image):
    job = a_job(image)
    repositories.variants.add_if_absent(job)
    impatient = SqlVariants(impatient_engine)

    with somebody(url) as other:
        other.execute("SELECT FROM variants WHERE id = %s FOR UPDATE", [job.id])
        with pytest.raises(Unavailable) as caught:
            impatient.claim(job.id, HOUR)

    assert impatient.claim(job.id, HOUR) is not None
    # Neither a log nor an operator is shown the statement.
    assert "UPDATE variants" not in written(caught.value)
    assert "lock timeout" in written(caught.value)


def test_a_connection_that_breaks_within_a_transaction_leaves_nothing_of_it(url, engine, repositories, user):
    lost = an_image(user)

    def break_off(connection, cursor, statement, parameters, context, executemany):
        if statement.startswith("INSERT INTO usage"):
            close_all(url)

    event.listen(engine, "before_cursor_execute", break_off)
    with pytest.raises(Unavailable):
        repositories.images.add(lost)
    event.remove(engine, "before_cursor_execute", break_off)

    assert repositories.images.existing([lost.id]) == set()
    assert repositories.images.count_of(user.id) == 0


@pytest.mark.parametrize(
    ("code", "failure"),
    [
        ("53100", StorageFull),  # the disk is full
        ("53300", Unavailable),  # too many clients
        ("57P01", Unavailable),  # it is being stopped
        ("25006", Unavailable),  # a standby: somebody is changing over
        ("40001", Overtaken),
        ("40P01", Overtaken),
    ],
)
def test_what_the_server_says_becomes_a_failure_of_ours(engine, code, failure):
    with pytest.raises(failure) as caught, writing(engine) as connection:
        connection.exec_driver_sql(f"DO $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '{code}'; END $$")

    assert type(caught.value) is failure


def written(error):
    """All that a log would show."""
    return "".join(traceback.format_exception(error))


# transactions at once


def test_a_transaction_that_lost_to_another_is_done_again(engine, repositories, user):
    first, second = an_image(user), an_image(user)
    repositories.images.add(first)
    repositories.images.add(second)
    meeting = Barrier(2)
    begun = []

    @repeated_if_overtaken
    def rename(one, then):
        with writing(engine) as connection:
            connection.execute(text("SET LOCAL deadlock_timeout = '50ms'"))
            connection.execute(text("UPDATE images SET name = name || '!' WHERE id = :id"), {"id": one.id})
            begun.append(one)
            if len(begun) <= 2:
                meeting.wait(10)
            connection.execute(text("UPDATE images SET name = name || '!' WHERE id = :id"), {"id": then.id})

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(rename, [first, second], [second, first]))

    assert len(begun) > 2
    assert [repositories.images.get(image.id).name for image in (first, second)] == ["tree.jpg!!"] * 2


WRITES = {
    "add a user": lambda of, image, claim: of.users.add(a_user()),
    "add an image": lambda of, image, claim: of.images.add(evolve(image, id=uuid4())),
    "delete an image": lambda of, image, claim: of.images.delete(image.id),
    "add a variant": lambda of, image, claim: of.variants.add_if_absent(a_variant(image, fingerprint="engine-2")),
    "claim": lambda of, image, claim: of.variants.claim(claim.variant.id, HOUR),
    "adopt": lambda of, image, claim: of.variants.adopt(claim, "engine-2"),
    "finish": lambda of, image, claim: of.variants.finish(claim, RENDITION, later()),
    "record": lambda of, image, claim: of.variants.record(claim.variant.ready(RENDITION, later())),
    "retry": lambda of, image, claim: of.variants.retry(claim.variant.id, later()),
    "take what is stalled": lambda of, image, claim: of.variants.take_stalled(NO_TIME, 10),
}


@pytest.mark.parametrize("write", WRITES)
def test_every_write_that_lost_to_another_is_done_again(engine, repositories, image, write):
    job = a_job(image)
    repositories.variants.add_if_absent(job)
    claim = repositories.variants.claim(job.id, NO_TIME)
    statements = []

    def lose_once(connection, cursor, statement, parameters, context, executemany):
        statements.append(statement)
        return (LOSE, ()) if len(statements) == 1 else (statement, parameters)

    event.listen(engine, "before_cursor_execute", lose_once, retval=True)
    WRITES[write](repositories, image, claim)

    assert statements[0] == statements[1]


def test_what_loses_again_and_again_is_given_up(engine):
    tries = []

    @repeated_if_overtaken
    def lose():
        tries.append(1)
        with writing(engine) as connection:
            connection.exec_driver_sql(LOSE)

    with pytest.raises(Unavailable):
        lose()
    assert len(tries) == 4


def test_stalled_variants_that_another_one_is_taking_are_left_to_it(url, repositories, image):
    taken, left = (a_job(image, fingerprint=name, created_at=later(n)) for n, name in enumerate(["a", "b"]))
    for job in (taken, left):
        repositories.variants.add_if_absent(job)

    with somebody(url) as other:
        other.execute("SELECT FROM variants WHERE id = %s FOR UPDATE", [taken.id])
        found = repositories.variants.take_stalled(NO_TIME, 1000)

    assert left.id in found
    assert taken.id not in found


def test_a_variant_that_goes_with_its_image_meanwhile_is_not_added(url, engine, repositories, image):
    repositories.variants.add_if_absent(a_variant(image))

    def delete_image(connection, cursor, statement, parameters, context, executemany):
        if statement.startswith("INSERT"):
            execute(url, f"DELETE FROM images WHERE id = '{image.id}'")

    event.listen(engine, "after_cursor_execute", delete_image)
    with pytest.raises(ImageNotFound):
        repositories.variants.add_if_absent(a_variant(image))
    event.remove(engine, "after_cursor_execute", delete_image)


@pytest.mark.parametrize("recorded", [False, True])
def test_a_variant_that_is_deleted_meanwhile_is_added_anew(url, engine, repositories, image, recorded):
    old, new = a_variant(image).ready(RENDITION, later(1)), a_variant(image).ready(RENDITION, later(2))
    repositories.variants.record(old)

    def delete_it(connection, cursor, statement, parameters, context, executemany):
        if statement.startswith("INSERT"):
            execute(url, f"DELETE FROM variants WHERE id = '{old.id}'")

    event.listen(engine, "after_cursor_execute", delete_it)
    kept = repositories.variants.record(new) if recorded else repositories.variants.add_if_absent(new)[0]
    event.remove(engine, "after_cursor_execute", delete_it)

    assert (kept.id, repositories.variants.find(new.name)) == (new.id, new)


def test_leases_are_on_the_clock_of_the_server(url, engine, repositories, image):
    job = a_job(image)
    repositories.variants.add_if_absent(job)
    told = []
    event.listen(engine, "before_cursor_execute", lambda *call: told.extend(call[3].values()))

    claim = repositories.variants.claim(job.id, HOUR)
    repositories.variants.renew([claim], HOUR)
    repositories.variants.take_stalled(HOUR, 10)

    assert [value for value in told if isinstance(value, datetime)] == []
    ((left,),) = execute(url, f"SELECT lease_ends_at - now() FROM variants WHERE id = '{job.id}'")
    assert timedelta(minutes=59) < left <= HOUR
