"""Ten thousand jobs that wait: F47."""

from time import monotonic

from imgsvc.adapters.jobs.rabbitmq.messages import Message
from tests.pictures import encoded, quadrants
from tests.real_servers.postgres import execute
from tests.real_servers.rabbitmq import channel_on
from tests.waiting import wait_for

MANY, FEW = 10_000, 50
MEGABYTE = 2**20


def test_ten_thousand_jobs_cost_no_memory_are_signalled_once_and_slow_down_none(installation):
    installation.most_attempts = 1
    api, worker = installation.api(), installation.worker()
    somebody = installation.somebody(api)
    job = somebody.order(somebody.upload(encoded(quadrants(8, 8))))
    assert somebody.ended(job)["status"] == "ready"

    alone = seconds_for_few(installation, job, 3 * FEW)
    memory = [one.memory() for one in (api, worker)]
    among_many = seconds_for_few(installation, job, MANY)
    wait_for(lambda: finished(installation) > 3 * FEW)  # looking for lost signals some times meanwhile

    assert abs(signalled(installation) - MANY) < FEW
    assert among_many < 3 * alone + 2
    grown = [one.memory() - before for one, before in zip((api, worker), memory, strict=True)]
    assert max(grown) < 30 * MEGABYTE
    worker.stop()
    execute(installation.database_url, f"DELETE FROM variants WHERE id <> '{job}'")


def seconds_for_few(installation, job, count):
    """So many jobs like that one are there at once; how long a few of them take."""
    execute(installation.database_url, f"DELETE FROM variants WHERE id <> '{job}'")
    execute(
        installation.database_url,
        f"""INSERT INTO variants (id, owner, image_id, spec, spec_id, fingerprint, status, attempts, created_at,
                                  queued_at, signalled_at)
            SELECT gen_random_uuid(), owner, image_id, spec, 'like-' || number, fingerprint, 'pending', 0, created_at,
                   queued_at, now() + interval '1 hour'
            FROM variants, generate_series(1, {count}) number WHERE id = '{job}'""",
    )
    with channel_on(installation.servers.rabbitmq.url) as channel:
        for (variant_id,) in execute(installation.database_url, "SELECT id FROM variants WHERE spec_id LIKE 'like-%'"):
            channel.basic_publish("", installation.queue, Message(variant_id, None).encoded())
    # Only now, for sending takes longer than a signal may be unheard of here.
    execute(installation.database_url, "UPDATE variants SET signalled_at = now() WHERE status = 'pending'")
    begun, made = monotonic(), finished(installation)
    wait_for(lambda: finished(installation) >= made + FEW)
    return monotonic() - begun


def finished(installation):
    query = "SELECT count(*) FROM variants WHERE spec_id LIKE 'like-%' AND finished_at IS NOT NULL"
    ((count,),) = execute(installation.database_url, query)
    return count


def signalled(installation):
    """How many signals were sent, as far as they wait or have led to something."""
    return installation.signals() + finished(installation)
