"""What every PresetRepository does."""

import pytest
from attrs import evolve

from imgsvc.domain.errors import PresetNotFound, TooManyPresets, UserNotFound
from imgsvc.domain.notation import parse
from imgsvc.domain.preset import Preset
from tests.entities import NOW, a_user, later

MANY = 100


@pytest.fixture
def presets(repositories):
    return repositories.presets


@pytest.fixture
def owner(repositories):
    owner = a_user()
    repositories.users.add(owner)
    return owner


def a_preset(owner, name="card", text="w:300", at=NOW):
    return Preset(owner=owner.id, name=name, spec=parse(text), created_at=at, changed_at=at)


def test_what_is_put_is_kept(presets, owner):
    preset = a_preset(owner)

    assert presets.put(preset, MANY) == (preset, True)
    assert presets.get(owner.id, "card") == preset


def test_what_is_put_again_takes_the_place_of_what_there_was(presets, owner):
    presets.put(a_preset(owner), MANY)
    newer = a_preset(owner, text="gray", at=later(5))

    kept, is_new = presets.put(newer, MANY)

    assert (kept, is_new) == (evolve(newer, created_at=NOW), False)
    assert presets.list_of(owner.id) == [kept]


def test_a_list_is_sorted_by_name_and_has_ones_own_alone(repositories, presets, owner):
    other = a_user()
    repositories.users.add(other)
    for name in ("b", "a-b", "a", "ab", "9"):
        presets.put(a_preset(owner, name), MANY)
    presets.put(a_preset(other, "a"), MANY)

    assert [one.name for one in presets.list_of(owner.id)] == ["9", "a", "a-b", "ab", "b"]


def test_there_are_no_more_than_so_many_and_those_can_be_changed(presets, owner):
    presets.put(a_preset(owner, "a"), 1)

    with pytest.raises(TooManyPresets):
        presets.put(a_preset(owner, "b"), 1)

    assert presets.put(a_preset(owner, "a", "gray"), 1)[1] is False


def test_what_is_deleted_is_gone(presets, owner):
    presets.put(a_preset(owner), MANY)

    assert (presets.delete(owner.id, "card"), presets.delete(owner.id, "card")) == (True, False)
    with pytest.raises(PresetNotFound):
        presets.get(owner.id, "card")


def test_a_preset_of_nobody_is_not_kept(presets):
    with pytest.raises(UserNotFound):
        presets.put(a_preset(a_user()), MANY)


def test_a_change_and_an_end_are_noted_for_others_who_remember(repositories, presets, owner):
    presets.put(a_preset(owner), MANY)

    assert owner.id in repositories.invalidations.within(later(3600) - NOW)
