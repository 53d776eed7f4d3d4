"""The editor: a list of steps, and a line of text that means the same."""

import subprocess

import pytest
from playwright.sync_api import expect

from imgsvc import parse_spec
from imgsvc.domain.operations import OPERATIONS
from tests.animations import frames_of, moving, scenes
from tests.browser.visitor import Tokens
from tests.pictures import BLUE, RED, encoded, quadrants, textured
from tests.servers import running_server


@pytest.fixture
def picture(studio):
    """The id of an image of 400x200 pixels, in four colours."""
    return studio.upload(encoded(quadrants(400, 200)))


def pixels(picture, *places):
    return [picture.convert("RGB").getpixel(place) for place in places]


def sides(width, height):
    """As a card tells them."""
    return f"{width} \N{MULTIPLICATION SIGN} {height}"


def test_every_operation_can_be_chosen_and_makes_a_picture(studio, picture):
    studio.edit(picture)

    offered = studio.page.get_by_label("Add a step").locator("option").evaluate_all("all => all.map(one => one.value)")
    made = []
    for name in offered[1:]:
        step = studio.add(name)
        studio.sees_the_result()
        studio.page.get_by_alt_text("The result").evaluate("shown => shown.decode()")
        made += [one.op for one in parse_spec(studio.compact().input_value()).steps]
        step.get_by_role("button", name="Take it away").click()

    assert made == offered[1:]
    assert set(made) == set(OPERATIONS)


def test_steps_become_the_compact_form(studio, picture):
    studio.edit(picture)

    step = studio.add("resize")
    step.get_by_label("Width", exact=True).fill("50%")
    step.get_by_label("Height", exact=True).fill("60")
    step.get_by_label("Fit", exact=True).select_option("contain")
    studio.add("grayscale")

    studio.sees(200, 60)
    expect(studio.compact()).to_have_value("rs:contain:50p:60,gray")


def test_the_compact_form_becomes_steps_which_a_reload_keeps(studio, picture):
    studio.edit(picture)

    studio.write("rs:cover:120:90:fp:0.7:0.4,rot:-90:f80,f:png")
    studio.sees(90, 120)
    for _ in range(2):
        resize, rotate = studio.steps().nth(0), studio.steps().nth(1)
        expect(studio.steps()).to_have_count(2)
        expect(resize.get_by_label("Width", exact=True)).to_have_value("120")
        expect(resize.get_by_label("Height", exact=True)).to_have_value("90")
        expect(resize.get_by_label("Gravity", exact=True)).to_have_value("point")
        expect(resize.get_by_label("x of the point")).to_have_value("0.7")
        expect(rotate.get_by_role("spinbutton", name="Degrees")).to_have_value("270")
        expect(rotate.get_by_label("Background, chosen by eye")).to_have_value("#ff8800")
        expect(studio.page.get_by_label("Format", exact=True)).to_have_value("png")
        studio.page.reload()

    studio.sees(90, 120)


def test_what_is_downloaded_is_what_the_api_answers(studio, picture):
    with studio.page.expect_request(lambda request: "/content?t=flip" in request.url) as asked:
        studio.edit(picture, "flip,blur:3")
    accept = {"Accept": asked.value.headers["accept"]}

    downloaded = studio.downloaded()

    compact = studio.compact().input_value()
    answer = studio.client.get(f"/v1/images/{picture}/content", params={"t": compact}, headers=accept)
    assert downloaded == answer.raise_for_status().content


def test_a_wrong_value_is_told_beside_it_until_it_is_corrected(studio, picture):
    studio.may_be_refused(422)
    studio.edit(picture, "rot:90,px:20")
    size = studio.steps().last.locator("[data-name=size]")

    size.get_by_role("spinbutton").fill("1000")
    expect(size.get_by_role("alert")).to_contain_text("200")
    expect(studio.page.get_by_role("alert")).to_have_count(1)
    expect(studio.button("Download")).to_be_disabled()
    expect(studio.page.get_by_alt_text("The result")).to_have_js_property("naturalWidth", 200)
    size.get_by_role("spinbutton").fill("30")

    studio.sees_the_result()
    expect(studio.page.get_by_role("alert")).to_have_count(0)
    expect(studio.compact()).to_have_value("rot:90,px:30")


def test_a_wrong_compact_form_is_told_and_changes_no_step(studio, picture):
    studio.may_be_refused(422)
    studio.edit(picture, "rot:90")

    studio.write("rot:90,blurr:3")
    expect(studio.page.get_by_role("alert")).to_contain_text("did you mean 'blur'?")
    expect(studio.button("Download")).to_be_disabled()
    expect(studio.steps()).to_have_count(1)
    expect(studio.page.get_by_alt_text("The result")).to_have_js_property("naturalWidth", 200)
    studio.write("rot:90,blur:3")

    studio.sees_the_result()
    expect(studio.page.get_by_role("alert")).to_have_count(0)
    expect(studio.steps()).to_have_count(2)


def test_steps_are_done_in_their_order(studio, picture):
    studio.edit(picture, "crop:300:100@center,rot:90")
    sizes = studio.page.locator(".becomes")
    expect(sizes).to_have_text([sides(300, 100), sides(100, 300)])

    studio.steps().last.get_by_role("button", name="Move up").click()

    studio.sees(200, 100)
    expect(sizes).to_have_text([sides(200, 400), sides(200, 100)])
    assert studio.picture().size == (200, 100)


def test_a_step_is_moved_by_the_keyboard_as_far_as_it_goes(studio, picture):
    studio.edit(picture, "flip,mirror,rot:90")
    studio.steps().last.get_by_role("button", name="Move up").focus()

    studio.page.keyboard.press("Enter")
    studio.page.keyboard.press("Enter")

    expect(studio.compact()).to_have_value("rot:90,flip,mirror")
    expect(studio.steps().first.get_by_role("button", name="Move down")).to_be_focused()
    studio.sees_the_result()


def test_a_step_that_is_left_out_stays_and_does_nothing(studio, picture):
    studio.edit(picture, "flip,rot:90")

    studio.steps().first.get_by_role("button", name="Leave it out").click()
    expect(studio.compact()).to_have_value("rot:90")
    studio.sees_the_result()
    without = studio.picture()
    studio.steps().first.get_by_role("button", name="Do it").click()
    expect(studio.compact()).to_have_value("flip,rot:90")
    studio.sees_the_result()

    corners = ((5, 5), (190, 5))
    assert pixels(without, *corners) == [BLUE, RED]
    assert pixels(studio.picture(), *corners) == [RED, BLUE]


def test_what_takes_long_is_shown_once_its_job_is_done(enter, tmp_path):
    with running_server(tmp_path / "data", SYNC_MEGAPIXELS="0.01") as server:
        studio = enter(server, tokens=Tokens.of_a_new_account(server))
        studio.edit(studio.upload(encoded(textured(400, 300))))

        studio.write("rot:90,blur:2,f:png")
        studio.sees(300, 400)

        expect(studio.page.get_by_text("made in the background")).to_be_visible()
        assert studio.picture().size == (300, 400)
        assert [job["status"] for job in studio.client.get("/v1/jobs").json()["items"]] == ["ready", "ready"]


def test_a_preset_that_was_saved_serves_another_image(studio, picture):
    studio.edit(picture, "rs:cover:64:64,sepia:40,f:webp,q:70")

    studio.button("Save as preset …").click()
    studio.page.get_by_label("Name", exact=True).fill("brown")
    studio.button("Save").click()
    expect(studio.page.get_by_text("Saved: p:brown")).to_be_visible()
    studio.edit(studio.upload(encoded(textured(100, 100))))
    studio.page.get_by_label("Begin with a preset").select_option("brown")

    studio.sees(64, 64)
    expect(studio.compact()).to_have_value("rs:cover:64:64,sepia:40,f:webp,q:70")


def test_commands_for_use_elsewhere_make_the_same(studio, picture, tmp_path):
    studio.edit(picture, "wm:t.wqkgQWRh:center:0.8,rot:90,f:png")
    downloaded = studio.downloaded()

    studio.button("Use elsewhere …").click()
    curl, cli = studio.page.get_by_label("the command", exact=True).all_inner_texts()
    environment = {"TOKEN": studio.kept()["access"], "PATH": "/usr/bin:/bin"}
    subprocess.run(f"{curl} -sS --fail", shell=True, cwd=tmp_path, env=environment, check=True, timeout=30)

    assert (tmp_path / "picture").read_bytes() == downloaded
    assert cli == f"imgsvc transform source.jpg result.png --spec '{studio.compact().input_value()}'"


def test_what_moves_still_moves_when_it_is_downloaded(studio):
    studio.edit(studio.upload(moving("gif", scenes(4)), "moving.gif"), "rot:90")

    downloaded = studio.downloaded()

    assert [frame.size for frame in frames_of(downloaded)] == [(40, 60)] * 4
