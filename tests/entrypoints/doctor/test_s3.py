"""What ``imgsvc doctor`` says of a bucket: each thing that can be wrong, with the words that tell how to mend it."""

from urllib.parse import quote, urlsplit

import pytest

from imgsvc.adapters.blobs import open_blob_store
from tests.entrypoints.doctor.conftest import SECRET, TwoMinutesAhead
from tests.real_servers.s3 import ACCESS_KEY, client_of, new_bucket


@pytest.fixture
def unmade(own_s3):
    """A bucket that nobody has made."""
    with new_bucket(own_s3.url) as url:
        yield url


@pytest.fixture
def bucket(unmade):
    with open_blob_store(unmade):
        pass
    return unmade


def objects_in(url):
    return list(client_of(url).list_objects(urlsplit(url).path.strip("/"), recursive=True))


def test_a_bucket_that_is_ours_is_well_and_nothing_stays_in_it(examine, bucket):
    examined = examine(BLOBS_URL=bucket)

    answers, clock, rights = examined.of("blobs", "ok")
    assert examined.exit_code == 0
    assert answers.startswith("S3 at 127.0.0.1:")
    assert "clock and ours agree" in clock
    assert "may write, read, list and delete" in rights
    assert objects_in(bucket) == []


def test_links_by_another_address_are_followed(examine, bucket, own_s3):
    port = urlsplit(bucket).port
    leads = examine(BLOBS_URL=f"{bucket}&public=http://localhost:{port}").of("blobs", "ok")
    leads_nowhere = examine(BLOBS_URL=f"{bucket}&public=http://localhost:1")

    assert any(f"links to localhost:{port}" in one and "lead to the bytes" in one for one in leads)
    assert "see that clients can" in leads_nowhere.told("blobs", "warning")
    assert objects_in(bucket) == []


def test_a_bucket_that_is_not_there_is_a_warning_and_stays_unmade(examine, unmade):
    examined = examine(BLOBS_URL=unmade)

    assert "make it; or let imgsvc make it" in examined.told("blobs", "warning")
    assert not client_of(unmade).bucket_exists(urlsplit(unmade).path.strip("/"))


def test_a_wrong_secret_is_told_and_not_shown(examine, bucket):
    host = urlsplit(bucket).netloc.rpartition("@")[2]
    wrong = urlsplit(bucket)._replace(netloc=f"{ACCESS_KEY}:{quote(SECRET)}@{host}").geturl()

    assert "correct " in examine(BLOBS_URL=wrong).told("blobs", "error")
    assert "percent-encoded" in examine(BLOBS_URL=wrong).told("blobs", "error")


def test_a_bucket_that_takes_nothing_is_told(examine, bucket, own_s3):
    folder = own_s3.folder / "files" / urlsplit(bucket).path.strip("/")
    folder.chmod(0o555)
    try:
        told = examine(BLOBS_URL=bucket).told("blobs", "error")
    finally:
        folder.chmod(0o755)

    assert told.startswith("we may not write: ")
    assert told.endswith("| see the server's own log")


@pytest.mark.parametrize(
    ("host", "words"),
    [("no.such.host.invalid", "or the DNS"), ("127.0.0.1:1", "start it, or correct host and port")],
)
def test_a_url_that_leads_nowhere_is_told(examine, host, words):
    assert words in examine(BLOBS_URL=f"s3://key:{SECRET}@{host}/bucket?secure=0").told("blobs", "error")


def test_a_server_that_speaks_no_tls_is_told(examine, bucket):
    told = examine(BLOBS_URL=bucket.replace("secure=0", "secure=1")).told("blobs", "error")

    assert "?secure=" in told


def test_a_server_that_hangs_is_waited_for_briefly(examine, bucket, own_s3):
    with own_s3.frozen():
        told = examine(BLOBS_URL=f"{bucket}&timeout=4").told("blobs", "error")

    assert "see whether it hangs" in told


def test_a_clock_that_is_wrong_is_a_warning(examine, bucket, monkeypatch):
    monkeypatch.setattr("imgsvc.adapters.blobs.s3_diagnosis.datetime", TwoMinutesAhead)

    told = examine(BLOBS_URL=bucket).told("blobs", "warning")
    assert ("120 s behind ours" in told or "119 s behind ours" in told, "NTP" in told) == (True, True)
