"""The examples as pictures, rendered by the engine that is installed."""

from collections.abc import Iterator
from functools import cache
from io import BytesIO
from pathlib import Path

from attrs import evolve, frozen
from PIL import Image, ImageChops, ImageStat

from docs import scene
from imgsvc.domain.examples import EXAMPLES, OUTPUT_EXAMPLES, STAMP, Example
from imgsvc.domain.geometry import Size
from imgsvc.domain.image import Facts
from imgsvc.domain.limits import Limits
from imgsvc.domain.plan import Plan, outlook
from imgsvc.domain.transform import Format, Output, TransformSpec
from imgsvc.ports.imaging import ImageEngine

FOLDER = Path(__file__).parent / "transforms"
# Of the output options, those whose effect can be seen.
_VISIBLE_OPTIONS = ("quality",)
_AS_WEBP = Output(format=Format.WEBP, quality=55)


@frozen
class Pictured:
    """An example of what is ``about``, the picture that it is made of, and the file that shows what comes of it."""

    example: Example
    about: str
    name: str

    @property
    def source(self) -> bytes:
        return _source(self.about)[0]

    @property
    def facts(self) -> Facts:
        return _source(self.about)[1]

    @property
    def path(self) -> Path:
        return FOLDER / f"{self.name}.webp"

    @property
    def plan(self) -> Plan:
        overlays = {STAMP: Facts(media_type="image/png", stored_width=160, stored_height=160, has_alpha=True)}
        return outlook(self.example.spec, self.facts, Limits(), overlays)

    def shown(self, engine: ImageEngine) -> bytes:
        spec, logo = self.example.spec, BytesIO(scene.encoded(scene.stamp()))
        overlays = {STAMP: logo} if STAMP in spec.overlays else {}
        if spec.output.format is None:
            return engine.render(BytesIO(self.source), evolve(spec, output=_AS_WEBP), overlays).content
        # What another format has made of it, kept as it looks.
        made = engine.render(BytesIO(self.source), spec, overlays).content
        return engine.render(BytesIO(made), TransformSpec(output=evolve(_AS_WEBP, quality=85))).content


def pictured(name: str) -> list[Pictured]:
    """The examples of an operation or an output option; none of an option that nobody sees."""
    if name in EXAMPLES:
        return [Pictured(one, name, f"{name}-{number}") for number, one in enumerate(EXAMPLES[name], start=1)]
    return [Pictured(OUTPUT_EXAMPLES[name], name, name)] if name in _VISIBLE_OPTIONS else []


def originals() -> Iterator[tuple[str, bytes]]:
    """What the examples are made of, as files that a page can show."""
    yield "scene", _webp(scene.scene())
    yield "framed", _webp(scene.framed())
    yield "cut-out", _webp(scene.cut_out())


def draw(engine: ImageEngine) -> None:
    """Make every picture; those that look as before stay as they are."""
    FOLDER.mkdir(exist_ok=True)
    shown = dict(originals())
    for name in (*EXAMPLES, *OUTPUT_EXAMPLES):
        shown |= {one.name: one.shown(engine) for one in pictured(name)}
    for path in FOLDER.glob("*.webp"):
        if path.stem not in shown:
            path.unlink()
    for name, content in shown.items():
        path = FOLDER / f"{name}.webp"
        if not path.exists() or not _look_alike(path.read_bytes(), content):
            path.write_bytes(content)


def _look_alike(one: bytes, other: bytes) -> bool:
    """Whether nobody would see a difference: encoders of other versions round otherwise."""
    pictures = [Image.open(BytesIO(content)).convert("RGBA") for content in (one, other)]
    if pictures[0].size != pictures[1].size:
        return False
    return max(ImageStat.Stat(ImageChops.difference(*pictures)).mean) < 1


def _source(name: str) -> tuple[bytes, Facts]:
    """What examples of an operation or an output option are made of."""
    return _drawn(name if name in ("auto_orient", "trim", "background") else "scene")


@cache
def _drawn(name: str) -> tuple[bytes, Facts]:
    match name:
        case "auto_orient":
            stored = Size(*scene.SIZE).turned()
            facts = Facts(media_type="image/png", stored_width=stored.width, stored_height=stored.height, orientation=6)
            return scene.sideways(), facts
        case "trim":
            return _stored(scene.framed())
        case "background":
            return _stored(scene.cut_out())
        case _:
            return _stored(scene.scene())


def _stored(picture: Image.Image) -> tuple[bytes, Facts]:
    width, height = picture.size
    facts = Facts(
        media_type="image/png", stored_width=width, stored_height=height, has_alpha=picture.has_transparency_data
    )
    return scene.encoded(picture), facts


def _webp(picture: Image.Image) -> bytes:
    stream = BytesIO()
    picture.save(stream, "webp", quality=55)
    return stream.getvalue()
