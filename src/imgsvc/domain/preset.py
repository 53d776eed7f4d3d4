"""Preset: a spec that a user has given a name."""

from datetime import datetime
from typing import NewType

from attrs import field, frozen

from imgsvc.domain.field_rules import matches
from imgsvc.domain.transform import SpecChanges, TransformSpec
from imgsvc.domain.user import UserId

PresetName = NewType("PresetName", str)

MAX_PRESETS = 100  # of one user

name_rule = matches("[a-z0-9][a-z0-9_-]{0,63}", "1 to 64 of a-z, 0-9, - and _, the first a letter or digit")


@frozen(kw_only=True)
class Preset:
    """A name for a spec; what is made by the name is what is made by the spec."""

    owner: UserId
    name: PresetName = field(validator=name_rule)
    spec: TransformSpec
    created_at: datetime  # always with a time zone
    changed_at: datetime


@frozen
class FromPreset:
    """A spec that begins with a preset: ``changes`` has what is done after it, and output options over its own."""

    name: PresetName = field(validator=name_rule)
    changes: SpecChanges = SpecChanges()

    def resolved(self, preset: Preset) -> TransformSpec:
        """Raises InvalidInput where the two together are no spec."""
        return self.changes.after(preset.spec)
