"""What is right and wrong with an engine, seen by what it makes of a small picture."""

from collections.abc import Iterator
from importlib.util import find_spec
from io import BytesIO
from time import monotonic

from imgsvc.adapters.imaging.child import PIXEL
from imgsvc.domain.errors import ImgsvcError
from imgsvc.domain.operations import Font, Watermark
from imgsvc.domain.output import Format, Output
from imgsvc.domain.transform import TransformSpec
from imgsvc.ports.diagnosis import Finding, Subject
from imgsvc.ports.imaging import ImageEngine

SUBJECT = Subject("engine")
_FORMATS = list(Format)


def diagnose(engine: ImageEngine, where: str) -> Iterator[Finding]:
    """``where`` it works, for people."""
    begun = monotonic()
    reason = _failure(engine, TransformSpec([], Output(format=Format.PNG)))
    if reason is not None:
        yield SUBJECT.error(f"{engine.fingerprint}, {where}, renders nothing: {reason}", _reinstall("pillow"))
        return
    took = f"{(monotonic() - begun) * 1000:.0f} ms"
    yield SUBJECT.ok(f"{engine.fingerprint} renders {where} ({took})")
    yield _formats(engine)
    yield _fonts(engine)


def _formats(engine: ImageEngine) -> Finding:
    failed = [one for one in _FORMATS if _failure(engine, TransformSpec([], Output(format=one))) is not None]
    if failed:
        return SUBJECT.error(f"it cannot write {', '.join(failed)}", _reinstall("pillow pyvips-binary simplejpeg"))
    has_heic = find_spec("pillow_heif") is not None
    reads = "reads HEIC" if has_heic else "reads no HEIC, which the extra imgsvc[heif] would"
    return SUBJECT.ok(f"it writes {', '.join(_FORMATS)}, and {reads}")


def _fonts(engine: ImageEngine) -> Finding:
    failed = [font for font in Font if _failure(engine, _text_in(font)) is not None]
    if failed:
        return SUBJECT.error(f"it cannot write text in {', '.join(failed)}", _reinstall("imgsvc"))
    return SUBJECT.ok(f"it writes text in {', '.join(Font)}")


def _text_in(font: Font) -> TransformSpec:
    return TransformSpec([Watermark("a", size=8, font=font)], Output(format=Format.PNG))


def _failure(engine: ImageEngine, spec: TransformSpec) -> str | None:
    try:
        engine.render(BytesIO(PIXEL), spec)
    except ImgsvcError as error:
        return error.detail
    return None


def _reinstall(packages: str) -> str:
    return f"pip install --force-reinstall {packages}, at the versions of constraints.txt"
