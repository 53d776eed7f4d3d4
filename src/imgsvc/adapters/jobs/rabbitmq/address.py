"""Where the broker is, and how long anything may wait for it."""

import re
import ssl
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

import pika
from attrs import evolve, field, frozen

EXAMPLE = "amqp://user:password@host:5672/vhost?queue=imgsvc&heartbeat=10"

_OPTIONS = ("queue", "heartbeat", "ca_file")
_QUEUE_NAME = re.compile(r"[A-Za-z0-9._-]{1,200}")
_HEARTBEATS = range(2, 601)  # seconds; without heartbeats a broker that hangs is never noticed
# Seconds for the connection, for all of the greeting, and for a broker that takes nothing because it is full.
_CONNECT, _GREETING, _BLOCKED = 2.0, 4.0, 5.0


@frozen
class Address:
    """A broker and the queue on it. The password shows nowhere."""

    host: str
    port: int
    virtual_host: str
    user: str
    password: str = field(repr=False)
    queue: str = "imgsvc"
    heartbeat: int = 10  # seconds
    ca_file: str | None = None  # of whoever signed the broker's certificate; None: of the system
    is_encrypted: bool = False

    def parameters(self, purpose: str) -> pika.ConnectionParameters:
        """For one connection, which the broker lists by its purpose. Raises OSError where the certificates cannot be
        read.
        """
        return pika.ConnectionParameters(
            host=self.host,
            port=self.port,
            virtual_host=self.virtual_host,
            credentials=pika.PlainCredentials(self.user, self.password),
            ssl_options=self._encryption(),
            heartbeat=self.heartbeat,
            connection_attempts=1,
            socket_timeout=_CONNECT,
            stack_timeout=_GREETING,
            blocked_connection_timeout=_BLOCKED,
            client_properties={"connection_name": f"imgsvc {purpose}"},
        )

    def _encryption(self) -> pika.SSLOptions | None:
        if not self.is_encrypted:
            return None
        return pika.SSLOptions(ssl.create_default_context(cafile=self.ca_file), self.host)


def address_of(url: str) -> Address:
    """Raises ValueError, which names the culprit and never shows the password."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError(f"the broker's URL is not understood; {EXAMPLE}") from None
    if not parts.hostname or parts.fragment or "/" in parts.path[1:]:
        raise ValueError(f"the broker's URL is not understood; {EXAMPLE}")
    is_encrypted = parts.scheme == "amqps"
    address = Address(
        host=parts.hostname,
        port=port or (5671 if is_encrypted else 5672),
        virtual_host=unquote(parts.path[1:]) or "/",
        user=unquote(parts.username or "guest"),
        password=unquote(parts.password or "guest"),
        is_encrypted=is_encrypted,
    )
    for name, value in _options(parts):
        address = _with_option(address, name, value)
    return address


def _options(parts: SplitResult) -> list[tuple[str, str]]:
    options = parse_qsl(parts.query, keep_blank_values=True)
    names = [name for name, _ in options]
    for name in names:
        if name not in _OPTIONS:
            raise ValueError(f"unknown job queue option {name!r} of an amqp: URL; known: {', '.join(_OPTIONS)}")
        if names.count(name) > 1:
            raise ValueError(f"job queue option {name!r} is given twice")
    return options


def _with_option(address: Address, name: str, value: str) -> Address:
    match name:
        case "queue" if _QUEUE_NAME.fullmatch(value):
            return evolve(address, queue=value)
        case "heartbeat" if value.isdecimal() and int(value) in _HEARTBEATS:
            return evolve(address, heartbeat=int(value))
        case "ca_file" if value and address.is_encrypted:
            return evolve(address, ca_file=value)
    allowed = {
        "queue": "1 to 200 of letters, digits and ._-",
        "heartbeat": f"{_HEARTBEATS[0]} to {_HEARTBEATS[-1]} seconds",
        "ca_file": "a file, and needs amqps:",
    }
    raise ValueError(f"job queue option {name!r} must be {allowed[name]}")
