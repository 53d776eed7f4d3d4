"""The studio in a real browser, opened by somebody who has just been given an account."""

from contextlib import ExitStack

import pytest
from playwright.sync_api import sync_playwright

from tests.browser.visitor import Tokens, Visitor, visitor
from tests.real_servers.browser import chromium, flags


# While Playwright runs, nothing else in this thread can have an event loop: it ends before the tests of other files.
@pytest.fixture(scope="module")
def browser():
    program = chromium()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=flags())
        yield browser
        browser.close()


@pytest.fixture
def enter(browser, server):
    """Have somebody more come, with a browser of their own; to whom things happen that must not, the test fails."""
    with ExitStack() as opened:
        come: list[Visitor] = []

        def enter(server=server, **options):
            come.append(opened.enter_context(visitor(browser, server, **options)))
            return come[-1]

        yield enter
        troubles = [trouble for one in come for trouble in one.unexpected()]
    assert not troubles


@pytest.fixture
def door(enter):
    """Somebody in front of the studio, whom it does not know."""
    door = enter()
    door.page.goto(door.server.address)
    return door


@pytest.fixture
def studio(enter, server):
    """Somebody who is signed in, and has no images yet."""
    studio = enter(tokens=Tokens.of_a_new_account(server))
    studio.page.goto(server.address)
    return studio
