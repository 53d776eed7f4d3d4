"""One line of structured log for each event, from our own code and from the libraries."""

import logging
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from json import JSONEncoder
from typing import Any, TextIO

import structlog

_FOR_PEOPLE: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.ExtraAdder(),
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]
# What every record has; all else was added where it was logged.
_OF_EVERY_RECORD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}
# Names of the Elastic Common Schema, which log shippers know already.
_ECS = {
    "request_id": "http.request.id",
    "method": "http.request.method",
    "path": "url.path",
    "status": "http.response.status_code",
    "duration": "event.duration",
}

# Libraries that tell more than anybody wants to know; python_multipart warns of every form that we refuse.
_LEAST_LEVELS = {
    "uvicorn": logging.WARNING,
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
    handler.setFormatter(_ForPrograms() if is_json else _for_people())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for name, least in _LEAST_LEVELS.items():
        logging.getLogger(name).setLevel(max(root.level, least))


def _for_people() -> logging.Formatter:
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=_FOR_PEOPLE,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, structlog.dev.ConsoleRenderer()],
    )


class _ForPrograms(logging.Formatter):
    """JSON. By hand, since each request and each job writes a line: processors take twice as long."""

    _encode = JSONEncoder(default=repr).encode

    def format(self, record: logging.LogRecord) -> str:
        added = {name: value for name, value in vars(record).items() if name not in _OF_EVERY_RECORD}
        line: dict[str, object] = {
            "@timestamp": datetime.fromtimestamp(record.created, UTC).isoformat().replace("+00:00", "Z"),
            "log.level": record.levelname.lower(),
            "log.logger": record.name,
            "message": record.getMessage(),
            **_known(structlog.contextvars.get_contextvars()),
            **_known(added),
        }
        if record.exc_info:
            line["error.stack_trace"] = self.formatException(record.exc_info)
        return self._encode(line)


def _known(values: Mapping[str, object]) -> dict[str, object]:
    return {_ECS.get(name, name): value for name, value in values.items()}


def bind(**values: object) -> None:
    """Add values to every record that this request or job logs from here on."""
    structlog.contextvars.bind_contextvars(**values)


def bound_request_id() -> str | None:
    """What was bound as ``request_id`` where this is called."""
    return structlog.contextvars.get_contextvars().get("request_id")


def unbind() -> None:
    """Forget what ``bind`` added."""
    structlog.contextvars.clear_contextvars()
