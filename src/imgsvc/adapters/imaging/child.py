"""What runs inside a child process: an engine that works for the parent, and can do nothing else.

The parent is believed, so what it says is pickled. What the child says is plain data, since the bytes of strangers may
have taken it over.
"""

import gc
import hashlib
import json
import os
import pickle
import signal
import socket
import sys
from io import BytesIO
from typing import Any

from imgsvc.adapters.imaging.confinement import close_doors, end_with, limit_resources
from imgsvc.adapters.imaging.kept import KeepsPictures, KeptPictures
from imgsvc.adapters.imaging.messages import OUT_OF_MEMORY, Messages, Request, Source
from imgsvc.domain.errors import ImgsvcError, InvalidInput, RenderingFailed, RenderingOutOfMemory
from imgsvc.domain.operations import Font, Watermark
from imgsvc.domain.plain_data import plain
from imgsvc.domain.transform import Format, Output, TransformSpec
from imgsvc.ports.imaging import ImageEngine

# A rendering takes its time anyway; whoever answers requests meanwhile should not have to wait for a turn. Not the last
# step (19): what children weigh there is so little that Linux leaves two of them on one core while another one is idle.
_NICENESS = 10

# One grey pixel, as a PNG.
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010800000000"
    "3a7e9b550000000a49444154789c636800000082008177cd72b60000000049454e44ae426082"
)


def main() -> None:
    """Work for the parent, at the other end of standard input, until it hangs up."""
    end_with(int(sys.argv[1]))
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # A terminal or a supervisor sends these to all processes at once, and the parent has work to finish.
        signal.signal(number, signal.SIG_IGN)
    os.nice(_NICENESS)
    messages = Messages(socket.socket(fileno=os.dup(0)))
    try:
        engine = _begun(messages)
        if engine is not None:
            _serve(engine, messages)
    except ConnectionError:
        pass
    os._exit(0)


def _begun(messages: Messages) -> ImageEngine | None:
    head, _ = messages.receive()
    try:
        begun_with: tuple[ImageEngine, int] = pickle.loads(head)  # noqa: S301  # from the parent
        engine, memory = begun_with
        _warm_up(engine)
        # What is loaded stays: it was not looked through for garbage until here, and is not from here on.
        gc.freeze()
        gc.enable()
        limit_resources(memory)
        is_confined = close_doors()
    except Exception as error:
        messages.send(_packed({"failed": _described(error)}))
        return None
    messages.send(_packed({"is_confined": is_confined}))
    return engine


def _warm_up(engine: ImageEngine) -> None:
    """Have the engine load what it loads late: modules, fonts, codecs. Afterwards it can open no file."""
    spec = TransformSpec([Watermark("a", size=8, font=font, stroke=1) for font in Font])
    for format in Format:
        try:
            made = engine.render(BytesIO(PIXEL), TransformSpec(spec.steps, Output(format=format)))
            engine.measure(BytesIO(made.content))
        except ImgsvcError:
            continue  # which it will tell whoever asks for the same


def _serve(engine: ImageEngine, messages: Messages) -> None:
    kept = engine.kept if isinstance(engine, KeepsPictures) else KeptPictures()
    while True:
        if not messages.is_coming(kept.idle):
            kept.clear()
        messages.send(*_answer(engine, kept, *messages.receive_with_file()))


def _answer(
    engine: ImageEngine, kept: KeptPictures, head: bytes, contents: list[bytes], file: int | None
) -> tuple[bytes, bytes]:
    try:
        request: Request = pickle.loads(head)  # noqa: S301  # from the parent
        source = _source(request, kept, contents, file)
        if source is None:
            return _packed({"wants_source": True, "kept": kept.digests}), b""
        if request.spec is None:
            return _packed({"facts": plain(engine.measure(BytesIO(source))), "kept": kept.digests}), b""
        if request.source is not Source.KEPT and request.digest is not None:
            kept.keep(request.digest, source)
        overlays = dict(zip(request.overlays, map(BytesIO, contents), strict=True))
        # The very bytes that are kept: a stream of bytes that is read as a whole gives them out again.
        rendered = engine.render(BytesIO(source), request.spec, overlays)
        return _packed({"rendition": plain(rendered.rendition), "kept": kept.digests}), rendered.content
    except Exception as error:
        return _packed({"failure": _failure(error), "reason": _described(error), "kept": kept.digests}), b""


def _source(request: Request, kept: KeptPictures, contents: list[bytes], file: int | None) -> bytes | None:
    """The picture, which is taken from the contents where it is there; None where the parent has to send it."""
    match request.source:
        case Source.KEPT:
            return kept.content(str(request.digest))
        case Source.FILE:
            return None if file is None else _read(file, request.digest)
        case Source.SENT:
            return contents.pop(0)


def _read(file: int, digest: str | None) -> bytes | None:
    """None for other bytes than those of the digest: the parent looks at them again, and tells what is wrong."""
    try:
        content = os.pread(file, os.fstat(file).st_size, 0)  # from there, since its place is the parent's too
    except (OSError, MemoryError):
        return None
    finally:
        os.close(file)
    return content if hashlib.sha256(content).hexdigest() == digest else None


def _failure(error: Exception) -> dict[str, Any]:
    """Whatever the parent needs to raise the same."""
    if isinstance(error, MemoryError) or isinstance(error.__cause__, MemoryError):
        return _failure(RenderingOutOfMemory(OUT_OF_MEMORY))
    if isinstance(error, InvalidInput):
        attributes = ("path", "allowed", "nearest", "position", "parameter", *(["value"] if error.has_value else []))
        found = {name: getattr(error, name) for name in attributes}
        return {"kind": type(error).__name__, "detail": error.detail, **found}
    if isinstance(error, RenderingFailed):
        return {"kind": type(error).__name__, "detail": error.detail}
    return _failure(RenderingFailed("the picture could not be rendered"))


def _described(error: BaseException) -> str:
    """For the log, in one line; the cause says more, where there is one."""
    told = error.__cause__ or error
    return ascii(f"{type(told).__name__}: {told}")[1:-1][:300]


def _packed(message: dict[str, Any]) -> bytes:
    return json.dumps(message).encode()
