"""What a broker's failures mean to an operator."""

import ssl
from socket import gaierror

from pika.adapters.utils.connection_workflow import AMQPConnectorException
from pika.exceptions import AMQPError, ConnectionBlockedTimeout, ConnectionClosedByBroker

from imgsvc.adapters.jobs.rabbitmq.topology import BrokerRefuses

_URL = "IMGSVC_JOBS_URL"
# What pika raises of a broker that is not there, or breaks off; not all of it has pika's own root.
BROKEN = (AMQPError, AMQPConnectorException, OSError)


def trouble_of(error: Exception) -> tuple[str, str]:
    """The kind of it, and what kind of kind."""
    match error:
        case BrokerRefuses():
            return "it refuses us", str(error)
        case ConnectionBlockedTimeout():
            return "it takes nothing", "for want of memory or disk"
    return "it cannot be reached", unreachable(error)[0]


def unreachable(error: BaseException) -> tuple[str, str]:
    """What is found, and the remedy."""
    told = f"{type(error).__name__} {error!r}"
    match error:
        case gaierror():
            return "its host has no address", f"correct the host in {_URL}, or the DNS"
        case FileNotFoundError() | PermissionError():
            return "the file of ?ca_file= cannot be read", f"correct it in {_URL}"
        case ssl.SSLError():
            return "TLS does not come about", f"correct its certificate, or amqp: or amqps: in {_URL}"
        case ConnectionClosedByBroker() if "CONNECTION_FORCED" in told:
            return "it was shut down", "start it"
    if "ConnectionRefused" in told:
        return "nobody listens there", f"start it, or correct host and port in {_URL}"
    if "imeout" in told:
        return "it does not answer in time", "see whether it hangs, and whether a firewall is between"
    return f"the connection broke ({type(error).__name__})", f"see its own log, and that {_URL} names a RabbitMQ"
