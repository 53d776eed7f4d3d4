"""Values that are drawn or chosen by eye in the editor, and what they become."""

import pytest
from playwright.sync_api import expect

from tests.pictures import BLUE, GREEN, RED, WHITE, encoded, half_clear, quadrants, solid, textured


@pytest.fixture
def picture(studio):
    """The id of an image of 400x200 pixels, in four colours."""
    return studio.upload(encoded(quadrants(400, 200)), "base.png")


def pixels(picture, *places):
    return [picture.convert("RGB").getpixel(place) for place in places]


def draw(page, left, top, right, bottom):
    """Drag over the picture of the dialog; each is a share of its sides."""
    box = page.get_by_alt_text("The picture before this step").bounding_box()
    page.mouse.move(box["x"] + left * box["width"], box["y"] + top * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + right * box["width"], box["y"] + bottom * box["height"], steps=5)
    page.mouse.up()


def test_a_crop_is_drawn_on_the_picture_as_it_is_before_that_step(studio):
    studio.edit(studio.upload(encoded(textured(600, 1000))), "rot:90")
    crop = studio.add("crop")

    crop.get_by_role("button", name="Draw it on the picture").click()
    draw(studio.page, 0.75, 0.8, 0.25, 0.3)
    studio.button("Use it").click()

    crop = studio.steps().last
    drawn = [int(crop.get_by_label(name, exact=True).input_value()) for name in ("X", "Y", "Width", "Height")]
    assert drawn == [pytest.approx(one, abs=2) for one in (250, 180, 500, 300)]
    expect(studio.compact()).to_have_value(f"rot:90,crop:{':'.join(map(str, drawn))}")
    studio.sees(*drawn[2:])


def test_a_place_and_a_gravity_take_each_others_stead(studio, picture):
    studio.edit(picture, "crop:100:50@north")
    crop = studio.steps().last

    crop.get_by_label("X", exact=True).press_sequentially("30")
    crop.get_by_label("Y", exact=True).press_sequentially("20")
    expect(studio.compact()).to_have_value("crop:30:20:100:50")
    studio.sees(100, 50)
    crop.get_by_label("Gravity", exact=True).select_option("southeast")

    expect(studio.compact()).to_have_value("crop:100:50@southeast")
    expect(crop.get_by_label("X", exact=True)).to_have_value("")
    studio.sees_the_result()


def test_a_point_that_shall_stay_is_chosen(studio, picture):
    studio.edit(picture)
    resize = studio.add("resize")
    resize.get_by_label("Width", exact=True).fill("100")
    resize.get_by_label("Height", exact=True).fill("100")
    resize.get_by_label("Fit", exact=True).select_option("cover")

    resize.get_by_label("Gravity", exact=True).select_option("point")
    resize.get_by_label("x of the point").fill("0.9")

    studio.sees(100, 100)
    expect(studio.compact()).to_have_value("rs:cover:100:100:fp:0.9:0.5")
    studio.sees_the_result()
    assert pixels(studio.picture(), (5, 5), (5, 95)) == [GREEN, WHITE]


def test_a_colour_is_chosen_by_eye(studio):
    studio.edit(studio.upload(encoded(half_clear())), "f:png")

    studio.add("background").get_by_label("Color, chosen by eye").fill("#3366ff")

    expect(studio.compact()).to_have_value("bg:3366ff,f:png")
    studio.sees_the_result()
    assert pixels(studio.picture(), (5, 5), (35, 5)) == [RED, (0x33, 0x66, 0xFF)]


def test_an_image_of_ones_own_is_chosen_as_a_watermark(studio, picture):
    mark = studio.upload(encoded(solid(BLUE, 50, 50)), "mark.png")
    studio.edit(picture, "f:png")
    watermark = studio.add("watermark")

    watermark.get_by_role("button", name="Choose").click()
    studio.page.get_by_role("dialog").get_by_role("button", name="mark.png").click()
    watermark = studio.steps().last
    watermark.get_by_label("Gravity", exact=True).select_option("northwest")
    watermark.get_by_role("spinbutton", name="Opacity").fill("1")

    expect(studio.compact()).to_have_value(f"wm:{mark}:northwest:1,f:png")
    studio.sees_the_result()
    assert pixels(studio.picture(), (5, 5), (20, 20)) == [RED, BLUE]


def test_the_output_is_of_the_format_and_quality_that_were_chosen(studio):
    studio.edit(studio.upload(encoded(textured(300, 200))))
    output = studio.page.locator(".output")

    output.get_by_text("Output").click()
    output.get_by_label("Format", exact=True).select_option("webp")
    output.get_by_role("spinbutton", name="Quality").fill("90")
    expect(studio.compact()).to_have_value("f:webp,q:90")
    studio.sees_the_result()
    fine = studio.downloaded()
    output.get_by_role("spinbutton", name="Quality").fill("5")
    expect(studio.compact()).to_have_value("f:webp,q:5")
    studio.sees_the_result()

    assert studio.picture().format == "WEBP"
    assert len(studio.downloaded()) < len(fine)


def test_what_the_browser_cannot_show_is_told_and_can_be_downloaded(studio, picture):
    studio.edit(picture)

    studio.write("rot:90,f:tiff")
    expect(studio.page.locator("figcaption")).to_contain_text("This browser cannot show it")

    downloaded = studio.picture()
    assert (downloaded.format, downloaded.size) == ("TIFF", (200, 400))
