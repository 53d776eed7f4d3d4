"""The list of images: how pictures come into it, how one is found again, and that what it shows is text."""

import pytest
from playwright.sync_api import expect

from tests.browser.visitor import chosen_file
from tests.pictures import BLUE, GREEN, RED, encoded, quadrants, solid

SCRIPT = "<img src=x onerror=alert(1)>"
# What somebody carries over the page, or has in their clipboard.
CARRIED = """([name, bytes]) => {
    const carried = new DataTransfer();
    carried.items.add(new File([new Uint8Array(bytes)], name, { type: "image/png" }));
    return carried;
}"""
PASTED = "(carried) => document.dispatchEvent(new ClipboardEvent('paste', { clipboardData: carried }))"


@pytest.fixture
def carried(studio):
    """Makes a file that is on its way to the page."""
    return lambda name: studio.page.evaluate_handle(CARRIED, [name, list(encoded(solid(RED)))])


@pytest.fixture
def three(studio):
    """The ids of an apple, a leaf and the sea, each of which has a tag."""
    ids = []
    for name, color, tag in (("apple.png", RED, "fruit"), ("leaf.png", GREEN, "tree"), ("sea.png", BLUE, "water")):
        ids.append(studio.upload(encoded(solid(color)), name))
        studio.client.patch(f"/v1/images/{ids[-1]}", json={"tags": [tag]}).raise_for_status()
    studio.page.reload()
    return ids


def names(studio):
    return studio.images().locator("strong")


# What comes in


def test_a_file_that_is_dropped_on_the_page_is_uploaded(studio, carried):
    expect(studio.page.get_by_text("0 images", exact=True)).to_be_visible()

    studio.page.dispatch_event("main", "dragover", {"dataTransfer": carried("dropped.png")})
    expect(studio.page.locator("body")).to_have_class("dropping")
    studio.page.dispatch_event("main", "drop", {"dataTransfer": carried("dropped.png")})

    expect(names(studio)).to_have_text(["dropped.png"])
    expect(studio.page.locator("body")).not_to_have_class("dropping")


def test_a_picture_that_is_pasted_is_uploaded(studio, carried):
    expect(studio.page.get_by_text("0 images", exact=True)).to_be_visible()

    studio.page.evaluate(PASTED, carried("pasted.png"))

    expect(names(studio)).to_have_text(["pasted.png"])


def test_a_file_that_is_no_picture_is_refused_by_its_name_and_the_others_still_come(studio):
    studio.may_be_refused(415)

    studio.page.locator("input[type=file]").set_input_files(
        [
            chosen_file("first.png", encoded(solid(RED))),
            chosen_file("notes.txt", b"no picture at all", "text/plain"),
            chosen_file("second.png", encoded(solid(BLUE))),
        ]
    )

    expect(studio.page.get_by_text("2 images", exact=True)).to_be_visible()
    assert set(names(studio).all_text_contents()) == {"first.png", "second.png"}
    refused = studio.page.get_by_role("list", name="Uploads").get_by_role("listitem")
    expect(refused).to_have_count(1)
    expect(refused).to_contain_text("notes.txt")
    expect(refused).to_contain_text("picture")
    refused.get_by_role("button", name="Dismiss").click()
    expect(refused).to_have_count(0)


# What is found


def test_what_was_searched_for_is_shown_and_kept_by_a_reload(studio, three):
    studio.page.get_by_label("Search").fill("leaf")
    expect(names(studio)).to_have_text(["leaf.png"])

    studio.page.reload()

    expect(names(studio)).to_have_text(["leaf.png"])
    expect(studio.page.get_by_label("Search")).to_have_value("leaf")


def test_images_are_filtered_by_a_tag_and_ordered(studio, three):
    studio.page.get_by_label("Order").select_option("Name, Z to A")
    expect(names(studio)).to_have_text(["sea.png", "leaf.png", "apple.png"])

    studio.page.get_by_label("Tag").fill("fruit")

    expect(names(studio)).to_have_text(["apple.png"])
    studio.page.get_by_label("Tag").fill("nothing has it")
    expect(studio.page.get_by_text("Nothing is like that.")).to_be_visible()


def test_more_than_a_page_is_shown_when_it_is_asked_for(studio):
    for number in range(61):
        studio.upload(encoded(solid(RED, 4, 4)), f"{number:02}.png")
    studio.page.reload()
    expect(studio.page.get_by_text("61 images", exact=True)).to_be_visible()
    expect(names(studio)).to_have_count(60)

    studio.button("Show more").click()

    expect(names(studio)).to_have_text([f"{number:02}.png" for number in reversed(range(61))])
    expect(studio.button("Show more")).to_have_count(0)


def test_an_image_is_described_and_found_by_its_tag(studio, three):
    studio.edit(three[1])

    studio.button("Describe").click()
    dialog = studio.page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("oak.png")
    dialog.get_by_label("Description").fill("A leaf of an oak.")
    dialog.get_by_label("Tags").fill("autumn, brown,autumn")
    dialog.get_by_role("button", name="Save").click()

    expect(studio.page.get_by_role("heading", name="oak.png")).to_be_visible()
    expect(studio.page.get_by_text("A leaf of an oak.")).to_be_visible()
    studio.page.get_by_role("link", name="autumn").click()
    expect(names(studio)).to_have_text(["oak.png"])
    expect(studio.page.get_by_label("Tag")).to_have_value("autumn")


# What is text


def test_names_tags_and_descriptions_are_shown_as_text_and_run_nothing(studio):
    ran = []
    studio.page.on("dialog", lambda dialog: (ran.append(dialog.message), dialog.dismiss()))
    image_id = studio.upload(encoded(quadrants()), f"{SCRIPT}.png")
    described = {"description": f"<script>alert(2)</script>{SCRIPT}", "tags": ["<b onclick=alert(3)>"]}
    studio.client.patch(f"/v1/images/{image_id}", json=described).raise_for_status()

    studio.page.reload()
    expect(names(studio)).to_have_text([f"{SCRIPT}.png"])
    studio.edit(image_id)

    expect(studio.page.get_by_role("heading", name=f"{SCRIPT}.png")).to_be_visible()
    expect(studio.page.get_by_text(described["description"])).to_be_visible()
    expect(studio.page.get_by_role("link", name=described["tags"][0])).to_be_visible()
    expect(studio.page.locator("[onerror], [onclick], main script")).to_have_count(0)
    assert not ran
