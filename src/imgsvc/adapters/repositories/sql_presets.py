"""Presets in a SQL database."""

import json
from collections.abc import Sequence
from typing import Any

from attrs import evolve, frozen
from sqlalchemy import Engine, Row, delete, func, insert, select, update

from imgsvc.adapters.repositories.sql_invalidations import note_invalidation
from imgsvc.adapters.repositories.tables import presets, users
from imgsvc.adapters.repositories.transactions import reading, repeated_if_overtaken, writing
from imgsvc.domain.errors import PresetNotFound, TooManyPresets, UserNotFound
from imgsvc.domain.plain_data import read
from imgsvc.domain.preset import Preset, PresetName
from imgsvc.domain.transform import TransformSpec
from imgsvc.domain.user import UserId


@frozen
class SqlPresets:
    engine: Engine

    @repeated_if_overtaken
    def put(self, preset: Preset, most: int) -> tuple[Preset, bool]:
        is_it = (presets.c.owner == preset.owner, presets.c.name == preset.name)
        with writing(self.engine) as connection:
            # Who puts another one at the same time waits here, so that they are counted.
            owner = select(users.c.id).where(users.c.id == preset.owner).with_for_update()
            if connection.execute(owner).one_or_none() is None:
                raise UserNotFound(f"no user {preset.owner}")
            # Answers that were remembered by its name are those of the older one.
            note_invalidation(connection, preset.owner)
            change = update(presets).where(*is_it)
            change = change.values(spec=preset.spec.canonical_json, changed_at=preset.changed_at)
            changed = connection.execute(change.returning(presets.c.created_at)).scalar_one_or_none()
            if changed is not None:
                return evolve(preset, created_at=changed), False
            count = select(func.count()).where(presets.c.owner == preset.owner)
            if connection.execute(count).scalar_one() >= most:
                raise TooManyPresets(f"you have {most} presets already, and may have no more")
            connection.execute(insert(presets).values(_row(preset)))
            return preset, True

    def get(self, owner: UserId, name: PresetName) -> Preset:
        query = select(presets).where(presets.c.owner == owner, presets.c.name == name)
        with reading(self.engine) as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            raise PresetNotFound(f"no preset {name}")
        return _preset(row)

    def list_of(self, owner: UserId) -> Sequence[Preset]:
        query = select(presets).where(presets.c.owner == owner)
        with reading(self.engine) as connection:
            found = [_preset(row) for row in connection.execute(query)]
        return sorted(found, key=lambda preset: preset.name)  # databases differ in how they sort text

    @repeated_if_overtaken
    def delete(self, owner: UserId, name: PresetName) -> bool:
        removal = delete(presets).where(presets.c.owner == owner, presets.c.name == name)
        with writing(self.engine) as connection:
            note_invalidation(connection, owner)
            return connection.execute(removal).rowcount > 0


def _row(preset: Preset) -> dict[str, Any]:
    return {
        "owner": preset.owner,
        "name": preset.name,
        "spec": preset.spec.canonical_json,
        "created_at": preset.created_at,
        "changed_at": preset.changed_at,
    }


def _preset(row: Row[Any]) -> Preset:
    return Preset(
        owner=row.owner,
        name=row.name,
        spec=read(TransformSpec, json.loads(row.spec)),
        created_at=row.created_at,
        changed_at=row.changed_at,
    )
