"""``imgsvc adopt``: a storage that another installation has marked, taken over."""

import pytest

from imgsvc import Settings, compose
from tests.entrypoints.commands import run, run_script


@pytest.fixture
def foreign(settings, tmp_path):
    """Variables of an installation whose storage was another's."""
    with compose(settings):
        pass
    return {"DATA_DIR": str(tmp_path / "own"), "BLOBS_URL": settings.data_dir.as_uri()}


def starts(variables):
    with compose(Settings(data_dir=variables["DATA_DIR"], blobs_url=variables["BLOBS_URL"], password_cost=4)):
        return True


def test_a_sweep_of_a_foreign_storage_ends_with_the_remedy(foreign):
    result = run("sweep", **foreign)

    assert (result.exit_code, result.stdout) == (1, "")
    assert len(result.stderr.splitlines()) == 1
    assert "run imgsvc adopt if nobody else works on this storage" in result.stderr


def test_a_storage_that_was_adopted_is_used_and_swept(foreign):
    result = run_script("adopt", "--yes", **foreign)

    assert (result.returncode, result.stdout, result.stderr) == (0, "The storage belongs to this database now.\n", "")
    assert starts(foreign)
    assert run("sweep", **foreign).exit_code == 0


def test_without_a_yes_nothing_changes(foreign):
    refused = run_script("adopt", **foreign)

    assert refused.returncode == 1
    assert "no other installation" in refused.stdout
    with pytest.raises(RuntimeError, match="another installation"):
        starts(foreign)
