"""nginx as a cache in front of a service, with nothing set but where to keep what it is allowed to keep."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from tests.real_servers.finding import NotInstalled, skip_without
from tests.real_servers.local import LocalServer, data_folder, free_port, program, unprivileged_user

_CONFIG = """
daemon off; pid {folder}/pid; error_log {folder}/error.log; events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    proxy_cache_path {folder}/cache keys_zone=pictures:1m;
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass {upstream};
            proxy_cache pictures;
            proxy_cache_revalidate on;
            add_header X-Cache-Status $upstream_cache_status always;
        }}
    }}
}}
"""


def installed() -> str:
    """The program. Skips the test where there is none."""
    try:
        return program("nginx", "/usr/sbin", "/usr/local/sbin")
    except NotInstalled:
        skip_without("nginx", "install nginx")


@contextmanager
def caching_proxy(upstream: str) -> Iterator[LocalServer]:
    """Its answers tell in `X-Cache-Status` where they come from. Skips the test where there is no nginx."""
    nginx, user, port = installed(), unprivileged_user(), free_port()
    with data_folder("nginx", user) as folder:
        config = folder / "nginx.conf"
        config.write_text(_CONFIG.format(folder=folder, port=port, upstream=upstream))
        command = [nginx, "-e", folder / "error.log", "-c", config]
        url = f"http://127.0.0.1:{port}"
        with LocalServer(url, command, folder, lambda: _listens(url), user).running() as local:
            yield local


def _listens(url: str) -> bool:
    address = urlsplit(url)
    with socket.create_connection((address.hostname, address.port), timeout=1):
        return True
