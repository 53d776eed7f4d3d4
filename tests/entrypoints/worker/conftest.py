"""A service on embedded adapters, and somebody who asks it for renderings."""

from datetime import timedelta
from io import BytesIO

import pytest

from imgsvc.domain.notation import parse
from imgsvc.entrypoints import worker as worker_module
from tests.pictures import encoded, quadrants


@pytest.fixture(autouse=True)
def _impatient(monkeypatch):
    """Stopping takes as long as a worker waits for a job."""
    monkeypatch.setattr(worker_module, "_RECEIVE_TIMEOUT", timedelta(seconds=0.1))


@pytest.fixture
def ada(service):
    return service.use_cases.register_user("ada", "correct horse").id


@pytest.fixture
def image(service, ada):
    return service.use_cases.upload_image(ada, BytesIO(encoded(quadrants())))


@pytest.fixture
def asked_for(service, image):
    """Asks for a rendering in the background; each width is one."""
    return lambda width: service.use_cases.request_variant(image.owner, image.id, parse(f"w:{width}"))
