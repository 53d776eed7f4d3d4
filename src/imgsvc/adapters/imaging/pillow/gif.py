"""GIF: palettes, and animations in which a frame holds only what has changed.

What has not changed is never drawn again, so that dithering makes no noise in it.
"""

import struct
from collections.abc import Iterator
from io import BytesIO

from attrs import evolve, frozen
from PIL import GifImagePlugin, Image, ImageChops

from imgsvc.adapters.imaging.animation import FOREVER, ONCE, centiseconds
from imgsvc.adapters.imaging.pillow.frames import Frame, Frames
from imgsvc.adapters.imaging.pillow.picture import Picture, has_alpha, in_mode

_OPAQUE_FROM = 128  # of alpha; the format knows only seen and unseen
# Pixels a side: as much as a palette is chosen from. A frame's takes a seventh of the time, and is nearly as good.
_SAMPLE, _SAMPLE_OF_FRAME = 512, 128
_COLORS = 256
_STAYS, _CLEARED = 1, 2  # what becomes of a frame when the next is shown
_MOST_PLAYS = 65535


def gif(frames: Frames, plays: int) -> bytes:
    """With delays to the nearest hundredth of a second. Neighbours that are equal become one frame."""
    if frames.count == 1:
        return _still(frames.first)
    width, height = frames.first.size
    parts = [b"GIF89a" + struct.pack("<HHBBB", width, height, 0, 0, 0), _repeated(plays)]
    parts += [_drawn(scene, is_cleared) for scene, is_cleared in _with_next(_scenes(frames))]
    return b"".join(parts) + b";"


def _still(picture: Picture) -> bytes:
    stream = BytesIO()
    if picture.mode == "L":
        picture.save(stream, "GIF", optimize=False)
    elif not has_alpha(picture):
        _with_palette(in_mode(picture, "RGB"), _COLORS, _SAMPLE).save(stream, "GIF", optimize=False)
    else:
        indexed, unseen = _masked(in_mode(picture, "RGB"), _unseen(picture), _SAMPLE)
        indexed.save(stream, "GIF", optimize=False, transparency=unseen)
    return stream.getvalue()


def _repeated(plays: int) -> bytes:
    if plays == ONCE:
        return b""
    again = 0 if plays == FOREVER else min(plays, _MOST_PLAYS) - 1
    return b"!\xff\x0bNETSCAPE2.0\x03\x01" + struct.pack("<HB", again, 0)


@frozen
class _Scene:
    """A picture that is shown for ``delay`` ms, ``before`` which another was."""

    picture: Picture  # opaque, or with alpha
    before: Picture | None
    delay: int

    @property
    def is_clear_somewhere(self) -> bool:
        return has_alpha(self.picture)


def _scenes(frames: Frames) -> Iterator[_Scene]:
    scene: _Scene | None = None
    for frame in frames:
        picture = _simplified(frame)
        if scene is not None and scene.picture.mode == picture.mode and _changed(scene.picture, picture) is None:
            scene = evolve(scene, delay=scene.delay + frame.delay)
            continue
        if scene is not None:
            yield scene
        scene = _Scene(picture, scene.picture if scene is not None else None, frame.delay)
    if scene is not None:
        yield scene


def _simplified(frame: Frame) -> Picture:
    """In RGB where nothing is transparent, else in RGBA."""
    picture = frame.picture
    is_opaque = not has_alpha(picture) or _unseen(picture).getbbox() is None
    return in_mode(picture, "RGB" if is_opaque else "RGBA")


def _with_next(scenes: Iterator[_Scene]) -> Iterator[tuple[_Scene, bool]]:
    """Each with whether it must be cleared away, since the next is transparent somewhere."""
    scene = next(scenes)
    for following in scenes:
        yield scene, following.is_clear_somewhere
        scene = following
    yield scene, scene.is_clear_somewhere


def _drawn(scene: _Scene, is_cleared: bool) -> bytes:
    delay, disposal = 10 * centiseconds(scene.delay), _CLEARED if is_cleared else _STAYS
    picture, before = scene.picture, scene.before
    if scene.is_clear_somewhere:
        indexed, unseen = _masked(in_mode(picture, "RGB"), _unseen(picture))
        return _written(indexed, (0, 0), duration=delay, disposal=disposal, transparency=unseen)
    # What is cleared must cover all that was drawn before.
    if before is None or has_alpha(before) or is_cleared:
        indexed, place = _with_place(picture)
        return _written(indexed, (0, 0), duration=delay, disposal=disposal, **place)
    changed = _changed(before, picture)
    box = changed.getbbox() if changed is not None else None
    assert changed is not None
    assert box is not None
    picture, same = picture.crop(box), ImageChops.invert(changed.crop(box))
    if same.getbbox() is None:
        return _written(_with_palette(picture, _COLORS), box[:2], duration=delay, disposal=disposal)
    indexed, unseen = _masked(picture, same)
    return _written(indexed, box[:2], duration=delay, disposal=disposal, transparency=unseen)


def _written(indexed: Image.Image, place: tuple[int, int], **control: int) -> bytes:
    return b"".join(GifImagePlugin.getdata(indexed, place, include_color_table=True, **control))


def _changed(before: Picture, after: Picture) -> Image.Image | None:
    """255 where two pictures of one mode differ, 0 elsewhere; None where they do not differ at all."""
    if ImageChops.difference(before, after).getbbox(alpha_only=False) is None:
        return None
    differing = Image.new("L", after.size)
    for band in ImageChops.difference(before, after).split():
        differing = ImageChops.lighter(differing, band)
    return differing.point([0] + [255] * 255)


def _unseen(picture: Picture) -> Image.Image:
    return picture.getchannel("A").point([255 * (value < _OPAQUE_FROM) for value in range(256)])


def _masked(picture: Picture, unseen: Image.Image, sample: int = _SAMPLE_OF_FRAME) -> tuple[Image.Image, int]:
    """With one place of the palette for what is not to be seen; which place that is."""
    seen = unseen.tobytes().find(0)
    if seen >= 0:
        # So that colours which nobody sees take no place of those that somebody does.
        color = picture.getpixel((seen % picture.width, seen // picture.width))
        assert isinstance(color, tuple)
        picture = picture.copy()
        picture.paste(color, (0, 0, *picture.size), unseen)
    indexed = _with_palette(picture, _COLORS - 1, sample)
    shades = (indexed.getpalette() or [])[: (_COLORS - 1) * 3]
    place = len(shades) // 3
    indexed.putpalette([*shades, 0, 0, 0])
    indexed.paste(place, mask=unseen)
    return indexed, place


def _with_place(picture: Picture) -> tuple[Image.Image, dict[str, int]]:
    """With a place of the palette for what is not to be seen, though all is, unless colours take all places.

    Some readers clear only to what is not seen in that frame, or in the first.
    """
    colors = picture.getcolors(_COLORS)
    if colors is not None and len(colors) == _COLORS:
        return _with_palette(picture, _COLORS), {}
    indexed, unseen = _masked(picture, Image.new("L", picture.size))
    return indexed, {"transparency": unseen}


def _with_palette(picture: Picture, colors: int, sample: int = _SAMPLE_OF_FRAME) -> Image.Image:
    """Exactly the picture's colours where they are few enough, else the nearest, dithered."""
    if picture.getcolors(colors) is not None:
        return picture.quantize(colors, Image.Quantize.MEDIANCUT)
    size = min(picture.width, sample), min(picture.height, sample)
    seen = picture if size == picture.size else picture.resize(size, Image.Resampling.NEAREST)
    palette = seen.quantize(colors, Image.Quantize.MEDIANCUT)
    return picture.quantize(palette=palette, dither=Image.Dither.FLOYDSTEINBERG)
