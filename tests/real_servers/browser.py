"""A browser that nobody looks at: what a page becomes in it."""

import os
import shutil
import subprocess
from pathlib import Path

from tests.real_servers.finding import skip_without

_QUIET = (
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--disable-extensions",
    "--disable-background-networking",
    "--no-first-run",
    "--hide-scrollbars",
    # It reaches this machine and nothing else.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)


def shown(url: str, profile: Path, *, width: int = 800, density: float = 1) -> str:
    """The document that became of the page, as HTML, once all is loaded and its scripts have nothing more to do.

    ``width`` is the window's in CSS pixels, of which each is ``density`` pixels wide.
    Skips the test where there is no browser.
    """
    command = [
        chromium(),
        "--headless",
        *flags(),
        f"--user-data-dir={profile}",
        f"--window-size={width},600",
        f"--force-device-scale-factor={density}",
        "--virtual-time-budget=10000",  # milliseconds; this clock stands while anything is loaded
        "--dump-dom",
        url,
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def flags() -> list[str]:
    """For a browser that is left in peace, and leaves others so."""
    return [*_QUIET, *(["--no-sandbox"] if os.geteuid() == 0 else [])]  # as root it does not start otherwise


def chromium() -> str:
    """Where it is. Skips the test where there is none."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        skip_without("browser", "install chromium")
    return found
