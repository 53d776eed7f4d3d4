"""What keeps a command from starting is told in one sentence, which names the setting and never its value."""

from urllib.parse import urlsplit

import pytest

from tests.entrypoints.commands import run

NOTHING_LISTENS = "127.0.0.1:1"


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("DATABASE_URL", "mysql://ada:hush@127.0.0.1/imgsvc"),
        ("DATABASE_URL", f"postgresql+psycopg://ada:hush@{NOTHING_LISTENS}/imgsvc"),
        ("DATABASE_URL", f"postgresql+psycopg://ada:hush@{NOTHING_LISTENS}/imgsvc?mood=1"),
        ("BLOBS_URL", "ftp://ada:hush@127.0.0.1/bucket"),
        ("BLOBS_URL", "s3://ada:hush@127.0.0.1:1/Bucket_Of_Ours"),
        ("BLOBS_URL", f"s3://ada:hush@{NOTHING_LISTENS}/bucket?secure=0"),
    ],
    ids=str,
)
def test_a_place_that_cannot_be_used_is_told_by_its_variable(tmp_path, variable, value):
    result = run("sweep", DATA_DIR=str(tmp_path / "data"), **{variable: value})

    assert result.exit_code in (1, 2)
    assert f"IMGSVC_{variable}" in result.output
    assert "ada" not in result.output
    assert "hush" not in result.output
    assert "is in trouble" not in result.output.partition("Error: ")[0]


@pytest.mark.parametrize("command", ["sweep", "migrate"])
def test_a_database_that_is_not_there_is_told_as_such(tmp_path, postgres_url, command):
    url = urlsplit(postgres_url)._replace(path="/nowhere").geturl()

    result = run(command, DATA_DIR=str(tmp_path / "data"), DATABASE_URL=url)

    assert result.exit_code == 1
    assert "it has no such database" in result.output
    assert "IMGSVC_DATABASE_URL" in result.output
    assert "does not answer" not in result.output


def test_https_to_a_server_that_speaks_http_is_told_with_the_option_to_change(tmp_path, s3_url):
    url = s3_url.replace("secure=0", "secure=1")

    result = run("sweep", DATA_DIR=str(tmp_path / "data"), BLOBS_URL=url)

    assert result.exit_code == 1
    assert "?secure= in IMGSVC_BLOBS_URL" in result.output


def test_a_wrong_secret_of_the_storage_is_told_without_what_the_library_does_not_know(tmp_path, s3_url):
    parts = urlsplit(s3_url)
    url = parts._replace(netloc=f"{parts.username}:hush@{parts.netloc.rpartition('@')[2]}").geturl()

    result = run("sweep", DATA_DIR=str(tmp_path / "data"), BLOBS_URL=url)

    assert result.exit_code == 1
    assert "IMGSVC_BLOBS_URL" in result.output
    assert "None" not in result.output
    assert "hush" not in result.output
