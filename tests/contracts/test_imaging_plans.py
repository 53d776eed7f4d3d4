"""What was planned is what is rendered: on specs of every kind, for every engine."""

from io import BytesIO

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from imgsvc.adapters.imaging import open_engine
from imgsvc.domain.errors import InvalidInput, TooManyBytes
from imgsvc.domain.geometry import Size
from imgsvc.domain.limits import Limits
from imgsvc.domain.operations import Trim
from imgsvc.domain.output import Format, Output
from imgsvc.domain.plan import plan
from imgsvc.domain.sizes import sizes_through
from imgsvc.domain.transform import TransformSpec
from tests.domain.specs import specs
from tests.pictures import decoded, encoded, solid, textured, with_orientation

LIMITS = Limits(max_output_side=600)
MARK = encoded(solid((255, 0, 0), 12, 7))

# Of each engine, by another draw each time.
thoroughly = settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def rendered(engine, content, spec):
    overlays = {image: BytesIO(MARK) for image in spec.overlays}
    return engine.render(BytesIO(content), spec, overlays)


@thoroughly
@given(
    spec=specs(),
    size=st.tuples(st.integers(1, 90), st.integers(1, 90)),
    mode=st.sampled_from(["L", "LA", "RGB", "RGBA", "P", "CMYK"]),
    orientation=st.integers(1, 8),
)
@pytest.mark.parametrize("name", ["pillow", "vips"])
def test_every_spec_has_the_size_that_was_planned(name, spec, size, mode, orientation):
    engine = open_engine(name, LIMITS)
    source = textured(*size).convert(mode)
    content = with_orientation(source, orientation, "jpeg" if mode in ("L", "RGB", "CMYK") else "png")
    facts = engine.measure(BytesIO(content))

    try:
        engine.check(spec)
        expected = plan(spec, facts, LIMITS, dict.fromkeys(spec.overlays, engine.measure(BytesIO(MARK))))
    except InvalidInput:
        return
    try:
        size = _size_once_trimmed(engine, content, spec, expected)
        made = rendered(engine, content, spec)
    except TooManyBytes:
        return
    except InvalidInput:
        assert not expected.is_exact
        return

    picture = decoded(made.content)
    assert picture.size == (size.width, size.height)
    assert (made.rendition.width, made.rendition.height, made.rendition.frames) == (*picture.size, expected.frames)
    assert Image.MIME[picture.format] == expected.format.media_type


def _size_once_trimmed(engine, content, spec, planned):
    """The result's size; what is certain as planned, and from each trim on as the trimmed picture says."""
    size = planned.sizes[planned.exact - 1]
    for index in range(planned.exact - 1, len(spec.steps)):
        if isinstance(spec.steps[index], Trim):
            until = TransformSpec(spec.steps[: index + 1], Output(Format.PNG))
            made = rendered(engine, content, until).rendition
            size = Size(made.width, made.height)
        else:
            size = sizes_through(spec.steps[index : index + 1], size, LIMITS)[-1]
    return size
