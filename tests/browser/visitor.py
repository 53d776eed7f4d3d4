"""Somebody who uses the studio, and what a test does and sees in their place."""

import json
import re
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
from attrs import Factory, define, frozen
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, FilePayload, Locator, Page, expect

from tests.pictures import decoded
from tests.servers import PASSWORD, RunningServer

SESSION = "imgsvc.session"  # where session.js keeps the tokens
SECONDS = 10  # that anything may take


@frozen
class Tokens:
    """What a browser knows somebody by."""

    access: str
    refresh: str
    seconds: float = 600  # for which the browser takes the first to be good

    @classmethod
    def of_a_new_account(cls, server: RunningServer) -> "Tokens":
        account = {"username": f"user-{uuid4().hex[:12]}", "password": PASSWORD}
        with server.client() as anyone:
            anyone.post("/v1/auth/register", json=account).raise_for_status()
            told = anyone.post("/v1/auth/login", json=account).raise_for_status().json()
        return cls(told["access_token"], told["refresh_token"])


@define
class Visitor:
    """Somebody with a browser that nobody else has."""

    server: RunningServer
    context: BrowserContext
    page: Page
    troubles: list[str] = Factory(list)
    refusals: set[int] = Factory(set)  # statuses that are no trouble
    client: httpx.Client | None = None  # asks the API as they do

    def kept(self) -> dict[str, Any] | None:
        """The tokens that the browser knows."""
        return json.loads(self.page.evaluate("(key) => localStorage.getItem(key)", SESSION) or "null")

    def upload(self, content: bytes, name: str = "picture.png") -> str:
        """The id of an image that came past the page."""
        answer = self.client.post("/v1/images", files={"file": (name, content)})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def images(self) -> Locator:
        """The links of the list."""
        return self.page.get_by_role("list", name="Images", exact=True).get_by_role("link")

    def go(self, path: str) -> None:
        """To a page of the studio, by its address."""
        self.page.goto(f"{self.server.address}/#{path}")

    def edit(self, image_id: str, compact: str = "") -> None:
        """Open an image's page, and wait for what is shown there."""
        self.go(f"/images/{image_id}" + (f"?t={compact}" if compact else ""))
        self.sees_the_result()

    def add(self, operation: str) -> Locator:
        """The card of a step that is chosen from the list."""
        self.page.get_by_label("Add a step").select_option(operation)
        return self.steps().last

    def steps(self) -> Locator:
        return self.page.get_by_role("list", name="Steps").get_by_role("listitem")

    def compact(self) -> Locator:
        return self.page.get_by_label("The spec in compact form")

    def write(self, compact: str) -> None:
        self.compact().fill(compact)
        self.compact().press("Enter")

    def sees_the_result(self) -> None:
        """Wait until the picture is the one of the steps."""
        expect(self.page.locator(".view")).not_to_have_class(re.compile("stale|waiting"))
        expect(self.button("Download")).to_be_enabled()

    def sees(self, width: int, height: int) -> None:
        """Wait until the result is of that size, in the picture and in words."""
        expect(self.page.locator("figcaption")).to_contain_text(f"{width} \N{MULTIPLICATION SIGN} {height}")
        expect(self.page.get_by_alt_text("The result")).to_have_js_property("naturalWidth", width)

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    def downloaded(self, button: str = "Download") -> bytes:
        with self.page.expect_download() as download:
            self.button(button).click()
        return Path(download.value.path()).read_bytes()

    def picture(self) -> Image.Image:
        """What Download gives."""
        return decoded(self.downloaded())

    def may_be_refused(self, *statuses: int) -> None:
        """Chromium calls such answers errors, and here they are none."""
        self.refusals |= set(statuses)

    def hear(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.troubles.append(message.text)

    def unexpected(self) -> list[str]:
        """All that went wrong in the browser, but for what was to be refused."""
        expected = tuple(
            f"Failed to load resource: the server responded with a status of {one} " for one in self.refusals
        )
        return [one for one in self.troubles if not (expected and one.startswith(expected))]


@contextmanager
def visitor(browser: Browser, server: RunningServer, tokens: Tokens | None = None, **options: Any) -> Iterator[Visitor]:
    """Somebody who comes, and is known by tokens; ``options`` of their browser as Playwright names them."""
    with ExitStack() as opened:
        state = {"origins": [_kept(server, tokens)] if tokens else []}
        context = browser.new_context(storage_state=state, **options)
        opened.callback(context.close)
        context.set_default_timeout(SECONDS * 1000)
        one = Visitor(server, context, context.new_page())
        if tokens:
            one.client = opened.enter_context(server.client(tokens.access))
        context.on("console", lambda message: one.hear(message))  # it cannot hold a method of ours
        context.on("weberror", lambda error: one.troubles.append(str(error.error)))
        yield one


def _kept(server: RunningServer, tokens: Tokens) -> dict[str, Any]:
    session = {"access": tokens.access, "refresh": tokens.refresh, "until": (time.time() + tokens.seconds) * 1000}
    return {"origin": server.address, "localStorage": [{"name": SESSION, "value": json.dumps(session)}]}


expect.set_options(timeout=SECONDS * 1000)


def chosen_file(name: str, content: bytes, media_type: str = "image/png") -> FilePayload:
    """For a control that asks for files."""
    return {"name": name, "mimeType": media_type, "buffer": content}
