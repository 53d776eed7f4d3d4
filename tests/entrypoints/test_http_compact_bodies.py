"""The compact form as `t`, wherever a body is a spec, and where it is told to be wrong; over a real socket."""

import json

import pytest

from tests.pictures import decoded, encoded, quadrants

PICTURE = encoded(quadrants())
GREY = {"resize": {"width": 10}, "grayscale": True, "format": "webp"}
T = {"t": "w:10,gray,f:webp"}


@pytest.fixture(scope="module")
def owner(server):
    account = server.account()
    with account.client:
        account.client.put("/v1/presets/card", json=T).raise_for_status()
        yield account


@pytest.fixture(scope="module")
def image(owner):
    return f"/v1/images/{owner.upload(PICTURE)}"


def asked(owner, image, where, spec):
    """The same spec, of each that takes one."""
    send = {
        "transform": lambda: owner.client.post(f"{image}/transform", json=spec),
        "specs": lambda: owner.client.post(f"{image}/transform", json={"specs": ["flip", spec]}),
        "plan": lambda: owner.client.post(f"{image}/plan", json=spec),
        "preset": lambda: owner.client.put("/v1/presets/other", json=spec),
        "links": lambda: owner.client.post(f"{image}/links", json=spec),
        "link's spec": lambda: owner.client.post(f"{image}/links", json={"spec": spec}),
        "job": lambda: owner.client.post(
            "/v1/jobs", files={"file": ("a.png", PICTURE)}, data={"spec": json.dumps(spec)}
        ),
    }
    return send[where]()


PLACES = {
    "transform": "",
    "specs": "/specs/1",
    "plan": "",
    "preset": "",
    "links": "",
    "link's spec": "/spec",
    "job": "/spec",
}


@pytest.mark.parametrize("spec", [T, {"t": "p:card"}], ids=["steps", "preset"])
@pytest.mark.parametrize("path", ["transform", "plan"])
def test_a_body_may_be_the_compact_form(owner, image, path, spec):
    written, named = (owner.client.post(f"{image}/{path}", json=one).json() for one in (spec, GREY))

    assert (written["spec_id"], written["compact"]) == (named["spec_id"], "rs:inside:10,gray,f:webp")


def test_one_of_several_specs_may_be_the_compact_form(owner, image):
    items = asked(owner, image, "specs", T).json()["items"]

    assert [item["compact"] for item in items] == ["flip", "rs:inside:10,gray,f:webp"]


def test_a_preset_may_be_put_in_compact_form(owner):
    answer = owner.client.put("/v1/presets/more", json={"t": "p:card,flip"})

    assert (answer.status_code, answer.json()["compact"]) == (201, "rs:inside:10,gray,flip,f:webp")


def test_the_spec_of_a_job_may_be_the_compact_form_in_json(owner, image):
    job = asked(owner, image, "job", T).json()
    result = owner.client.get(f"/v1/jobs/{job['id']}?wait=30").json()["result_url"]

    assert decoded(owner.client.get(result).content).size == (10, 5)


@pytest.mark.parametrize("where", [one for one in PLACES if one != "links"])
@pytest.mark.parametrize(
    ("spec", "code", "pointer"),
    [
        ({"t": "w:10", "steps": []}, "conflicting_parameters", "/steps"),
        ({"t": "w:10", "preset": "card"}, "conflicting_parameters", "/preset"),
        ({"grayscale": True, "t": "w:10"}, "conflicting_parameters", "/grayscale"),
        ({"t": None}, "invalid_parameter", "/t"),
        ({"t": ["w:10"]}, "invalid_parameter", "/t"),
    ],
    ids=str,
)
def test_a_body_in_compact_form_says_nothing_else(owner, image, where, spec, code, pointer):
    problem = asked(owner, image, where, spec).json()

    assert (problem["status"], problem["code"], problem["pointer"]) == (422, code, PLACES[where] + pointer)
    assert problem["allowed"]


@pytest.mark.parametrize("where", PLACES)
@pytest.mark.parametrize(
    ("t", "code", "pointer", "position"),
    [
        ("gray,greay", "unknown_operation", "/t", 5),
        ("gray,w:0", "invalid_parameter", "/t/steps/1/width", 5),
        ("p:no-such", "unknown_preset", "/t", None),
        ("p:card,blur:0", "invalid_parameter", "/t/steps/0/sigma", 7),
    ],
    ids=lambda value: str(value),
)
def test_what_is_wrong_in_a_compact_form_is_told_below_it(owner, image, where, t, code, pointer, position):
    problem = asked(owner, image, where, {"t": t}).json()

    assert (problem["status"], problem["code"], problem["pointer"]) == (422, code, PLACES[where] + pointer)
    assert problem.get("position") == position


@pytest.mark.parametrize("where", [one for one in PLACES if one != "preset"])
def test_what_does_not_fit_the_picture_is_told_below_it_too(owner, image, where):
    problem = asked(owner, image, where, {"t": "gray,crop:900:900:5:5"}).json()

    assert (problem["code"], problem["pointer"]) == ("crop_out_of_bounds", f"{PLACES[where]}/t/steps/1/x")


@pytest.mark.parametrize("t", ["w:0", "crop:900:900:5:5", "p:no-such", "p:card,crop:900:900:5:5", "greay"])
def test_what_is_wrong_in_a_query_names_its_parameter(owner, image, t):
    problem = owner.client.get(f"{image}/content?t={t}").json()

    assert (problem["status"], problem["parameter"]) == (422, "t")


@pytest.mark.parametrize(
    ("wanted", "pointer"),
    [
        ({"t": "rs:cover:10:500,el:1", "widths": [8000]}, "/t/steps/0"),
        ({"spec": "rs:cover:10:500,el:1", "widths": [8000]}, "/spec/steps/0"),
        ({"t": "f:jpeg,pr:1", "formats": ["png", "webp"]}, "/formats/1"),
    ],
    ids=str,
)
def test_what_no_link_of_the_family_can_show_is_told_by_its_place(owner, image, wanted, pointer):
    answer = owner.client.post(f"{image}/links", json=wanted)

    assert (answer.status_code, answer.json()["pointer"]) == (422, pointer)
