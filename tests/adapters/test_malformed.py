"""Whatever bytes come, a picture comes of them, or an error that says what is wrong with them."""

import os
import time
from contextlib import suppress
from io import BytesIO
from pathlib import Path

import pytest

from imgsvc.adapters.imaging import open_engine
from imgsvc.domain.errors import CorruptImage, ImageTooLarge, InvalidInput, TooManyFrames, UnsupportedFormat
from imgsvc.domain.limits import Limits
from imgsvc.domain.notation import parse
from tests.malformed import mutations, rearranged, seeds
from tests.pictures import FORMATS, decoded

SPEC = parse("rs:inside:16:16,gray,f:png")
SECONDS = 5.0  # of the processor, for one file; most take a thousandth
CORPUS = Path(os.environ.get("IMGSVC_TEST_CORPUS") or "/nowhere")
ENGINES = ["pillow", "vips"]


@pytest.fixture(scope="module", params=ENGINES)
def engine(request):
    return open_engine(request.param, Limits())


def outcome(engine, content):
    """What became of the bytes: ``rendered``, or the code of the error; whatever was accepted can be rendered."""
    began = time.process_time()
    try:
        engine.measure(BytesIO(content))
    except InvalidInput as error:
        found = error.code
    else:
        assert max(decoded(engine.render(BytesIO(content), SPEC).content).size) <= 16
        found = "rendered"
    assert time.process_time() - began < SECONDS
    return found


@pytest.mark.parametrize("format", FORMATS)
def test_accidents_of_every_kind_end_as_a_picture_or_as_an_error(engine, format):
    found = [outcome(engine, one) for index, seed in enumerate(seeds(format)) for one in mutations(seed, index)]

    assert {"corrupt_image", "unsupported_format"} <= set(found)


def test_chunks_in_any_order_end_as_a_picture_or_as_an_error(engine):
    found = [outcome(engine, one) for seed in seeds("png") for one in rearranged(seed)]

    assert {"rendered", "corrupt_image"} <= set(found)


@pytest.mark.parametrize("format", FORMATS)
def test_what_was_never_accepted_ends_no_other_way_when_it_is_rendered(engine, format):
    for one in mutations(seeds(format)[0], seed=99):
        with suppress(CorruptImage, UnsupportedFormat, ImageTooLarge, TooManyFrames):
            engine.render(BytesIO(one), SPEC)


@pytest.mark.skipif(not CORPUS.is_dir(), reason="IMGSVC_TEST_CORPUS names no folder")
@pytest.mark.parametrize(
    "path",
    [path for path in sorted(CORPUS.rglob("*")) if path.is_file()],
    ids=lambda path: str(path.relative_to(CORPUS)),
)
def test_files_of_a_corpus_end_as_a_picture_or_as_an_error(engine, path, record_property):
    record_property("outcome", outcome(engine, path.read_bytes()))
