"""What a request may want of an image: one spec, which may begin with a preset, or several."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NewType, TypeAlias

from attrs import field, frozen

from imgsvc.domain import dialects, notation
from imgsvc.domain.errors import InvalidInput, InvalidParameter, Path, UnknownParameter, unknown
from imgsvc.domain.field_rules import Each
from imgsvc.domain.preset import FromPreset, PresetName, name_rule
from imgsvc.domain.transform import SpecChanges, TransformSpec

MAX_SPECS = 20  # of one request
_KEY = "preset"
_SEVERAL = "specs"
_COMPACT = "p"


@frozen
class SeveralSpecs:
    """Specs that are wanted of one image at once, in this order."""

    specs: tuple[TransformSpec | FromPreset, ...]


@frozen
class WantedSpec:
    """A spec or a preset, and where it stands in the request."""

    given: TransformSpec | FromPreset
    place: Path = ()

    @contextmanager
    def refused_there(self) -> Iterator[None]:
        """What is wrong with it is told by its place."""
        try:
            yield
        except InvalidInput as error:
            raise error.under(*self.place) from None


@frozen(kw_only=True)
class NamedPresets:
    """Presets that a new image is wanted by, each once."""

    presets: tuple[PresetName, ...] = field(default=(), validator=Each(name_rule, MAX_SPECS))

    @property
    def wanted(self) -> list[WantedSpec]:
        return [WantedSpec(FromPreset(name), ("presets", index)) for index, name in enumerate(self.presets)]


AnySpec = NewType("AnySpec", object)  # as it was given, in any shape, and not read yet
OneOrSeveral: TypeAlias = TransformSpec | SeveralSpecs


def read_compact(text: str) -> TransformSpec | FromPreset:
    """The compact form, which may begin with ``p:name``. Raises InvalidInput with the position of the segment."""
    first, _, rest = text.partition(",")
    word, _, name = first.partition(":")
    if word != _COMPACT:
        return notation.parse(text)
    try:
        changes = notation.parse_changes(rest)
    except InvalidInput as error:
        if error.position is not None:
            error.position += len(first) + 1
        raise
    try:
        return FromPreset(PresetName(name), changes)
    except InvalidInput as error:
        raise error.moved_to().at(0) from None


def read_json(plain: object) -> TransformSpec | FromPreset:
    """JSON in any shape; an object may name its ``preset``. Raises InvalidInput with the path in that shape."""
    if not isinstance(plain, Mapping) or _KEY not in plain:
        return dialects.read_spec(plain)
    rest: dict[str, Any] = {key: value for key, value in plain.items() if key != _KEY}
    changes = dialects.read_changes(rest) if rest else SpecChanges()
    try:
        return FromPreset(plain[_KEY], changes)
    except InvalidInput as error:
        raise error.moved_to(_KEY) from None


def read_one_or_several(plain: object) -> TransformSpec | FromPreset | SeveralSpecs:
    """What ``read_json`` reads, or an object whose ``specs`` is a list of such, or of compact forms.

    Raises InvalidInput with the path in that shape.
    """
    if not isinstance(plain, Mapping) or _SEVERAL not in plain:
        return read_json(plain)
    other = next((key for key in plain if key != _SEVERAL), None)
    if other is not None:
        raise unknown(UnknownParameter, "parameter", other, [_SEVERAL]).under(other)
    given = plain[_SEVERAL]
    if not isinstance(given, list) or not 1 <= len(given) <= MAX_SPECS:
        allowed = f"a list of 1 to {MAX_SPECS} specs"
        raise InvalidParameter(f"{_SEVERAL} must be {allowed}", path=(_SEVERAL,), value=given, allowed=allowed)
    return SeveralSpecs(tuple(_one_of_several(index, one) for index, one in enumerate(given)))


def _one_of_several(index: int, plain: object) -> TransformSpec | FromPreset:
    with refused_under(index):
        return read_compact(plain) if isinstance(plain, str) else read_json(plain)


@contextmanager
def refused_under(index: int) -> Iterator[None]:
    """What is wrong with one of several specs is told by its place among them."""
    try:
        yield
    except InvalidInput as error:
        raise error.under(_SEVERAL, index) from None


def read_query(pairs: list[tuple[str, str]]) -> TransformSpec | FromPreset:
    """A query string, whose ``t`` may begin with a preset. Raises InvalidInput."""
    if len(pairs) == 1 and pairs[0][0] == "t":
        try:
            return read_compact(pairs[0][1])
        except InvalidInput as error:
            raise error.of("t") from None
    return dialects.read_query(pairs)
