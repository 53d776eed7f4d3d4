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
BLOCKS = re.findall(r"```bash\n(.*?)```", PAGE, re.DOTALL)
OFFLINE = [block for block in BLOCKS if not block.startswith("# Online")]
SERVICE = "http://127.0.0.1:8000"
ELSEWHERE = r"https?://[^\s\"']+"


@pytest.fixture(scope="module")
def embedded_server(tmp_path_factory):
    """One whose webhooks may lead to loopback."""
    with running_server(tmp_path_factory.mktemp("walk") / "data", OUTBOUND_NETWORKS="127.0.0.1/32") as server:
        yield server


@pytest.mark.on_every_deployment
@pytest.mark.parametrize(("blocks", "somebody"), [(BLOCKS, "mary"), (OFFLINE, "martha")], ids=["all", "offline"])
def test_the_walk_works_as_pasted(server, tmp_path, blocks, somebody):
    """With sites of this machine in place of those of the internet, and without what needs any."""
    (tmp_path / "photo.jpg").write_bytes(encoded(textured(1200, 900), "jpeg"))
    walk = "\n".join(blocks).replace('"mary"', f'"{somebody}"')

    with (
        website(answering(answer_of(b""))) as receiver,
        website(answering(answer_of(encoded(textured(290, 82)), "Content-Type: image/png"))) as pictures,
    ):
        walk = walk.replace("https://example.org/imgsvc", receiver.address)
        walk = walk.replace("https://www.python.org/", f"{pictures.address}/")
        result = subprocess.run(
            ["bash", "-e", "-o", "pipefail"],
            input=walk.replace(SERVICE, server.address),
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
        )

    assert result.returncode == 0, result.stdout + result.stderr
    assert decoded((tmp_path / "small.webp").read_bytes()).size == (300, 200)
    assert decoded((tmp_path / "public.jpg").read_bytes()).size == (800, 450)
    assert (tmp_path / "first-bytes").stat().st_size == 100
    assert re.search(r'"description": "The first day",\s+"width": 1200\s+}', result.stdout)  # by q and max_width
    assert re.search(r'"name": "At night",\s+"tags": \[\s+"sea",\s+"night"\s+\]', result.stdout)
    assert ('"A logo"' in result.stdout) == (blocks is BLOCKS)


def test_what_is_not_marked_needs_no_internet():
    assert {address for block in OFFLINE for address in re.findall(ELSEWHERE, block)} == {SERVICE}


@pytest.mark.parametrize("path", sorted({one.path for one in ENDPOINTS if one.tag != "health"}))
def test_every_endpoint_is_told_of(path):
    """By its address, with a variable or a name where the document has a parameter."""
    pattern = re.sub(r"\\\{\w+\\\}", r"(\\$\\w+|\\{\\w+\\})", re.escape(path))

    assert re.search(pattern + r"(?![\w/])", PAGE) or path.startswith("/i/")
