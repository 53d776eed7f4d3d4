"""Where presets are kept; calls are as those of the other repositories."""

from collections.abc import Sequence
from typing import Protocol

from imgsvc.domain.preset import Preset, PresetName
from imgsvc.domain.user import UserId


class PresetRepository(Protocol):
    def put(self, preset: Preset, most: int) -> tuple[Preset, bool]:
        """Keep a preset, in place of its owner's older one of the same name, whose ``created_at`` stays.

        Returns what is kept, and whether it is new. Raises TooManyPresets where it would be new, and its owner has
        ``most`` already; UserNotFound.
        """

    def get(self, owner: UserId, name: PresetName) -> Preset:
        """Raises PresetNotFound."""

    def list_of(self, owner: UserId) -> Sequence[Preset]:
        """All of one user, by name."""

    def delete(self, owner: UserId, name: PresetName) -> bool:
        """False where there was none."""
