"""What is noted for a while goes part by part, and no further than there is time."""

from datetime import timedelta
from io import BytesIO

import pytest

from imgsvc.application.pruning import PruneTombstones
from imgsvc.application.retention import BATCH, until_nothing_is_left


@pytest.fixture
def erased(use_cases, ada, picture):
    """The ids of images that are gone."""
    ids = [use_cases.upload_image(ada, BytesIO(picture)).id for _ in range(3)]
    for image_id in ids:
        use_cases.delete_image(ada, image_id)
    return ids


def test_parts_are_removed_until_nothing_is_left():
    parts, asked = iter([BATCH, 3, 0]), []

    def remove(limit):
        asked.append(limit)
        return next(parts)

    assert until_nothing_is_left(remove, lambda: False) == BATCH + 3
    assert asked == [BATCH] * 3


def test_no_part_is_begun_when_there_is_no_time_left():
    times = iter([False, True])

    assert until_nothing_is_left(lambda limit: limit, lambda: next(times)) == BATCH


def test_images_that_are_gone_are_forgotten_when_their_time_is_over(ports, ada, erased):
    prune_later, prune = (PruneTombstones(ports.images, timedelta(days=days)) for days in (1, 0))

    assert (prune_later(), prune(must_stop=lambda: True)) == (0, 0)
    assert all(ports.images.was_erased(ada, one) for one in erased)
    assert prune() == 3
    assert not any(ports.images.was_erased(ada, one) for one in erased)
