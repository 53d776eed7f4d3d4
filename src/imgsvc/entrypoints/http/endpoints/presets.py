"""Presets: specs under names."""

from datetime import datetime
from typing import Any

from attrs import frozen

from imgsvc.application.use_cases import UseCases
from imgsvc.domain.errors import PresetNotFound, TooManyPresets
from imgsvc.domain.notation import compact
from imgsvc.domain.plain_data import canonical
from imgsvc.domain.preset import Preset, PresetName
from imgsvc.domain.transform import TransformSpec
from imgsvc.domain.user import User
from imgsvc.entrypoints.http.endpoint import Answer, endpoint


@frozen(kw_only=True)
class PresetView:
    name: str
    spec: dict[str, Any]  # canonical
    spec_id: str
    compact: str
    created_at: datetime
    changed_at: datetime

    @classmethod
    def of(cls, preset: Preset) -> "PresetView":
        return cls(
            name=preset.name,
            spec=canonical(preset.spec),
            spec_id=preset.spec.id,
            compact=compact(preset.spec),
            created_at=preset.created_at,
            changed_at=preset.changed_at,
        )


@frozen(kw_only=True)
class PresetListView:
    items: tuple[PresetView, ...]


@endpoint("GET", "/v1/presets", tag="presets")
def list_presets(use_cases: UseCases, caller: User) -> PresetListView:
    """All of your presets, by name; there are a hundred at most."""
    return PresetListView(items=tuple(PresetView.of(one) for one in use_cases.list_presets(caller.id)))


@endpoint(
    "PUT",
    "/v1/presets/{name}",
    tag="presets",
    also={201: "It was made"},
    raises=(TooManyPresets,),
)
def put_preset(use_cases: UseCases, caller: User, name: PresetName, body: TransformSpec) -> Answer[PresetView]:
    """Give a spec a name: `t=p:name` and `{"preset": "name"}` mean it from then on."""
    preset, is_new = use_cases.put_preset(caller.id, name, body)
    return Answer(PresetView.of(preset), 201 if is_new else 200, {"Location": f"/v1/presets/{name}"} if is_new else {})


@endpoint("GET", "/v1/presets/{name}", tag="presets", raises=(PresetNotFound,))
def get_preset(use_cases: UseCases, caller: User, name: PresetName) -> PresetView:
    """One preset."""
    return PresetView.of(use_cases.get_preset(caller.id, name))


@endpoint("DELETE", "/v1/presets/{name}", tag="presets", status=204, raises=(PresetNotFound,))
def delete_preset(use_cases: UseCases, caller: User, name: PresetName) -> None:
    """Forget a preset; what was made by it stays."""
    use_cases.delete_preset(caller.id, name)


ENDPOINTS = (list_presets, put_preset, get_preset, delete_preset)
