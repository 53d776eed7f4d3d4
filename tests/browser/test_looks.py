"""What holds for each page: it fits a telephone, names its controls, and needs no mouse."""

from uuid import uuid4

import pytest
from playwright.sync_api import expect

from tests.pictures import encoded, quadrants
from tests.servers import PASSWORD, running_server

PAGES = ("images", "image", "jobs", "presets", "keys", "webhooks", "webhook", "account")
IMPOSSIBLE = {"steps": [], "output": {"format": "jpeg", "max_bytes": 100}}  # no quality makes it that small
LONG = "quite-a-long-name-" * 3
SPEC = "rs:cover:400:300,gray,blur:2.5,rot:90,flip,f:webp,q:80"
# What is found on the page that would have a screen reader say "button" and nothing else.
NAMELESS = """() => [...document.querySelectorAll("a, button, input, select, textarea, summary, meter, progress")]
    .filter((one) => one.checkVisibility() && one.type !== "hidden")
    .filter((one) => {
        const labels = [one.ariaLabel, ...[...(one.labels ?? [])].map((label) => label.textContent)];
        const content = one.matches("a, button, summary") ? [one.textContent] : [];
        return ![...labels, ...content].some((name) => name?.trim());
    })
    .map((one) => one.outerHTML)"""
OVERFLOW = """() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    const isWide = (one) => one.getBoundingClientRect().right > clientWidth;
    const wide = [...document.querySelectorAll("main *")].filter(isWide).map((one) => one.outerHTML.slice(0, 80));
    return scrollWidth > clientWidth ? [scrollWidth, ...wide] : [];
}"""


@pytest.fixture(scope="module")
def embedded_server(tmp_path_factory):
    """One that may call loopback."""
    settings = {"OUTBOUND_NETWORKS": "127.0.0.1/32", "WEBHOOK_RETRY_SECONDS": "0,3600", "RENDER_IN": "process"}
    with running_server(tmp_path_factory.mktemp("looks") / "data", **settings) as server:
        yield server


@pytest.fixture
def paths(studio):
    """Where each page is, each with something on it."""
    image_id = studio.upload(encoded(quadrants()), f"{LONG}.png")
    described = {"description": LONG * 3, "tags": [LONG, "short"]}
    studio.client.patch(f"/v1/images/{image_id}", json=described).raise_for_status()
    url = f"http://127.0.0.1:1024/{LONG}"
    webhook = studio.client.post("/v1/webhooks", json={"url": url}).raise_for_status().json()["webhook"]["id"]
    for spec in ({"rotate": 90}, IMPOSSIBLE):
        asked = studio.client.post(f"/v1/images/{image_id}/transform?mode=async", json=spec).raise_for_status().json()
        studio.client.get(f"/v1/jobs/{asked['id']}?wait=30").raise_for_status()
    studio.client.put(f"/v1/presets/{LONG}", json={"t": SPEC}).raise_for_status()
    studio.client.post("/v1/api-keys", json={"name": LONG, "scopes": ["read", "write"]}).raise_for_status()
    spelled = {"image": f"/images/{image_id}?t={SPEC}", "webhook": f"/webhooks/{webhook}"}
    return [spelled.get(page, f"/{page}") for page in PAGES]


def opened(studio, path):
    """Go there, and wait until all of it is shown."""
    studio.go(path)
    expect(studio.page.locator(".loading")).to_have_count(0)
    if path.startswith("/images/"):
        studio.sees_the_result()
        expect(studio.page.get_by_role("heading", name="Made of it")).to_be_visible()
    elif path == "/images":
        expect(studio.images()).to_have_count(1)
    elif path != "/account":
        expect(studio.page.get_by_role("row").nth(1)).to_be_visible()


def on_each(studio, paths, script):
    """What a script finds there, where it finds anything."""
    found = {}
    for path in paths:
        opened(studio, path)
        found[path] = studio.page.evaluate(script)
    return {path: each for path, each in found.items() if each}


def test_no_page_is_wider_than_a_telephone(studio, paths):
    studio.page.set_viewport_size({"width": 400, "height": 800})

    found = on_each(studio, paths, OVERFLOW)

    assert found == {}


def test_pictures_in_tables_are_small_and_a_heading_for_buttons_is_not_seen(studio, paths):
    opened(studio, "/jobs")

    pictures = studio.page.get_by_role("link", name="The image of this job").locator("img")
    assert pictures.first.bounding_box()["width"] < 50
    assert studio.page.get_by_text("Actions", exact=True).bounding_box()["width"] <= 1


def test_a_colour_can_be_chosen_on_a_telephone(studio):
    studio.page.set_viewport_size({"width": 400, "height": 800})
    studio.edit(studio.upload(encoded(quadrants())), "w:20")

    well = studio.page.get_by_label("Background, chosen by eye")

    assert well.bounding_box()["width"] > 30


def test_every_control_has_a_name(studio, paths):
    found = on_each(studio, paths, NAMELESS)

    assert found == {}


def test_every_control_of_every_step_has_a_name(studio):
    studio.edit(studio.upload(encoded(quadrants())))
    steps = studio.page.get_by_label("Add a step")
    known = [value for value in steps.locator("option").evaluate_all("(all) => all.map((one) => one.value)") if value]
    studio.may_be_refused(422)  # some steps want more than their start

    for operation in known:
        steps.select_option(operation)
    studio.page.get_by_text("Output", exact=True).click()

    expect(studio.steps()).to_have_count(len(known))
    assert studio.page.evaluate(NAMELESS) == []


def test_somebody_without_a_mouse_signs_in_opens_an_image_and_adds_a_step(door):
    account = door.server.account(name := f"ada-{uuid4().hex[:12]}")
    with account.client:
        account.upload(encoded(quadrants()), "mine.png")
    keyboard = door.page.keyboard
    expect(door.page.get_by_label("User name")).to_be_focused()
    keyboard.type(name)
    keyboard.press("Tab")
    keyboard.type(PASSWORD)
    keyboard.press("Enter")
    expect(door.images()).to_have_count(1)

    tab_to(door, door.images())
    keyboard.press("Enter")
    expect(door.page.get_by_role("heading", name="mine.png")).to_be_visible()
    tab_to(door, door.page.get_by_label("Add a step"))
    keyboard.type("Rot")
    expect(door.steps()).to_have_count(0)  # what was passed on the way there is not wanted
    keyboard.press("Enter")

    expect(door.steps().get_by_role("heading", name="Rotate")).to_be_visible()
    expect(door.steps().get_by_role("spinbutton", name="Degrees")).to_be_focused()
    keyboard.press("ControlOrMeta+a")
    keyboard.type("270")
    door.sees(20, 40)


def tab_to(door, control):
    """By the key alone; fails where it does not lead there."""
    for _ in range(60):
        if control.evaluate("(one) => one === document.activeElement"):
            return
        door.page.keyboard.press("Tab")
    raise AssertionError(f"no way to {control}")


def test_the_first_key_leads_past_the_bar(studio):
    expect(studio.page.get_by_text("0 images", exact=True)).to_be_visible()

    studio.page.keyboard.press("Tab")
    studio.page.keyboard.press("Enter")

    expect(studio.page.get_by_role("main")).to_be_focused()
