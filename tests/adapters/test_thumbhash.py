"""ThumbHashes are those that the reference makes: what is expected here came from its version 0.1.1 for JavaScript."""

import pytest

from imgsvc.adapters.imaging.thumbhash import thumbhash


def pixels(width, height, color):
    return bytes(value for y in range(height) for x in range(width) for value in color(x, y))


def quadrant(x, y):
    left, top = x < 20, y < 10
    shade = {(True, True): (255, 0, 0), (False, True): (0, 255, 0), (True, False): (0, 0, 255)}
    return *shade.get((left, top), (255, 255, 255)), 255


@pytest.mark.parametrize(
    ("width", "height", "color", "expected"),
    [
        (40, 20, quadrant, "1f080ea4a8708a76c0688887786a84aff8888c"),
        (15, 30, lambda x, y: (x * x, y * y // 4, 128, 255), "16f6092c16900788978877887887907009f968"),
        (
            32,
            32,
            lambda x, y: (x * x % 256, y * y // 4, 200, min(255, x * 8)),
            "e144861d0c377687b08879778876b069f76470777888888887",
        ),
        (1, 1, lambda x, y: (10, 200, 30, 255), "548a289f5e08f708888788708f7088f80888808008f7870f"),
    ],
    ids=["wide", "tall", "with alpha", "one pixel"],
)
def test_a_hash_is_that_of_the_reference(width, height, color, expected):
    found = thumbhash(width, height, pixels(width, height, color)).hex()

    # A wave that is not there lies between two values, and falls to either by the last bit of a cosine.
    assert found[:10] == expected[:10]
    assert all(abs(int(one, 16) - int(other, 16)) <= 1 for one, other in zip(found, expected, strict=True))


def test_what_cannot_be_seen_at_all_has_a_hash_too():
    assert thumbhash(2, 2, bytes(16))
