"""Specs that begin with a preset, in each form."""

import pytest

from imgsvc.domain.errors import ConflictingParameters, InvalidInput, UnknownOperation
from imgsvc.domain.notation import parse, parse_changes
from imgsvc.domain.preset import FromPreset, Preset
from imgsvc.domain.wanted_specs import read_compact, read_json, read_query
from tests.entities import NOW, a_user

PRESET = Preset(owner=a_user().id, name="card", spec=parse("w:300,f:webp,q:80"), created_at=NOW, changed_at=NOW)


@pytest.mark.parametrize(
    ("given", "resolved"),
    [
        ("p:card", "w:300,f:webp,q:80"),
        ("p:card,gray", "w:300,gray,f:webp,q:80"),
        ("p:card,q:50", "w:300,f:webp,q:50"),
        ("p:card,f:png", "w:300,f:png"),
        ("p:card,blur:2,f:jpeg", "w:300,blur:2,f:jpeg,q:80"),
    ],
)
def test_what_follows_a_preset_is_done_after_it_and_output_options_replace_its_own(given, resolved):
    assert read_compact(given).resolved(PRESET) == parse(resolved)


@pytest.mark.parametrize(
    "given",
    [
        read_json({"preset": "all", "output": {"metadata": "copyright", "progressive": False, "icc": "srgb"}}),
        read_json({"preset": "all", "metadata": "copyright", "progressive": False, "icc": "srgb"}),
        read_json({"preset": "all", "transformations": {"metadata": "copyright", "progressive": False, "icc": "srgb"}}),
        read_compact("p:all,md:copyright,pr:0,icc:srgb"),
    ],
    ids=["native", "flat", "transformations", "compact"],
)
def test_an_option_of_a_preset_can_be_set_back_to_what_it_is_by_default(given):
    everything = Preset(
        owner=PRESET.owner, name="all", spec=parse("md:all,pr:1,icc:keep"), created_at=NOW, changed_at=NOW
    )

    assert given.resolved(everything) == parse("")


def test_a_preset_is_named_in_json_alone_or_beside_any_shape():
    assert read_json({"preset": "card"}) == FromPreset("card")
    assert read_json({"preset": "card", "grayscale": True}) == FromPreset("card", parse_changes("gray"))
    assert read_json({"preset": "card", "output": {"quality": 5}}) == FromPreset("card", parse_changes("q:5"))


def test_without_a_preset_everything_is_read_as_ever():
    assert read_compact("w:300") == parse("w:300")
    assert read_query([("t", "w:300")]).given == parse("w:300")
    assert read_json({"grayscale": True}) == parse("gray")


@pytest.mark.parametrize("name", ["", "A", "-a", "a" * 65, "a b", "ä", "a.b", "a\n", "a:b"])
def test_a_name_that_is_none_is_refused(name):
    with pytest.raises(InvalidInput) as refused:
        read_compact(f"p:{name}")

    assert (refused.value.position, refused.value.pointer) == (0, "")
    assert "a-z" in refused.value.allowed


@pytest.mark.parametrize("name", [None, 5, [], {}, "A"])
def test_a_name_in_json_that_is_none_is_refused(name):
    with pytest.raises(InvalidInput) as refused:
        read_json({"preset": name})

    assert refused.value.pointer == "/preset"


def test_what_is_wrong_behind_a_preset_is_told_where_it_stands():
    with pytest.raises(InvalidInput) as refused:
        read_compact("p:card,gray,blurr:3")

    assert refused.value.position == len("p:card,gray,")


@pytest.mark.parametrize(
    ("read", "text", "position"),
    [
        (read_compact, "w:20,p:card", 5),
        (read_compact, "p:card,gray,p:other", 12),
        (parse, "p:card", 0),
        (parse, "gray,p", 5),
    ],
)
def test_a_preset_where_none_can_be_is_told_as_that(read, text, position):
    with pytest.raises(UnknownOperation) as refused:
        read(text)

    assert "preset" in refused.value.detail
    assert (refused.value.position, refused.value.nearest) == (position, None)


def test_what_does_not_go_with_the_preset_is_refused():
    progressive = Preset(owner=PRESET.owner, name="x", spec=parse("f:jpeg,pr:1"), created_at=NOW, changed_at=NOW)

    with pytest.raises(ConflictingParameters):
        read_compact("p:x,f:webp").resolved(progressive)
