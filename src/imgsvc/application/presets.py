"""Presets: specs under a name of their owner's."""

from collections.abc import Sequence

from attrs import frozen

from imgsvc.application.planning import PlanRendering
from imgsvc.domain.errors import PresetNotFound, UnknownPreset
from imgsvc.domain.preset import MAX_PRESETS, FromPreset, Preset, PresetName
from imgsvc.domain.transform import TransformSpec
from imgsvc.domain.user import UserId
from imgsvc.ports.clock import Clock
from imgsvc.ports.presets import PresetRepository


@frozen
class PutPreset:
    """Give a spec a name, or a name another spec."""

    presets: PresetRepository
    plan: PlanRendering
    clock: Clock

    def __call__(self, caller: UserId, name: PresetName, spec: TransformSpec) -> tuple[Preset, bool]:
        """What is kept, and whether it is new. Raises InvalidInput, TooManyPresets."""
        self.plan.must_be_doable(caller, spec)
        now = self.clock()
        preset = Preset(owner=caller, name=name, spec=spec, created_at=now, changed_at=now)
        return self.presets.put(preset, MAX_PRESETS)


@frozen
class GetPreset:
    """One preset."""

    presets: PresetRepository

    def __call__(self, caller: UserId, name: PresetName) -> Preset:
        """Raises PresetNotFound."""
        return self.presets.get(caller, name)


@frozen
class ListPresets:
    """What the caller has given names."""

    presets: PresetRepository

    def __call__(self, caller: UserId) -> Sequence[Preset]:
        """All of the caller's, by name."""
        return self.presets.list_of(caller)


@frozen
class DeletePreset:
    """Take the name from a spec."""

    presets: PresetRepository

    def __call__(self, caller: UserId, name: PresetName) -> None:
        """What was made by it stays. Raises PresetNotFound."""
        if not self.presets.delete(caller, name):
            raise PresetNotFound(f"no preset {name}")


@frozen
class ResolveSpec:
    """The spec that somebody means, whether he gave it or named it."""

    presets: PresetRepository

    def __call__(self, caller: UserId, given: TransformSpec | FromPreset) -> TransformSpec:
        """Raises UnknownPreset, and InvalidInput where what was added does not go with the preset."""
        if isinstance(given, TransformSpec):
            return given
        try:
            return given.resolved(self.presets.get(caller, given.name))
        except PresetNotFound:
            raise UnknownPreset(f"you have no preset {given.name}", value=given.name) from None
