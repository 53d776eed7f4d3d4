"""Whether what runs in this container is well: ends with 0, or says why not and ends with 1.

A worker is well while it touches the file that IMGSVC_WORKER_HEALTH_FILE names; an API while it answers /healthz. Only
the standard library is used, so that asking costs little.
"""

import os
import sys
import time
from http.client import HTTPConnection, HTTPException
from pathlib import Path

_STALE_SECONDS = 20.0  # a worker touches its file every two
_PATIENCE = 3.0  # seconds for an answer


def main() -> None:
    file = os.environ.get("IMGSVC_WORKER_HEALTH_FILE")
    trouble = _trouble_of_worker(Path(file)) if file else _trouble_of_api()
    if trouble:
        sys.exit(trouble)


def _trouble_of_worker(file: Path) -> str:
    try:
        age = time.time() - file.stat().st_mtime
    except OSError as error:
        return f"{file}: {error.strerror}"
    return f"{file} was not touched for {age:.0f} seconds" if age > _STALE_SECONDS else ""


def _trouble_of_api() -> str:
    # What listens on all addresses listens here, too.
    host = "::1" if ":" in os.environ.get("IMGSVC_HOST", "") else "127.0.0.1"
    connection = HTTPConnection(host, int(os.environ.get("IMGSVC_PORT") or 8000), timeout=_PATIENCE)
    try:
        connection.request("GET", "/healthz")
        status = connection.getresponse().status
    except (OSError, HTTPException) as error:
        return f"/healthz: {error or type(error).__name__}"
    finally:
        connection.close()
    return "" if status == 200 else f"/healthz answers {status}"


if __name__ == "__main__":
    main()
