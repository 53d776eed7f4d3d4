"""What holds at the end of every fault, whatever it was."""

import os
from hashlib import sha256

from imgsvc.application.storage_mark import MARK
from tests.real_servers.postgres import execute
from tests.system.faults.installation import Installation
from tests.system.faults.record import Somebody
from tests.waiting import wait_for

_TEMPORARY = {503, 504, 507}  # failures that pass
_TOLD_WHEN_TO_COME_BACK = {503, 507}


def assert_nothing_is_lost(installation: Installation) -> None:
    """Every promise that was given is kept by the processes that live, or by one that is started for this."""
    assert_jobs_go_on(installation)
    assert_accepted_is_there(installation)
    assert_rows_have_their_bytes(installation)
    assert_jobs_were_made_once(installation)
    assert_jobs_were_told_once(installation)
    assert_refusals_were_temporary(installation)


def assert_nothing_is_left_behind(installation: Installation) -> None:
    """Nobody who was told to stop fails to; no child, temporary file, transaction or connection outlives them."""
    running = [one for one in installation.processes if one.is_running]
    for one in running:
        one.tell_to_stop()
    ends = [(one.process.wait(30), one.log()[-2000:]) for one in running]
    assert [end for end in ends if end[0] != 0] == [], [end[0] for end in ends]
    children = {child for one in installation.processes for child in one.seen_children}
    wait_for(lambda: not any(map(is_alive, children)))
    assert list((installation.folder / "tmp").iterdir()) == []
    wait_for(lambda: not _connections(installation))


def assert_jobs_go_on(installation: Installation) -> None:
    """None waits for a worker that is dead; where there is one that lives, each comes to its end."""
    if _makes_jobs(installation):
        wait_for(lambda: not _unfinished(installation))


def assert_accepted_is_there(installation: Installation) -> None:
    """What was answered with 201 or 202 can be had, with the bytes that were recorded then or that its row tells."""
    accepted = installation.record
    if not (accepted.images or accepted.jobs):
        return
    api = next((one for one in installation.processes if one.address and one.is_running), None) or installation.api()
    for image, kept in list(accepted.images.items()):
        content = installation.at(api, kept.token).original(image)
        assert sha256(content).hexdigest() == kept.sha256, f"the image {image} has other bytes"
    for job, ordered in list(accepted.jobs.items()):
        if ordered.image_id in accepted.images:  # and not deleted since
            assert_job_is_there(installation, installation.at(api, ordered.token), job)


def assert_job_is_there(installation: Installation, owner: Somebody, job_id: str) -> None:
    """Ready, with the bytes that were made; failed only as the test says; waiting only where nobody makes jobs."""
    ((failure, digest),) = _rows(installation, f"SELECT failure_code, sha256 FROM variants WHERE id = '{job_id}'")
    match owner.job(job_id):
        case {"status": "ready", "result_url": address}:
            content = owner.client.get(str(address)).raise_for_status().content
            assert sha256(content).hexdigest() == digest, f"the result of job {job_id} has other bytes"
        case {"status": "failed"}:
            assert failure in installation.failures, f"the job {job_id} failed: {failure}"
        case waiting:
            assert not _makes_jobs(installation), waiting


def assert_rows_have_their_bytes(installation: Installation) -> None:
    """No row points at bytes that are not there, and few bytes have no row."""
    images = _rows(installation, "SELECT 'originals/' || coalesce(bytes_of, id), byte_count FROM images")
    ready = "SELECT 'variants/' || image_id || '/' || spec_id || '-' || fingerprint, byte_count FROM variants"
    variants = _rows(installation, f"{ready} WHERE status = 'ready'")
    expected = {str(key): size for key, size in images + variants}
    found = {
        path.relative_to(installation.blobs).as_posix().removesuffix("+"): path.stat().st_size
        for path in installation.blobs.rglob("*+")
    }
    assert {key: found.get(key) for key in expected} == expected, "rows without their bytes"
    assert installation.may_leave_orphans or found.keys() - {MARK} <= expected.keys(), "bytes without a row"


def assert_jobs_were_made_once(installation: Installation) -> None:
    """No variant took more attempts than the fault explains."""
    attempts = _rows(installation, "SELECT id, status, attempts, failure_code FROM variants")
    assert [one for one in attempts if int(str(one[2])) > installation.most_attempts] == []


def assert_jobs_were_told_once(installation: Installation) -> None:
    """No webhook has two messages that a job is ready, and none of one that is not, however often they were sent."""
    told = "SELECT webhook_id, variant_id FROM webhook_deliveries WHERE event = 'variant.ready'"
    assert _rows(installation, f"{told} GROUP BY webhook_id, variant_id HAVING count(*) > 1") == []
    is_ready = "SELECT 1 FROM variants WHERE id = variant_id AND status <> 'ready'"
    assert _rows(installation, f"{told} AND EXISTS ({is_ready})") == []


def assert_refusals_were_temporary(installation: Installation) -> None:
    """A client was told nothing of 500 or more that does not say when to come back."""
    refusals = installation.record.refusals
    assert [one for one in refusals if one.status not in _TEMPORARY] == []
    assert [one for one in refusals if one.status in _TOLD_WHEN_TO_COME_BACK and not one.retry_after] == []


def _makes_jobs(installation: Installation) -> bool:
    return any(one.makes_jobs and one.is_running for one in installation.processes)


def _unfinished(installation: Installation) -> list[tuple[object, ...]]:
    return _rows(installation, "SELECT id FROM variants WHERE queued_at IS NOT NULL AND finished_at IS NULL")


def _rows(installation: Installation, query: str) -> list[tuple[object, ...]]:
    return execute(installation.database_url, query)


def _connections(installation: Installation) -> list[tuple[object, ...]]:
    ours = "datname = current_database() AND application_name = 'imgsvc'"
    return _rows(installation, f"SELECT pid FROM pg_stat_activity WHERE {ours}")


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
