"""``imgsvc sweep``: what nobody needs any more, removed and told."""

import json
import os
from datetime import UTC, datetime, timedelta
from io import BytesIO
from uuid import uuid4

import pytest

from imgsvc import compose
from imgsvc.application.variants import Mode
from imgsvc.domain.notation import parse
from tests.ages import ago, finished_at, unused_since
from tests.entities import a_user
from tests.entrypoints.commands import run, run_script
from tests.pictures import encoded, quadrants


@pytest.fixture
def installation(settings):
    """With a variant that nobody wants, a job that ended long ago, bytes without a row, and one row without bytes."""
    with compose(settings) as service:
        of = service.use_cases
        of.sweep_orphans.users.add(a_user(created_at=datetime.now(UTC) - timedelta(days=9)))
        ada = of.register_user("ada", "correct horse").id
        image = of.upload_image(ada, BytesIO(encoded(quadrants())))
        lost, unwanted = (of.transform_image(ada, image.id, parse(f"w:{n}"), Mode.SYNC)[0] for n in (4, 5))
        job = of.request_variant(ada, image.id, parse("w:6"))
        of.make_variant(job.id)
        retention, blobs = of.sweep_orphans.retention, of.sweep_orphans.blobs
        unused_since(retention, ago(days=100), unwanted.id)
        unused_since(retention, ago(hours=2), lost.id)
        finished_at(retention, ago(days=100), job.id)
        blobs.delete(lost.blob_key)
        orphan = old_original(settings, blobs)
    return {"image": image, "variants": [unwanted.id], "jobs": [job.id], "blobs": [orphan], "lost": [lost.id]}


def old_original(settings, blobs):
    """The key of bytes without a row."""
    key = f"originals/{uuid4()}"
    blobs.put(key, b"content", "image/png")
    moment = (datetime.now(UTC) - timedelta(hours=2)).timestamp()
    os.utime(settings.data_dir / "blobs" / f"{key}+", (moment, moment))
    return key


@pytest.fixture
def data_dir(settings):
    return str(settings.data_dir)


def told(installation, remove, forget):
    return (
        f"{remove} 1 variant that nobody wanted for 90 days: {installation['variants'][0]}\n"
        f"{forget} 1 job that ended 30 days ago: {installation['jobs'][0]}\n"
        f"{remove} 1 blob without a row: {installation['blobs'][0]}\n"
        f"{remove} 1 variant without bytes: {installation['lost'][0]}\n"
    )


def test_a_dry_run_tells_what_would_go_and_the_next_run_removes_just_that(installation, data_dir):
    dry = run("sweep", "--dry-run", DATA_DIR=data_dir)
    wet = run("sweep", DATA_DIR=data_dir)
    again = run("sweep", DATA_DIR=data_dir)

    assert (dry.exit_code, dry.stdout) == (0, told(installation, "Would remove", "Would forget"))
    assert (wet.exit_code, wet.stdout) == (0, told(installation, "Removed", "Forgot"))
    assert again.stdout.splitlines() == [
        "Removed 0 variants that nobody wanted for 90 days.",
        "Forgot 0 jobs that ended 30 days ago.",
        "Removed 0 blobs without a row.",
        "Removed 0 variants without bytes.",
    ]


def test_machines_are_told_as_json(installation, data_dir):
    result = run_script("sweep", "--dry-run", "--json", DATA_DIR=data_dir)

    def tally(name):
        return {"count": 1, "first": [str(one) for one in installation[name]]}

    assert (result.returncode, result.stderr) == (0, "")
    assert json.loads(result.stdout) == {
        "dry_run": True,
        "variants": tally("variants"),
        "jobs": tally("jobs"),
        "orphans": {
            "blobs": tally("blobs"),
            "variants": tally("lost"),
            "originals": {"count": 0, "first": []},
            "refusal": "",
        },
    }


def test_of_many_the_first_five_are_named(settings, data_dir):
    with compose(settings) as service:
        of = service.use_cases
        ada = of.register_user("ada", "correct horse").id
        image = of.upload_image(ada, BytesIO(encoded(quadrants())))
        for width in range(1, 8):
            of.transform_image(ada, image.id, parse(f"w:{width}"), Mode.SYNC)
        unused_since(of.sweep_orphans.retention, ago(days=100))

    line = run("sweep", DATA_DIR=data_dir).stdout.splitlines()[0]

    assert line.startswith("Removed 7 variants that nobody wanted for 90 days: ")
    assert (line.count(", "), line.rpartition(", ")[2]) == (5, "and 2 more")


def test_what_is_kept_for_ever_is_said_so(installation, data_dir):
    result = run("sweep", DATA_DIR=data_dir, VARIANT_DAYS="0", JOB_DAYS="0")

    assert result.stdout.splitlines()[:2] == ["Variants are kept for ever.", "Jobs are kept for ever."]


def test_lost_originals_are_named_and_end_it_with_1(installation, settings, data_dir):
    (settings.data_dir / "blobs" / f"{installation['image'].blob_key}+").unlink()

    result = run("sweep", "--json", DATA_DIR=data_dir)

    assert result.exit_code == 1
    assert f"Error: 1 original without bytes: {installation['image'].id}" in result.stderr
    assert json.loads(result.stdout)["orphans"]["originals"]["count"] == 1


@pytest.mark.parametrize("options", [[], ["--dry-run"]])
def test_the_storage_of_another_installation_is_left_alone_and_ends_it_with_1(settings, data_dir, options):
    with compose(settings) as service:
        of = service.use_cases.sweep_orphans
        of.users.add(a_user(created_at=datetime.now(UTC) - timedelta(days=9)))
        others = [old_original(settings, of.blobs) for _ in range(3)]

    result = run("sweep", "--json", *options, DATA_DIR=data_dir)

    refusal = "none of 3 originals has a row, the storage seems to belong to another database: nothing is removed"
    assert result.exit_code == 1
    assert f"Error: {refusal}\n" in result.stderr
    assert json.loads(result.stdout)["orphans"]["refusal"] == refusal
    assert all((settings.data_dir / "blobs" / f"{other}+").exists() for other in others)


def test_a_place_that_cannot_be_used_is_told_in_one_line(tmp_path):
    (tmp_path / "file").write_text("")

    result = run("sweep", DATA_DIR=str(tmp_path / "file" / "data"))

    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == f"Error: cannot use {tmp_path}/file/data: Not a directory\n"


def test_it_needs_neither_broker_nor_cache(data_dir):
    nowhere = {"JOBS_URL": "amqp://guest:guest@127.0.0.1:1/", "CACHE_URL": "redis://127.0.0.1:1/0"}

    assert run("sweep", DATA_DIR=data_dir, **nowhere).exit_code == 0


def test_the_help_has_examples():
    assert "imgsvc sweep --dry-run" in run("sweep", "--help").stdout.partition("Examples:")[2]


def test_where_everything_is_elsewhere_no_folder_is_made(tmp_path):
    elsewhere = tmp_path / "elsewhere"
    run("migrate", DATA_DIR=str(elsewhere))

    result = run(
        "sweep",
        "--dry-run",
        DATA_DIR=str(tmp_path / "data"),
        DATABASE_URL=f"sqlite:///{elsewhere}/imgsvc.sqlite3",
        BLOBS_URL=elsewhere.as_uri(),
    )

    assert result.exit_code == 0, result.output
    assert not (tmp_path / "data").exists()
