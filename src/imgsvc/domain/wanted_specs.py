"""What a request may want of an image: one spec, which may begin with a preset, or several."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NewType, TypeAlias

from attrs import field, frozen

from imgsvc.domain import dialects, notation
from imgsvc.domain.errors import (
    ConflictingParameters,
    InvalidInput,
    InvalidParameter,
    Path,
    UnknownParameter,
    unknown,
)
from imgsvc.domain.field_rules import Each, is_text
from imgsvc.domain.preset import FromPreset, PresetName, name_rule
from imgsvc.domain.transform import SpecChanges, TransformSpec
from imgsvc.domain.wording import shortened

MAX_SPECS = 20  # of one request
_KEY = "preset"
_SEVERAL = "specs"
_COMPACT = "t"  # the key, and the parameter, of the compact form


@frozen
class WantedSpec:
    """A spec or a preset, and where it stands in the request: in its body, or in a parameter."""

    given: TransformSpec | FromPreset
    place: Path = ()
    parameter: str | None = None

    def told_there(self, error: InvalidInput) -> InvalidInput:
        """What is wrong with it, by its place, from which the path leads on into the spec as JSON."""
        return error.under(*self.place) if self.parameter is None else error.of(self.parameter)

    @contextmanager
    def refused_there(self) -> Iterator[None]:
        """What is wrong with it is told by its place."""
        try:
            yield
        except InvalidInput as error:
            raise self.told_there(error) from None


@frozen
class SeveralSpecs:
    """Specs that are wanted of one image at once, in this order."""

    specs: tuple[WantedSpec, ...]


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
    if word != notation.PRESET:
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


def read_any(plain: object, *place: str | int) -> WantedSpec:
    """A spec in any shape, and its ``place``: JSON, the compact form, or an object that has nothing but that as ``t``.

    Raises InvalidInput with the path from that place on.
    """
    try:
        if isinstance(plain, str):
            return WantedSpec(read_compact(plain), place)
        if isinstance(plain, Mapping) and _COMPACT in plain:
            return WantedSpec(_read_compact_alone(plain), (*place, _COMPACT))
        return WantedSpec(read_json(plain), place)
    except InvalidInput as error:
        raise error.under(*place) from None


def _read_compact_alone(plain: Mapping[str, Any]) -> TransformSpec | FromPreset:
    other = next((key for key in plain if key != _COMPACT), None)
    if other is not None:
        detail = f"{shortened(other)} cannot stand beside t, which is a whole spec"
        raise ConflictingParameters(detail, path=(other,), value=plain[other], allowed="t alone, or no t")
    text = plain[_COMPACT]
    if not is_text(text):
        allowed = "text: a spec in the compact form"
        raise InvalidParameter(f"t must be {allowed}", path=(_COMPACT,), value=text, allowed=allowed)
    try:
        return read_compact(text)
    except InvalidInput as error:
        raise error.under(_COMPACT) from None


def read_one_or_several(plain: object) -> WantedSpec | SeveralSpecs:
    """What ``read_any`` reads, or an object whose ``specs`` is a list of such.

    Raises InvalidInput with the path in that shape.
    """
    if not isinstance(plain, Mapping) or _SEVERAL not in plain:
        return read_any(plain)
    other = next((key for key in plain if key != _SEVERAL), None)
    if other is not None:
        raise unknown(UnknownParameter, "parameter", other, [_SEVERAL]).under(other)
    given = plain[_SEVERAL]
    if not isinstance(given, list) or not 1 <= len(given) <= MAX_SPECS:
        allowed = f"a list of 1 to {MAX_SPECS} specs"
        raise InvalidParameter(f"{_SEVERAL} must be {allowed}", path=(_SEVERAL,), value=given, allowed=allowed)
    return SeveralSpecs(tuple(read_any(one, _SEVERAL, index) for index, one in enumerate(given)))


def read_query(pairs: list[tuple[str, str]]) -> WantedSpec:
    """A query string, whose ``t`` may begin with a preset. Raises InvalidInput."""
    if len(pairs) == 1 and pairs[0][0] == _COMPACT:
        try:
            return WantedSpec(read_compact(pairs[0][1]), parameter=_COMPACT)
        except InvalidInput as error:
            raise error.of(_COMPACT) from None
    return WantedSpec(dialects.read_query(pairs))
