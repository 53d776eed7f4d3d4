"""docs/api.md does what it says, and speaks of every endpoint."""

import re
import subprocess
from pathlib import Path

import pytest

from imgsvc.entrypoints.http.app import ENDPOINTS
from tests.pictures import decoded, encoded, textured
from tests.servers import running_server
from tests.websites import answer_of, answering, website

PAGE = (Path(__file__).parents[2] / "docs" / "api.md").read_text("utf-8")


@pytest.fixture(scope="module")
def embedded_server(tmp_path_factory):
    """One whose webhooks may lead to loopback."""
    with running_server(tmp_path_factory.mktemp("walk") / "data", OUTBOUND_NETWORKS="127.0.0.1/32") as server:
        yield server


@pytest.mark.on_every_deployment
def test_the_walk_works_as_pasted(server, tmp_path):
    (tmp_path / "photo.jpg").write_bytes(encoded(textured(1200, 900), "jpeg"))
    walk = "\n".join(re.findall(r"```bash\n(.*?)```", PAGE, re.DOTALL))

    with website(answering(answer_of(b""))) as receiver:
        walk = walk.replace("https://example.org/imgsvc", receiver.address)
        result = subprocess.run(
            ["bash", "-e", "-o", "pipefail"],
            input=walk.replace("http://127.0.0.1:8000", server.address),
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
        )

    assert result.returncode == 0, result.stdout + result.stderr
    assert decoded((tmp_path / "small.webp").read_bytes()).size == (300, 200)
    assert decoded((tmp_path / "public.jpg").read_bytes()).size == (800, 450)
    assert (tmp_path / "first-bytes").stat().st_size == 100


@pytest.mark.parametrize("path", sorted({one.path for one in ENDPOINTS if one.tag != "health"}))
def test_every_endpoint_is_told_of(path):
    """By its address, with a variable or a name where the document has a parameter."""
    pattern = re.sub(r"\\\{\w+\\\}", r"(\\$\\w+|\\{\\w+\\})", re.escape(path))

    assert re.search(pattern + r"(?![\w/])", PAGE) or path.startswith("/i/")
