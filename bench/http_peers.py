"""Other people's image servers, that render the same picture at every request."""

import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from attrs import frozen

_START_SECONDS = 60
_INSTALL_SECONDS = 300
_SCRIPT = Path(__file__).with_name("ipx.mjs")
_THUMBOR_SETTINGS = """
LOADER = "thumbor.loaders.file_loader"
FILE_LOADER_ROOT_PATH = {folder!r}
STORAGE = "thumbor.storages.no_storage"
ALLOW_UNSAFE_URL = True
QUALITY = 80
"""


@frozen
class ImageServer:
    """A running one: its process, its address, and the path of a picture of a size there."""

    name: str
    process_id: int
    address: str
    path: Callable[[str, int, int], str]  # of a file's name, width and height


@contextmanager
def ipx(peers: Path, pictures: Path) -> Iterator[ImageServer | None]:
    """ipx, which renders with sharp; None where there is no node, or npm cannot fetch it."""
    if not (shutil.which("node") and shutil.which("npm")):
        print("ipx is left out: it needs node and npm")
        yield None
        return
    if not (peers / "node_modules" / "ipx").is_dir() and not _install(
        "npm", "install", "--no-save", "--no-audit", "--no-fund", "--prefix", str(peers), "ipx@3"
    ):
        yield None
        return
    command = ["node", str(_SCRIPT), str(peers.absolute()), str(pictures)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            address = process.stdout.readline().strip()
            yield ImageServer("ipx", process.pid, address, lambda name, w, h: f"/s_{w}x{h},q_80/{name}")
        finally:
            process.terminate()


@contextmanager
def thumbor(peers: Path, pictures: Path) -> Iterator[ImageServer | None]:
    """thumbor, in an environment of its own; None where pip cannot fetch it."""
    program = peers / "thumbor" / "bin" / "thumbor"
    if not program.is_file() and not (
        _install(sys.executable, "-m", "venv", str(peers / "thumbor"))
        and _install(str(program.with_name("pip")), "install", "--quiet", "thumbor")
    ):
        yield None
        return
    settings = pictures / "thumbor.conf"
    settings.write_text(_THUMBOR_SETTINGS.format(folder=str(pictures)))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [str(program), "--ip", "127.0.0.1", "--port", str(port), "--conf", str(settings), "--log-level", "error"]
    with subprocess.Popen(command) as process:
        try:
            _await_port(port)
            address = f"http://127.0.0.1:{port}"
            yield ImageServer("thumbor", process.pid, address, lambda name, w, h: f"/unsafe/{w}x{h}/{name}")
        finally:
            process.terminate()


def _install(*command: str) -> bool:
    print(f"running {' '.join(command)}, this once", flush=True)
    try:
        subprocess.run(command, check=True, timeout=_INSTALL_SECONDS, stdout=subprocess.DEVNULL)
    except (OSError, subprocess.SubprocessError) as error:
        print(f"left out: {error}")
        return False
    return True


def _await_port(port: int) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
