"""The README's snippet for those who import us does what the README says."""

import re
from pathlib import Path

import pytest

import imgsvc
from imgsvc.domain import errors
from tests.pictures import decoded, encoded, textured

README = Path(__file__).parents[2] / "README.md"


def snippets():
    section = README.read_text().partition("## As a library")[2].partition("\n## ")[0]
    return re.findall(r"```python\n(.*?)```", section, re.DOTALL)


@pytest.fixture
def ran(tmp_path, monkeypatch):
    """Runs a snippet in a folder with a picture, and tells the names that it has made."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photo.jpg").write_bytes(encoded(textured(1600, 1200), "jpeg"))

    def run(snippet):
        names = {"__name__": "snippet"}
        exec(compile(snippet, "README.md", "exec"), names)
        return names

    return run


def test_the_readmes_first_snippet_runs_as_it_is(ran, capsys):
    names = ran(snippets()[0])

    assert capsys.readouterr().out.startswith(f"300 200 {len(names['now'].content)}\n")
    assert decoded(names["now"].content).size == (300, 200)
    assert decoded(names["now"].content).format == "WEBP"


def test_the_readmes_second_snippet_reads_the_environment_as_the_server_does(ran, tmp_path, monkeypatch, capsys):
    (tmp_path / "imgsvc.toml").write_text("[imgsvc]\npassword_cost = 4\n")
    monkeypatch.setenv("IMGSVC_DATA_DIR", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("IMGSVC_CONFIG_FILE", str(tmp_path / "imgsvc.toml"))

    names = ran(snippets()[1])

    assert int(capsys.readouterr().out) > 100
    assert (tmp_path / "elsewhere" / "imgsvc.sqlite3").exists()
    assert names["service"].settings.password_cost == 4


def test_settings_that_are_wrong_are_told_by_an_error_that_can_be_caught(monkeypatch):
    monkeypatch.setenv("IMGSVC_PROT", "1")

    with pytest.raises(imgsvc.SettingsError, match="did you mean IMGSVC_PORT"):
        imgsvc.load_settings()


def test_every_family_of_errors_is_offered():
    families = {kind for name, kind in vars(errors).items() if getattr(kind, "__base__", None) is errors.ImgsvcError}

    assert {kind.__name__ for kind in families} - set(imgsvc.__all__) == set()


def test_what_the_package_offers_is_there():
    assert [name for name in imgsvc.__all__ if not hasattr(imgsvc, name)] == []
    assert imgsvc.__all__ == sorted(imgsvc.__all__)
