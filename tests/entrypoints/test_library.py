"""The README's snippet for those who import us does what the README says."""

import re
from pathlib import Path

import imgsvc
from tests.pictures import decoded, encoded, textured

README = Path(__file__).parents[2] / "README.md"


def snippet():
    section = README.read_text().partition("## As a library")[2].partition("\n## ")[0]
    return re.search(r"```python\n(.*?)```", section, re.DOTALL)[1]


def test_the_readmes_snippet_runs_as_it_is(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photo.jpg").write_bytes(encoded(textured(1600, 1200), "jpeg"))
    names = {}

    exec(compile(snippet(), "README.md", "exec"), names)

    assert capsys.readouterr().out.startswith(f"300 200 {len(names['now'].content)}\n")
    assert decoded(names["now"].content).size == (300, 200)
    assert decoded(names["now"].content).format == "WEBP"


def test_what_the_package_offers_is_there():
    assert [name for name in imgsvc.__all__ if not hasattr(imgsvc, name)] == []
    assert imgsvc.__all__ == sorted(imgsvc.__all__)
