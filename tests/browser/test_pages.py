"""The pages beside the images: jobs, presets, API keys, webhooks and the account."""

import re

import pytest
from playwright.sync_api import expect

from imgsvc import compose, running_worker
from tests.browser.visitor import Tokens
from tests.pictures import BLUE, decoded, encoded, quadrants
from tests.receivers import receiver
from tests.servers import PASSWORD, running_server

NEW_PASSWORD = "a longer horse battery"
IMPOSSIBLE = {"steps": [], "output": {"format": "jpeg", "max_bytes": 100}}  # no quality makes it that small


@pytest.fixture(scope="module")
def embedded_server(tmp_path_factory):
    """One that makes jobs, and may call loopback."""
    settings = {"OUTBOUND_NETWORKS": "127.0.0.1/32", "WORKER_SLOTS": "1", "RENDER_IN": "process"}
    with running_server(tmp_path_factory.mktemp("pages") / "data", **settings) as server:
        yield server


@pytest.fixture(scope="module")
def idle(tmp_path_factory):
    """One whose jobs wait until somebody else makes them."""
    folder = tmp_path_factory.mktemp("idle") / "data"
    with running_server(folder, WORKER_SLOTS="0", RENDER_IN="process") as server:
        yield server


def row(studio, text):
    """The only one of the page's table that has this text."""
    return studio.page.get_by_role("row").filter(has_text=text)


def dialog(studio):
    return studio.page.get_by_role("dialog")


def confirm(studio, action="Delete"):
    dialog(studio).get_by_role("button", name=action, exact=True).click()


def job(studio, spec):
    """Ask for one, past the page."""
    image_id = studio.upload(encoded(quadrants()))
    asked = studio.client.post(f"/v1/images/{image_id}/transform?mode=async", json=spec)
    return asked.raise_for_status().json()["id"]


# Jobs


def test_a_job_that_waits_is_shown_as_ready_once_it_is(enter, idle):
    studio = enter(idle, tokens=Tokens.of_a_new_account(idle))
    studio.page.goto(idle.address)
    job(studio, {"rotate": 90})
    studio.go("/jobs")
    expect(row(studio, "pending").get_by_role("button", name="Cancel")).to_be_visible()

    with compose(idle.settings) as service, running_worker(service, slots=1):
        expect(row(studio, "ready")).to_be_visible()

    made = studio.picture()
    assert (made.size, made.convert("RGB").getpixel((2, 2))) == ((20, 40), BLUE)


def test_a_job_for_what_the_editor_shows_was_there_already(studio):
    studio.edit(studio.upload(encoded(quadrants())), "rot:90")

    studio.button("Make as a job").click()
    expect(studio.page.get_by_role("status").filter(has_text="It was made already")).to_be_visible()
    studio.page.get_by_role("link", name="Jobs").click()

    expect(row(studio, "ready")).to_contain_text("was there already")
    assert studio.picture().size == (20, 40)


def test_a_job_that_waits_is_cancelled(enter, idle):
    studio = enter(idle, tokens=Tokens.of_a_new_account(idle))
    studio.page.goto(idle.address)
    job(studio, {"flip": True})
    studio.go("/jobs")

    studio.button("Cancel").click()

    expect(row(studio, "failed")).to_contain_text("cancel")
    expect(studio.button("Cancel")).to_have_count(0)


def test_a_job_that_failed_tells_why(studio):
    failed = studio.client.get(f"/v1/jobs/{job(studio, IMPOSSIBLE)}?wait=30").json()

    studio.go("/jobs")

    expect(row(studio, "failed")).to_contain_text(failed["failure"]["detail"])
    studio.page.get_by_label("Status").select_option("ready")
    expect(studio.page.get_by_text("No jobs.")).to_be_visible()


# Presets


def test_a_preset_is_made_changed_and_deleted(studio):
    studio.go("/presets")
    studio.button("New preset").click()
    dialog(studio).get_by_label("Name").fill("small")
    dialog(studio).get_by_label("Spec").fill("w:10")
    confirm(studio, "Save")
    expect(row(studio, "small")).to_contain_text("10")

    studio.button("Edit: small").click()
    dialog(studio).get_by_label("Spec").fill("gray,f:png")
    confirm(studio, "Save")
    expect(row(studio, "small")).to_contain_text("gray,f:png")
    image_id = studio.upload(encoded(quadrants()))
    assert decoded(studio.client.get(f"/v1/images/{image_id}/content?t=p:small").content).mode == "L"
    studio.button("Delete: small").click()
    confirm(studio)

    expect(studio.page.get_by_text("No presets.")).to_be_visible()
    assert studio.client.get("/v1/presets").json()["items"] == []


def test_what_is_wrong_with_a_preset_is_told_and_marked_where_it_is(studio):
    studio.may_be_refused(422)
    studio.go("/presets")
    studio.button("New preset").click()
    dialog(studio).get_by_label("Name").fill("wrong")
    dialog(studio).get_by_label("Spec").fill("gray,blurr:3")

    confirm(studio, "Save")

    expect(dialog(studio).get_by_role("alert")).to_contain_text("blurr")
    assert studio.page.evaluate("getSelection().toString()") == "blurr:3"


# API keys


def test_a_key_is_shown_once_good_for_reading_and_refused_once_it_is_deleted(studio, server):
    studio.go("/keys")
    studio.button("New key").click()
    dialog(studio).get_by_label("Name").fill("reader")
    dialog(studio).get_by_label("Write").uncheck()
    confirm(studio, "Make the key")
    key = studio.page.get_by_label("the key", exact=True).inner_text()
    studio.button("Done").click()

    expect(row(studio, "reader")).to_contain_text(key[:8])
    expect(studio.page.locator("body")).not_to_contain_text(key)
    expect(row(studio, "reader").locator(".tag")).to_have_text(["read"])
    with server.client(key) as program:
        assert program.get("/v1/images").status_code == 200
        assert program.put("/v1/presets/small", json={"t": "w:10"}).status_code == 403
        studio.button("Delete: reader").click()
        confirm(studio)
        expect(studio.page.get_by_text("No keys.")).to_be_visible()
        assert program.get("/v1/images").status_code == 401


# Webhooks


def test_a_webhook_is_made_with_a_secret_and_its_page_shows_what_it_was_told(studio):
    with receiver() as site:
        studio.go("/webhooks")
        studio.button("New webhook").click()
        dialog(studio).get_by_label("Address").fill(site.url)
        confirm(studio, "Make the webhook")
        secret = studio.page.get_by_label("the secret", exact=True).inner_text()
        studio.button("Done").click()
        expect(studio.page.locator("body")).not_to_contain_text(secret)

        studio.page.get_by_role("link", name=site.url).click()
        expect(studio.page.get_by_text("Nothing was told yet.")).to_be_visible()
        studio.button(f"Send a test: {site.url}").click()

        expect(studio.page.get_by_role("row").filter(has_text="succeeded")).to_contain_text("204")
        assert len(site.verified(secret)) == 1


def test_a_webhook_is_disabled_and_deleted(studio):
    studio.client.post("/v1/webhooks", json={"url": "http://127.0.0.1:1024/"}).raise_for_status()
    studio.go("/webhooks")

    studio.button("Disable: http://127.0.0.1:1024/").click()
    expect(row(studio, "http://127.0.0.1:1024/")).to_contain_text("disabled")
    studio.button("Delete: http://127.0.0.1:1024/").click()
    confirm(studio)

    expect(studio.page.get_by_text("No webhooks.")).to_be_visible()


# The account


def test_a_password_is_changed_and_whoever_did_so_stays_signed_in(studio, server):
    name = studio.client.get("/v1/me").json()["username"]
    studio.go("/account")

    studio.page.get_by_label("Password now").fill(PASSWORD)
    studio.page.get_by_label("New password").fill(NEW_PASSWORD)
    studio.button("Change the password").click()

    expect(studio.page.get_by_role("status").filter(has_text="was changed")).to_be_visible()
    assert studio.client.get("/v1/me").status_code == 401  # what was known before
    studio.page.reload()
    expect(studio.page.get_by_role("region", name="You", exact=True)).to_contain_text(name)
    with server.client() as anyone:
        known = {"username": name, "password": NEW_PASSWORD}
        assert anyone.post("/v1/auth/login", json=known).status_code == 200


def test_a_wrong_password_changes_nothing_and_whoever_gave_it_stays_signed_in(studio):
    studio.may_be_refused(401, 403, 422)
    studio.go("/account")
    studio.page.get_by_label("Password now").fill("not what it is")
    studio.page.get_by_label("New password").fill(NEW_PASSWORD)

    studio.button("Change the password").click()

    expect(studio.page.get_by_role("alert")).to_contain_text("password")
    assert studio.kept() is not None


def test_what_an_account_keeps_is_told(studio):
    studio.upload(content := encoded(quadrants()))

    studio.go("/account")

    kept = studio.page.get_by_role("region", name="What you keep")
    expect(kept).to_contain_text(re.compile(r"Images *1[ ;]"))
    expect(kept).to_contain_text(f"{len(content)} B")


def test_an_account_is_deleted_and_whoever_had_it_is_signed_out(studio):
    studio.go("/account")
    studio.button("Delete the account").click()
    dialog(studio).get_by_label("Password").fill(PASSWORD)

    confirm(studio, "Delete the account")

    expect(studio.page.get_by_role("heading", name="Sign in")).to_be_visible()
    expect(dialog(studio)).to_have_count(0)
    assert studio.kept() is None
    assert studio.client.get("/v1/me").status_code == 401
