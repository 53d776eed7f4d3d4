"""docs/deployment.md and the example of nginx: what they name is there."""

import re
import subprocess

import pytest

from imgsvc import Settings
from imgsvc.domain.image import Facts
from imgsvc.domain.limits import Limits
from imgsvc.domain.notation import parse
from imgsvc.domain.plan import outlook, plan
from imgsvc.entrypoints.http.multipart import _OVERHEAD
from tests.deploy.files import KUBERNETES, ROOT, VARIABLES
from tests.real_servers.nginx import installed

TEXT = (ROOT / "docs" / "deployment.md").read_text()
SOURCE = "\n".join(path.read_text() for path in (ROOT / "src").rglob("*.py"))
NGINX = ROOT / "deploy" / "nginx.conf.example"


def messages():
    """The first cells of the table of log messages, each in the parts that stand between dots."""
    table = TEXT.partition("| `message` |")[2].partition("\n\n")[0]
    cells = [line.split("|")[1] for line in table.splitlines()[2:]]
    return [message for cell in cells for message in re.findall(r"`([^`]+)`", cell)]


def test_its_variables_are_settings():
    assert set(re.findall(r"IMGSVC_[A-Z_]*[A-Z]", TEXT)) <= VARIABLES


@pytest.mark.parametrize("message", messages())
def test_what_the_log_is_to_be_watched_for_is_what_we_write(message):
    for part in filter(None, (part.strip(" :") for part in message.split("..."))):
        assert part in SOURCE, part


SOURCES = {
    "JPEG": Facts(media_type="image/jpeg", stored_width=6000, stored_height=4000),
    "PNG with alpha": Facts(media_type="image/png", stored_width=6000, stored_height=4000, has_alpha=True),
}


def memory_told():
    """Each cell of the table of memory: from what, to what, and bytes a pixel."""
    table = TEXT.partition("| From |")[2].partition("\n\n")[0]
    names, _, *rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()]
    return [(row[0], name, int(cell)) for row in rows for name, cell in zip(names, row[1:], strict=True)]


@pytest.mark.parametrize(("source", "result", "told"), memory_told())
def test_the_memory_that_it_tells_of_a_pixel_is_what_plans_tell(source, result, told):
    format, _, lossless = result.lower().partition(" without ")
    spec = parse(f"f:{format}{',ll:1' if lossless else ''}")

    planned = plan(spec, SOURCES[source], Limits())

    assert planned.memory_bytes == 2**27 + told * planned.size.pixels


def test_the_memory_that_it_calls_enough_for_avif_is():
    told = re.findall(r"(\d) GiB (?:is enough to make AVIF of a JPEG of|of one of) (\d+)", " ".join(TEXT.split()))

    assert len(told) == 2
    for gibibytes, megapixels in told:
        facts = Facts(media_type="image/jpeg", stored_width=1000 * int(megapixels), stored_height=1000)
        planned = outlook(parse("f:avif"), facts, Limits())
        assert planned.memory_bytes + Limits().max_bytes <= int(gibibytes) * 2**30


def test_its_files_are_there():
    names = re.findall(r"(?<![\w-])(deploy/[\w./-]*\w)", TEXT)

    assert names
    assert [name for name in names if not (ROOT / name).exists()] == []


def test_the_command_that_makes_the_passwords_is_the_one_of_the_example():
    (command,) = re.findall(r"(?ms)^(\(umask.*?\.env\))$", TEXT)
    example = (ROOT / "deploy" / "compose.env.example").read_text().replace("\n#   ", "\n")

    assert " ".join(command.split()) in " ".join(example.split())


def test_proxies_let_through_just_what_an_upload_may_have():
    (size,) = re.findall(r"client_max_body_size (\d+);", NGINX.read_text())
    (of_ingress,) = re.findall(r'proxy-body-size: "(\d+)"', (KUBERNETES / "example" / "ingress.yaml").read_text())

    assert int(size) == int(of_ingress) == Settings().max_bytes + _OVERHEAD


def test_nginx_takes_its_example(tmp_path):
    nginx = installed()
    make = "openssl req -x509 -newkey rsa:2048 -nodes -keyout privkey.pem -out fullchain.pem -days 1 -subj /CN=a"
    subprocess.run(make.split(), cwd=tmp_path, check=True, capture_output=True)
    site = NGINX.read_text().replace("/etc/ssl/imgsvc", str(tmp_path))
    (tmp_path / "site.conf").write_text(site)
    (tmp_path / "nginx.conf").write_text(
        f"pid {tmp_path}/pid; error_log {tmp_path}/log; events {{}} http {{ access_log off; include site.conf; }}"
    )

    checked = subprocess.run([nginx, "-t", "-q", "-c", f"{tmp_path}/nginx.conf"], capture_output=True, text=True)

    assert checked.returncode == 0, checked.stderr
