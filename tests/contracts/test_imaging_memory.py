"""What a plan says of memory holds for real renderings, in children as the service has them, for every engine."""

import sys
from datetime import timedelta
from functools import cache
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from imgsvc.adapters.imaging import open_engine, open_engine_in_children
from imgsvc.domain.errors import RenderingOutOfMemory, TooMuchMemory
from imgsvc.domain.limits import Limits
from imgsvc.domain.notation import parse
from imgsvc.domain.plan import plan
from tests.pictures import encoded, textured

WIDTH, HEIGHT = 2000, 1500
LITTLE = 2**28  # bytes, the least that a child can have

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the kernel tells what a process takes on Linux only")


@cache
def source(name):
    photograph = textured(WIDTH, HEIGHT)
    match name:
        case "photograph":
            return encoded(photograph, "jpeg")
        case "flat grey":
            return encoded(Image.new("L", (WIDTH, HEIGHT), 90), "jpeg")
        case "cut out":
            photograph.putalpha(Image.linear_gradient("L").resize((WIDTH, HEIGHT)))
            return encoded(photograph, "png")
        case _:
            return encoded(photograph, name)


def in_a_child(name, memory):
    return open_engine_in_children(name, Limits(), slots=1, deadline=timedelta(minutes=1), memory=memory, keep=2**24)


def needed(name, content, spec):
    """The least limit with which it is rendered, as what a limit counts is counted: addresses, but those unused."""
    with in_a_child(name, 2**33) as engine:
        (child,) = engine.pool.children
        before = told_of(child.pid)
        engine.render(BytesIO(content), spec)
        return told_of(child.pid)["VmPeak"] - before["VmSize"] + before["VmRSS"]


def told_of(process):
    """In bytes."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    sizes = (line.removesuffix(" kB").split(":") for line in lines if line.endswith(" kB"))
    return {name: int(size) * 1024 for name, size in sizes}


@pytest.mark.parametrize("name", ["pillow", "vips"])
@pytest.mark.parametrize(
    ("picture", "text"),
    [
        ("photograph", "f:avif"),
        ("photograph", "f:webp,ll:1"),
        ("photograph", "rot:10,tint:red,f:png,pr:1"),
        ("cut out", "tint:red,f:webp"),
        ("cut out", "f:avif,ll:1"),
        ("flat grey", "f:avif"),
        ("flat grey", "f:webp,ll:1"),
        ("webp", "w:100"),
    ],
)
def test_a_rendering_takes_the_least_that_was_planned_and_not_more_than_the_most(name, picture, text):
    content, spec = source(picture), parse(text)
    planned = plan(spec, open_engine(name, Limits()).measure(BytesIO(content)), Limits())

    taken = needed(name, content, spec)

    assert planned.least_memory_bytes <= taken <= planned.memory_bytes + len(content)


@pytest.mark.parametrize("name", ["pillow", "vips"])
def test_what_might_have_done_and_does_not_is_told_as_a_lack_of_memory(name):
    content, spec = encoded(textured(3000, 2000), "jpeg"), parse("f:avif")
    planned = plan(spec, open_engine(name, Limits()).measure(BytesIO(content)), Limits(render_memory=LITTLE))

    with in_a_child(name, LITTLE) as engine, pytest.raises(RenderingOutOfMemory):
        engine.render(BytesIO(content), spec)

    assert planned.fits
    assert planned.memory_bytes > LITTLE


@pytest.mark.parametrize("name", ["pillow", "vips"])
def test_what_a_trim_leaves_too_large_for_the_memory_is_told(name):
    engine = open_engine(name, Limits(render_memory=LITTLE))

    with pytest.raises(TooMuchMemory):
        engine.render(BytesIO(encoded(textured(3200, 2400))), parse("trim,f:avif"))
