"""ThumbHash: what a picture looks like from afar, in about 25 bytes that browsers draw until the picture has come.

After Evan Wallace's reference (https://github.com/evanw/thumbhash, MIT license), whose decoders exist for many
languages: a discrete cosine transform of lightness, two colours and alpha, of which only the slowest waves are kept.
"""

from collections.abc import Sequence
from math import cos, pi

from attrs import frozen

MOST = 100  # pixels a side


@frozen
class _Waves:
    """Of one channel: how much of each wave, where 0.5 is none, and how far the strongest goes."""

    constant: float
    waves: Sequence[float]
    scale: float


def thumbhash(width: int, height: int, rgba: bytes) -> bytes:
    """``rgba`` has four bytes a pixel, straight alpha, row by row; a side has at most ``MOST`` pixels."""
    assert width <= MOST >= height
    lightness, yellow, red, alpha = _channels(rgba)
    has_alpha = min(alpha) < 1
    longer, limit = max(width, height), 5 if has_alpha else 7
    across, down = max(1, _rounded(limit * width / longer)), max(1, _rounded(limit * height / longer))
    size = width, height
    light = _transformed(lightness, size, max(3, across), max(3, down))
    first, second = _transformed(yellow, size, 3, 3), _transformed(red, size, 3, 3)
    head = (
        _rounded(63 * light.constant)
        | _rounded(31.5 + 31.5 * first.constant) << 6
        | _rounded(31.5 + 31.5 * second.constant) << 12
        | _rounded(31 * light.scale) << 18
        | has_alpha << 23
    )
    is_wide = width > height
    shape = down if is_wide else across
    tail = shape | _rounded(63 * first.scale) << 3 | _rounded(63 * second.scale) << 9 | is_wide << 15
    channels = [light, first, second]
    extra = b""
    if has_alpha:
        clear = _transformed(alpha, size, 5, 5)
        extra = bytes([_rounded(15 * clear.constant) | _rounded(15 * clear.scale) << 4])
        channels.append(clear)
    halves = [_rounded(15 * wave) for channel in channels for wave in channel.waves]
    if len(halves) % 2:
        halves.append(0)
    packed = bytes(low | high << 4 for low, high in zip(halves[::2], halves[1::2], strict=True))
    return head.to_bytes(3, "little") + tail.to_bytes(2, "little") + extra + packed


def _channels(rgba: bytes) -> tuple[list[float], list[float], list[float], list[float]]:
    """Lightness, yellow against blue, red against green, and alpha; over the average colour where it is transparent."""
    pixels = [rgba[start : start + 4] for start in range(0, len(rgba), 4)]
    seen = sum(pixel[3] / 255 for pixel in pixels) or 1
    average = [sum(pixel[3] / 255 / 255 * pixel[band] for pixel in pixels) / seen for band in range(3)]
    lightness, yellow, red, alpha = [], [], [], []
    for pixel in pixels:
        a = pixel[3] / 255
        r, g, b = (average[band] * (1 - a) + a / 255 * pixel[band] for band in range(3))
        lightness.append((r + g + b) / 3)
        yellow.append((r + g) / 2 - b)
        red.append(r - g)
        alpha.append(a)
    return lightness, yellow, red, alpha


def _transformed(channel: Sequence[float], size: tuple[int, int], across: int, down: int) -> _Waves:
    width, height = size
    found = []
    for row in range(down):
        vertical = [cos(pi / height * row * (y + 0.5)) for y in range(height)]
        column = 0
        while column * down < across * (down - row):
            horizontal = [cos(pi / width * column * (x + 0.5)) for x in range(width)]
            # One product after the other, as the reference adds them: what is between two values falls to the same.
            total, values = 0.0, iter(channel)
            for factor in vertical:
                for wave in horizontal:
                    total += next(values) * wave * factor
            found.append(total / (width * height))
            column += 1
    constant, *waves = found
    scale = max(map(abs, waves), default=0.0)
    return _Waves(constant, [0.5 + 0.5 / scale * wave for wave in waves] if scale else waves, scale)


def _rounded(value: float) -> int:
    """As JavaScript does, since other languages compare with it."""
    return int(value + 0.5)
