"""The README's session does what the README says."""

import re
import subprocess
import sys
from pathlib import Path

from PIL import Image, ImageChops

README = Path(__file__).parents[2] / "README.md"


def first_session():
    return re.search(r"## A first session.*?```bash\n(.*?)```", README.read_text(), re.DOTALL)[1]


def test_the_first_session_works_as_pasted(server, tmp_path):
    assert_the_first_session_works(server.address, tmp_path)


def assert_the_first_session_works(address, tmp_path):
    session = first_session().replace("http://127.0.0.1:8000", address)
    session = session.replace(".venv/bin/python", sys.executable)

    result = subprocess.run(["bash", "-e"], input=session, cwd=tmp_path, capture_output=True, text=True, timeout=60)

    assert result.returncode == 0, result.stderr
    assert '"total": 1' in result.stdout
    with Image.open(tmp_path / "now.webp") as now, Image.open(tmp_path / "later.png") as later:
        red, green, blue = now.convert("RGB").split()
        assert (now.format, now.size) == ("WEBP", (300, 200))
        assert (
            max(ImageChops.difference(red, green).getextrema()[1], ImageChops.difference(red, blue).getextrema()[1])
            <= 4
        )
        assert (later.format, later.size) == ("PNG", (600, 800))
