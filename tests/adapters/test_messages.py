"""Messages between a process and its child."""

import os
import socket
import threading
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

import pytest

from imgsvc.adapters.imaging.messages import Messages

LARGE = os.urandom(3_000_000)  # more than a socket holds


@pytest.fixture
def ends():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


@contextmanager
def meanwhile(act, *given, **more):
    thread = threading.Thread(target=act, args=given, kwargs=more)
    thread.start()
    yield
    thread.join(10)
    assert not thread.is_alive()


def open_files():
    return sorted(path.name for path in Path("/proc/self/fd").iterdir())


@pytest.mark.parametrize("seconds", [None, 10])
@pytest.mark.parametrize("contents", [(), (b"",), (b"one", b"", b"three"), (LARGE, b"small"), (b"small", LARGE)])
def test_contents_arrive_as_they_were_sent(ends, contents, seconds):
    ours, theirs = map(Messages, ends)

    with meanwhile(ours.send, b"head", *contents, seconds=seconds):
        assert theirs.receive(seconds=seconds) == (b"head", list(contents))


def test_streams_are_sent_from_their_start(ends):
    ours, theirs = map(Messages, ends)
    stream = BytesIO(LARGE)
    stream.seek(100)

    with meanwhile(ours.send, b"", stream, b"more"):
        assert theirs.receive(seconds=10) == (b"", [LARGE, b"more"])


@pytest.mark.parametrize("sent", [0, 3, 5, 12, 20])
def test_half_a_message_is_none(ends, sent):
    ours, theirs = ends
    Messages(ours).send(b"head", b"content")
    message = theirs.recv(100)

    ours.sendall(message[:sent])
    with pytest.raises(TimeoutError):
        Messages(theirs).receive(seconds=0.05)

    ours.sendall(message[:sent])
    ours.shutdown(socket.SHUT_WR)
    with pytest.raises(ConnectionError):
        Messages(theirs).receive(seconds=5)


@pytest.mark.parametrize("contents", [(b"x" * 11,), (b"x" * 6, b"x" * 5)])
def test_who_sends_too_much_is_not_listened_to(ends, contents):
    ours, theirs = ends
    Messages(ours).send(b"head", *contents)

    with pytest.raises(ConnectionError, match="too long"):
        Messages(theirs, most=10).receive(seconds=5)


def test_a_file_arrives_with_its_message(ends):
    ours, theirs = map(Messages, ends)
    with Path(os.devnull).open() as file:
        ours.send(b"with", b"content", file=file.fileno())
        ours.send(b"without", b"")
        head, contents, descriptor = theirs.receive_with_file(seconds=5)

        assert (head, contents, os.fstat(descriptor)) == (b"with", [b"content"], os.fstat(file.fileno()))
        assert theirs.receive_with_file(seconds=5) == (b"without", [b""], None)
        os.close(descriptor)


def test_a_file_that_nobody_asked_for_is_not_taken(ends):
    ours, theirs = map(Messages, ends)
    with Path(os.devnull).open() as file:
        before = open_files()
        ours.send(b"head", b"content", file=file.fileno())

        assert theirs.receive(seconds=5) == (b"head", [b"content"])
        assert open_files() == before
