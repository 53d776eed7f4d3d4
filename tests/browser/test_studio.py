"""What everybody does in the studio, wherever the service runs."""

from uuid import uuid4

import httpx
import pytest
from playwright.sync_api import expect

from tests.browser.visitor import chosen_file
from tests.pictures import BLUE, RED, decoded, encoded, quadrants, solid
from tests.servers import PASSWORD

pytestmark = pytest.mark.on_every_deployment


def test_somebody_opens_an_account_uploads_pictures_and_sees_them_newest_first(door):
    door.page.get_by_role("button", name="Open one").click()
    door.page.get_by_label("User name").fill(f"ada-{uuid4().hex[:12]}")
    door.page.get_by_label("Password").fill(PASSWORD)
    door.button("Open the account").click()

    for name, color in (("first.png", BLUE), ("second.png", RED)):
        door.page.locator("input[type=file]").set_input_files(chosen_file(name, encoded(solid(color, 400, 400))))
        expect(door.images().first).to_contain_text(name)

    expect(door.images().locator("strong")).to_have_text(["second.png", "first.png"])
    expect(door.page.get_by_text("2 images", exact=True)).to_be_visible()
    expect(door.page.get_by_alt_text("second.png")).to_have_js_property("naturalWidth", 320)


def test_somebody_with_an_account_signs_in_and_out(door):
    with (account := door.server.account(name := f"ada-{uuid4().hex[:12]}")).client:
        account.upload(encoded(quadrants()), "mine.png")
    door.page.get_by_label("User name").fill(name)
    door.page.get_by_label("Password").fill(PASSWORD)

    door.button("Sign in").click()
    expect(door.images()).to_contain_text(["mine.png"])
    door.button("Sign out").click()

    expect(door.page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert door.kept() is None


def test_a_picture_is_turned_and_downloaded(studio):
    studio.edit(studio.upload(encoded(quadrants())))

    studio.add("rotate").get_by_role("spinbutton", name="Degrees").fill("90")
    studio.sees(20, 40)

    turned = studio.picture()
    assert turned.size == (20, 40)
    assert [turned.convert("RGB").getpixel(at) for at in ((2, 2), (17, 2))] == [BLUE, RED]


def test_a_link_shows_the_picture_to_somebody_who_is_not_signed_in(studio):
    studio.edit(studio.upload(encoded(quadrants())), "flip,f:png")

    studio.button("Link …").click()
    studio.button("Make the link").click()
    address = studio.page.get_by_label("the address", exact=True).inner_text()

    shown = decoded(httpx.get(address).raise_for_status().content)
    assert address.startswith(studio.server.address)
    assert shown.convert("RGB").getpixel((2, 2)) == BLUE


def test_a_deleted_image_is_gone_from_the_list_and_its_address_says_so(studio):
    studio.upload(encoded(solid(RED)), "stays.png")
    image_id = studio.upload(encoded(quadrants()), "goes.png")
    studio.edit(image_id)

    studio.button("Delete").click()
    studio.page.get_by_role("dialog").get_by_role("button", name="Delete").click()

    expect(studio.images().locator("strong")).to_have_text(["stays.png"])
    studio.may_be_refused(410)
    studio.go(f"/images/{image_id}")
    expect(studio.page.get_by_role("alert")).to_contain_text("was erased")
