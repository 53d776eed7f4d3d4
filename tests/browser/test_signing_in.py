"""The door, and tokens that end."""

from uuid import uuid4

import pytest
from playwright.sync_api import expect

from tests.browser.visitor import Tokens
from tests.pictures import encoded, quadrants
from tests.servers import PASSWORD


def fill_in(door, name, password):
    door.page.get_by_label("User name").fill(name)
    door.page.get_by_label("Password").fill(password)


@pytest.fixture
def taken(server):
    """The name of somebody else."""
    with server.account(name := f"grace-{uuid4().hex[:12]}").client:
        return name


def test_a_wrong_password_is_told_and_nothing_else(door, taken):
    door.may_be_refused(401)
    fill_in(door, taken, "not what it is")

    door.button("Sign in").click()

    expect(door.page.get_by_role("alert")).to_have_count(1)
    expect(door.page.get_by_role("alert")).to_contain_text("password")
    assert door.kept() is None


def test_a_name_that_is_taken_is_told(door, taken):
    door.may_be_refused(409)
    door.button("Open one").click()
    fill_in(door, taken, PASSWORD)

    door.button("Open the account").click()

    expect(door.page.get_by_role("alert")).to_contain_text("taken")


def test_an_access_token_that_ended_is_exchanged_without_anybody_noticing(enter, server):
    known = Tokens.of_a_new_account(server)
    late = enter(tokens=Tokens(known.access, known.refresh, seconds=-1))
    late.upload(encoded(quadrants()), "mine.png")

    late.page.goto(server.address)

    expect(late.images()).to_contain_text(["mine.png"])
    assert late.kept()["refresh"] != known.refresh


def test_two_tabs_whose_token_ended_at_once_both_stay_signed_in(enter, server):
    known = Tokens.of_a_new_account(server)
    late = enter(tokens=Tokens(known.access, known.refresh, seconds=-1))
    late.upload(encoded(quadrants()), "mine.png")
    tabs = [late.page, late.context.new_page()]

    for tab in tabs:
        tab.goto(server.address, wait_until="commit")

    for tab in tabs:
        expect(tab.get_by_role("list", name="Images", exact=True)).to_contain_text("mine.png")
    assert late.kept()["refresh"] != known.refresh
    for tab in tabs:
        tab.reload()
        expect(tab.get_by_role("list", name="Images", exact=True)).to_contain_text("mine.png")


def test_signing_out_in_one_tab_signs_out_the_other(studio):
    other = studio.context.new_page()
    other.goto(studio.server.address)
    expect(other.get_by_role("heading", name="Images")).to_be_visible()

    studio.button("Sign out").click()

    expect(other.get_by_role("heading", name="Sign in")).to_be_visible()
