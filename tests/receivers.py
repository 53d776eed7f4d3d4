"""Receivers of webhooks on loopback, which answer as a test wants and verify as the library of the standard does."""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import chain, repeat
from typing import Any

from attrs import frozen
from standardwebhooks import Webhook as Verifier

from tests.websites import Website, answer_of, website

TAKEN = answer_of(b"", status="204 No Content")


@frozen
class Receiver:
    site: Website

    @property
    def url(self) -> str:
        return f"{self.site.address}/hook"

    def ids(self) -> list[str]:
        """Of all that came, as often as it came; not of a request whose sender was killed in the middle of it."""
        heads = [_parsed(request)[0] for request in self.site.requests]
        return [head["webhook-id"] for head in heads if "webhook-id" in head]

    def verified(self, secret: str) -> list[dict[str, Any]]:
        """All that came; raises where any of it was not signed with the secret."""
        messages = [_parsed(request) for request in self.site.requests]
        return [Verifier(secret).verify(body, headers) for headers, body in messages]


def _parsed(request: bytes) -> tuple[dict[str, str], bytes]:
    head, _, body = request.partition(b"\r\n\r\n")
    lines = (line.partition(": ") for line in head.decode().split("\r\n")[1:])
    return {name.lower(): value for name, _, value in lines}, body


@contextmanager
def receiver(*answers: bytes, port: int = 0) -> Iterator[Receiver]:
    """Answers one after the other, the last of them for ever; 204 unless told otherwise."""
    left = chain(answers, repeat(answers[-1] if answers else TAKEN))
    with receiver_that(lambda connection: connection.sendall(next(left)), port) as made:
        yield made


@contextmanager
def receiver_that(behave: Callable[[socket.socket], None], port: int = 0) -> Iterator[Receiver]:
    """Does so once a message has come."""
    with website(behave, port) as site:
        yield Receiver(site)
