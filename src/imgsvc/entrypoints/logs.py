"""One line of structured log for each event, from our own code and from the libraries."""

import logging
import sys
from typing import Any, TextIO

import structlog

_SHARED: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.ExtraAdder(),
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]
# Names of the Elastic Common Schema, which log shippers know already.
_ECS = {
    "timestamp": "@timestamp",
    "event": "message",
    "level": "log.level",
    "logger": "log.logger",
    "exception": "error.stack_trace",
    "request_id": "http.request.id",
    "method": "http.request.method",
    "path": "url.path",
    "status": "http.response.status_code",
    "duration": "event.duration",
}

# Libraries that tell more than anybody wants to know; python_multipart warns of every form that we refuse, and
# uvicorn.error of everything that is no request, as often as anybody sends it.
_LEAST_LEVELS = {
    "uvicorn": logging.WARNING,
    "uvicorn.error": logging.ERROR,
    "alembic": logging.WARNING,
    "PIL": logging.WARNING,
    "python_multipart": logging.ERROR,
    "pika": logging.CRITICAL,  # tells of every attempt to connect, where our adapter tells of every change
}


def configure_logs(level: str, format: str, stream: TextIO | None = None) -> None:
    """Send every log record to ``stream`` (standard error), as JSON or for people; ``auto`` asks whether one looks."""
    target = stream or sys.stderr
    is_json = format == "json" or (format == "auto" and not target.isatty())
    handler = logging.StreamHandler(target)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=_SHARED,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_renderers(is_json)],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for name, least in _LEAST_LEVELS.items():
        logging.getLogger(name).setLevel(max(root.level, least))


def _renderers(is_json: bool) -> list[Any]:
    if not is_json:
        return [structlog.dev.ConsoleRenderer()]
    return [
        structlog.processors.format_exc_info,
        lambda _logger, _name, event: {_ECS.get(key, key): value for key, value in event.items()},
        structlog.processors.JSONRenderer(),
    ]


def bind(**values: object) -> None:
    """Add values to every record that this request or job logs from here on."""
    structlog.contextvars.bind_contextvars(**values)


def bound_request_id() -> str | None:
    """What was bound as ``request_id`` where this is called."""
    return structlog.contextvars.get_contextvars().get("request_id")


def unbind() -> None:
    """Forget what ``bind`` added."""
    structlog.contextvars.clear_contextvars()
