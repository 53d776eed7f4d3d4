"""RabbitMQ: a broker of ours, and queues on any."""

import os
import shutil
import subprocess
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from time import monotonic
from uuid import uuid4

import pika
from attrs import define, field
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import AMQPError

from tests.real_servers.finding import RealServer
from tests.real_servers.local import LocalServer, as_user, data_folder, free_port, program, unprivileged_user

_SETTLING_SECONDS = 1.5
_EMULATOR = "+S 2:2 +sbwt none"  # two threads for all its processes, which do not spin while they wait


@contextmanager
def rabbitmq_server() -> Iterator[LocalServer]:
    """A running RabbitMQ that belongs to the caller alone. Raises NotInstalled."""
    # Debian's own script on the PATH insists on a user of its own; the one below does not.
    folders = sorted(map(str, Path("/usr/lib/rabbitmq/lib").glob("*/sbin")))
    command = shutil.which("rabbitmq-server", path=os.pathsep.join(folders)) or program("rabbitmq-server")
    user, port, distribution_port = unprivileged_user(), free_port(), free_port()
    with data_folder("rabbitmq", user) as folder:
        plugins, configuration = folder / "enabled_plugins", folder / "rabbitmq.conf"
        plugins.write_text("[].")
        configuration.write_text("log.console.level = warning\n")
        environment = {
            "RABBITMQ_NODENAME": f"imgsvc-{os.getpid()}-{port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(port),
            "RABBITMQ_DIST_PORT": str(distribution_port),
            "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
            "RABBITMQ_LOG_BASE": str(folder / "log"),
            "RABBITMQ_LOGS": "-",
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(plugins),
            "RABBITMQ_CONFIG_FILE": str(configuration),
            "RABBITMQ_CONF_ENV_FILE": os.devnull,
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": _EMULATOR,
        }
        url = f"amqp://guest:guest@127.0.0.1:{port}/"
        local = LocalServer(url, [command], folder, _Settled(url), user, environment)
        with local.running():
            yield local


def control(server: LocalServer, *arguments: str) -> None:
    """What an operator says to a broker of ours by ``rabbitmqctl``."""
    program = Path(server.command[0]).with_name("rabbitmqctl")
    environment = {**os.environ, "HOME": str(server.folder), **server.environment}
    command = [program, "--quiet", *arguments]
    subprocess.run(command, check=True, capture_output=True, cwd=server.folder, env=environment, **as_user(server.user))


@contextmanager
def full(server: LocalServer) -> Iterator[None]:
    """The broker takes nothing, for want of memory."""
    control(server, "set_vm_memory_high_watermark", "0.00001")
    try:
        yield
    finally:
        control(server, "set_vm_memory_high_watermark", "0.4")


@contextmanager
def visitor(server: LocalServer, password: str, configure: str, write: str, read: str) -> Iterator[str]:
    """The URL of a user with these rights, which are patterns of names, for as long as the context lasts."""
    control(server, "add_user", "visitor", password)
    try:
        control(server, "set_permissions", "visitor", configure, write, read)
        yield server.url.replace("guest:guest@", f"visitor:{password}@")
    finally:
        control(server, "delete_user", "visitor")


@contextmanager
def local_rabbitmq() -> Iterator[str]:
    with rabbitmq_server() as server:
        yield server.url


@contextmanager
def contained_rabbitmq() -> Iterator[str]:
    with ExitStack() as running:
        with warnings.catch_warnings(action="ignore"):  # the library's own
            from testcontainers.rabbitmq import RabbitMqContainer

            container = running.enter_context(RabbitMqContainer("rabbitmq:3.13-alpine"))
        parameters = container.get_connection_params()
        yield f"amqp://guest:guest@{parameters.host}:{parameters.port}/"


RABBITMQ = RealServer("rabbitmq", contained_rabbitmq, local_rabbitmq, "the package rabbitmq-server")


@contextmanager
def new_queue(server_url: str, **options: object) -> Iterator[str]:
    """The URL of a job queue that nobody else uses; what there is of it on the broker is deleted at the end."""
    name = f"imgsvc-test-{uuid4().hex[:12]}"
    more = "".join(f"&{option}={value}" for option, value in options.items())
    try:
        yield f"{server_url}?queue={name}{more}"
    finally:
        with channel_on(server_url) as channel:
            for queue in (name, f"{name}.later", f"{name}.dead-letters"):
                channel.queue_delete(queue)
            channel.exchange_delete(f"{name}.dead-letters")


@contextmanager
def channel_on(url: str) -> Iterator[BlockingChannel]:
    """For what the tests themselves have to say to the broker, on a connection of its own."""
    parameters = pika.URLParameters(url.partition("?")[0])
    parameters.socket_timeout = parameters.stack_timeout = 5
    parameters.blocked_connection_timeout = 5
    connection = pika.BlockingConnection(parameters)
    try:
        yield connection.channel()
    finally:
        with suppress(AMQPError):
            connection.close()


@define
class _Settled:
    """Whether the broker has answered for a while.

    For about a second after that it brings back what moves messages to dead-letter queues; one that is deleted just
    then (RabbitMQ 3.10) takes all of that along, and no queue of the broker works any more.
    """

    url: str
    _since: float | None = field(default=None, init=False)

    def __call__(self) -> bool:
        if not _answers(self.url):
            self._since = None
        elif self._since is None:
            self._since = monotonic()
        return self._since is not None and monotonic() > self._since + _SETTLING_SECONDS


def _answers(url: str) -> bool:
    try:
        with channel_on(url):
            return True
    except AMQPError:
        return False
