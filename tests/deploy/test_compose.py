"""docker-compose.yml: that it is one, and that what it says of us is so."""

import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from imgsvc import Settings
from imgsvc.adapters.blobs import open_blob_store
from imgsvc.entrypoints.cli import main
from imgsvc.entrypoints.settings_sources import load_settings
from tests.deploy.files import COMPOSE_FILE, EXAMPLE, ROOT, VARIABLES, bytes_of, compose, ours, seconds, services
from tests.real_servers.s3 import client_of, new_bucket, rclone_program

TEXT = COMPOSE_FILE.read_text()
REQUIRED = set(re.findall(r"\$\{(\w+):\?", TEXT))
OPTIONAL = dict(re.findall(r"\$\{(\w+):-([^}]*)\}", TEXT))
SERVERS = {name for name in services() if name not in ours()}
VALUE = "0123456789abcdef" * 4


def test_it_is_what_the_specification_of_compose_allows():
    command = [str(Path(sys.executable).with_name("check-jsonschema")), "--builtin-schema", "vendor.compose-spec"]

    checked = subprocess.run([*command, str(COMPOSE_FILE)], capture_output=True, text=True)

    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_it_has_all_that_an_installation_needs():
    assert set(services()) == {"api", "worker", "migrate", "postgres", "minio", "rabbitmq", "redis"}


# Images


@pytest.mark.parametrize("name", sorted(SERVERS))
def test_a_servers_image_is_pinned_to_one_release(name):
    image, _, tag = services()[name]["image"].partition(":")

    assert re.search(r"\d+\.\d+|\d{4}-\d\d-\d\d", tag), image


def test_our_image_is_of_this_version():
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]

    assert {one["image"] for one in ours().values()} == {f"imgsvc:{version}"}


# What is to be set


def test_what_has_to_be_set_is_in_the_example_without_a_value():
    assert set(re.findall(r"^(\w+)=$", EXAMPLE.read_text(), re.MULTILINE)) == REQUIRED


def test_what_may_be_set_is_in_the_example_with_its_default():
    assert dict(re.findall(r"^#(\w+)=(.*)$", EXAMPLE.read_text(), re.MULTILINE)) == OPTIONAL


def test_no_password_and_no_secret_has_a_default():
    secrets = {name for name in REQUIRED | set(OPTIONAL) if re.search("SECRET|PASSWORD|LINK_KEYS", name)}

    assert secrets == REQUIRED


def test_the_example_tells_how_to_make_a_file_of_it_that_works(tmp_path):
    script = re.search(r"(?ms)^#   (\(umask.*?\.env\))$", EXAMPLE.read_text())
    command = script[1].replace("\n#   ", "\n").replace("> .env", f"> {tmp_path}/.env")

    subprocess.run(["bash", "-euc", command], cwd=ROOT, check=True)

    lines = re.findall(r"^(\w+)=(\w*)$", (tmp_path / ".env").read_text(), re.MULTILINE)
    values = [value for _, value in lines]
    assert {name for name, _ in lines} == REQUIRED
    assert all(len(value) == 64 for value in values)
    assert len(set(values)) == len(values)
    assert (tmp_path / ".env").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("name", ours())
def test_its_settings_are_ours_and_are_understood(name):
    given = {key: _filled(value) for key, value in ours()[name]["environment"].items()}

    settings = load_settings(given)

    assert given.keys() <= VARIABLES | {"PYTHON_CPU_COUNT"}
    assert settings.token_secret
    assert settings.password_secret
    assert settings.link_keys


def test_all_of_ours_share_what_makes_them_one_installation():
    shared = ("DATABASE_URL", "BLOBS_URL", "JOBS_URL", "CACHE_URL", "TOKEN_SECRET", "PASSWORD_SECRET", "LINK_KEYS")

    for name in shared:
        assert len({one["environment"][f"IMGSVC_{name}"] for one in ours().values()}) == 1, name


# Processes


@pytest.mark.parametrize("name", ours())
def test_its_command_is_one_of_ours(name):
    assert ours()[name].get("command", ["serve"])[0] in main.commands


@pytest.mark.parametrize("name", ours())
def test_it_may_do_nothing_that_it_need_not(name):
    service = ours()[name]

    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert [one.partition(":")[0] for one in service["tmpfs"]] == ["/tmp"]
    assert "volumes" not in service


def test_jobs_are_made_by_the_workers_alone():
    assert ours()["api"]["environment"]["IMGSVC_WORKER_SLOTS"] == "0"
    assert ours()["worker"]["command"] == ["worker"]


def test_there_may_be_any_number_of_workers():
    worker = ours()["worker"]

    assert not worker.keys() & {"container_name", "ports", "hostname"}


@pytest.mark.parametrize("name", ["api", "worker"])
def test_it_begins_after_the_migration_and_the_servers(name):
    conditions = {other: one["condition"] for other, one in ours()[name]["depends_on"].items()}

    assert conditions.pop("migrate") == "service_completed_successfully"
    assert conditions == dict.fromkeys(SERVERS - {"postgres"}, "service_healthy")  # which migrate waits for


def test_the_migration_is_done_once_and_needs_the_database_alone():
    migrate = ours()["migrate"]

    assert migrate["restart"] == "no"
    assert migrate["healthcheck"] == {"disable": True}
    assert set(migrate["depends_on"]) == {"postgres"}


def test_they_have_longer_to_stop_than_they_take():
    worker = ours()["worker"]

    assert seconds(worker["stop_grace_period"]) > float(worker["environment"]["IMGSVC_WORKER_GRACE_SECONDS"]) + 10
    assert seconds(ours()["api"]["stop_grace_period"]) > 20


@pytest.mark.parametrize(("name", "slots"), [("api", "IMGSVC_RENDER_SLOTS"), ("worker", "IMGSVC_WORKER_SLOTS")])
def test_its_memory_is_enough_for_what_its_slots_may_take(name, slots):
    service = ours()[name]
    in_files = bytes_of(re.search(r"size=(\w+)", service["tmpfs"][0])[1])

    needed = int(OPTIONAL[slots]) * Settings().render_memory + in_files + 2**28

    assert bytes_of(service["mem_limit"]) >= needed


# Servers


@pytest.mark.parametrize("name", sorted(SERVERS))
def test_a_server_is_watched_limited_and_reached_by_nobody_else(name):
    server = services()[name]

    assert server["healthcheck"]["test"]
    assert server["mem_limit"]
    assert server["restart"] == "unless-stopped"
    assert server["networks"] == ["back"]
    assert "ports" not in server


def test_what_must_not_be_lost_is_in_volumes_and_the_cache_is_not():
    kept = {name for name, server in services().items() if server.get("volumes")}

    assert kept == {"postgres", "minio", "rabbitmq"}


def test_only_the_api_is_reached_and_only_from_this_machine():
    assert [name for name, one in services().items() if "ports" in one] == ["api"]
    assert services()["api"]["ports"] == ["${PUBLISH_ADDRESS:-127.0.0.1}:${PUBLISH_PORT:-8000}:8000"]
    assert compose()["networks"]["back"] == {"internal": True}


# The way to the objects


def test_what_backs_up_the_bucket_reaches_it_and_is_started_by_hand_alone():
    rclone, minio = compose()["services"]["rclone"], services()["minio"]

    assert rclone["profiles"] == ["tools"]
    assert rclone["networks"] == minio["networks"]
    assert set(rclone["depends_on"]) == {"minio"}
    assert "ports" not in rclone
    assert rclone["cap_drop"] == ["ALL"]
    assert re.fullmatch(r"rclone/rclone:\d+\.\d+\.\d+", rclone["image"])
    login = [rclone["environment"][f"RCLONE_CONFIG_STORAGE_{name}"] for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY")]
    assert login == [minio["environment"][name] for name in ("MINIO_ROOT_USER", "MINIO_ROOT_PASSWORD")]


@pytest.fixture
def own_bucket(s3_url):
    with new_bucket(s3_url) as url:
        yield url


@pytest.mark.servers
def test_the_documented_commands_bring_originals_out_of_the_bucket_and_back(own_bucket, tmp_path):
    client, there = client_of(own_bucket), urlsplit(own_bucket)
    back_up, restore = documented_commands("rclone")
    bucket = there.path.strip("/")
    with open_blob_store(own_bucket) as blobs:
        blobs.put("originals/a", b"original", "image/png")

        _run_rclone(back_up, bucket, there, tmp_path)
        blobs.delete("originals/a")
        _run_rclone(restore, bucket, there, tmp_path)

        assert blobs.get("originals/a") == b"original"
    assert [path.read_bytes() for path in (tmp_path / "originals").iterdir()] == [b"original"]
    assert [one.object_name for one in client.list_objects(bucket, recursive=True)] == ["originals/a+"]


def documented_commands(service):
    """What is given to a service that is run by hand, as words of the shell, in the order of docs/deployment.md."""
    text = (ROOT / "docs" / "deployment.md").read_text().replace("\\\n", " ")
    runs = re.findall(rf"docker compose run [^\n]* {service} +([^\n]*)", text)
    return [shlex.split(run, comments=True) for run in runs]


def _run_rclone(arguments, bucket, there, folder):
    """With the service's own environment, on another server, bucket and folder than in Docker."""
    given = {name: _filled(value) for name, value in compose()["services"]["rclone"]["environment"].items()}
    given |= {
        "RCLONE_CONFIG_STORAGE_ENDPOINT": f"http://{there.hostname}:{there.port}",
        "RCLONE_CONFIG_STORAGE_ACCESS_KEY_ID": unquote(there.username),
        "RCLONE_CONFIG_STORAGE_SECRET_ACCESS_KEY": unquote(there.password),
        "RCLONE_CONFIG": str(folder / "none.conf"),
    }
    words = [re.sub("^/backup", str(folder), one.replace("storage:imgsvc", f"storage:{bucket}")) for one in arguments]
    done = subprocess.run([rclone_program(), *words], env=given, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def _filled(text: str) -> str:
    """With every variable set as the example tells, or left alone."""
    return re.sub(r"\$\{(\w+):([-?])([^}]*)\}", lambda found: VALUE if found[2] == "?" else found[3], text)
