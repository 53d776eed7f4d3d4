"""Redis: a server of ours, and what tests do to any."""

import warnings
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager

import redis

from tests.real_servers.finding import RealServer
from tests.real_servers.local import LocalServer, data_folder, free_port, program, unprivileged_user


@contextmanager
def redis_server(*options: str) -> Iterator[LocalServer]:
    """A running Redis that belongs to the caller alone, and forgets all when it stops. Raises NotInstalled."""
    server = program("redis-server")
    user, port = unprivileged_user(), free_port()
    with data_folder("redis", user) as folder:
        command = [server, "--port", str(port), "--bind", "127.0.0.1", "--save", "", *options]
        url = f"redis://127.0.0.1:{port}/0"
        with LocalServer(url, command, folder, lambda: _answers(url), user).running() as local:
            yield local


@contextmanager
def local_redis() -> Iterator[str]:
    with redis_server() as server:
        yield server.url


@contextmanager
def contained_redis() -> Iterator[str]:
    with ExitStack() as running:
        with warnings.catch_warnings(action="ignore"):  # the library's own
            from testcontainers.community.redis import RedisContainer

            container = running.enter_context(RedisContainer("redis:7-alpine"))
        yield f"redis://{container.get_container_host_ip()}:{container.get_exposed_port(6379)}/0"


REDIS = RealServer("redis", contained_redis, local_redis, "the package redis-server")


@contextmanager
def client_of(url: str) -> Iterator[redis.Redis]:
    """Another client, which knows nothing of ours."""
    with closing(redis.Redis.from_url(url, socket_timeout=5)) as client:
        yield client


def forget_ours(url: str) -> None:
    """Delete what this program has written, and nothing else."""
    with client_of(url) as client:
        keys = list(client.scan_iter("imgsvc:*", count=1000))
        if keys:
            client.delete(*keys)


@contextmanager
def full(url: str) -> Iterator[None]:
    """The server keeps nothing new, for want of memory."""
    with client_of(url) as client:
        client.config_set("maxmemory", "100kb")  # less than it takes for itself
        try:
            yield
        finally:
            client.config_set("maxmemory", "0")


def _answers(url: str) -> bool:
    try:
        with client_of(url) as client:
            return client.ping()
    except redis.AuthenticationError:
        return True  # in its own way
    except redis.RedisError:
        return False
