"""What the studio's page and its files are sent with, and what is at ``/`` where there is none."""

import re
from pathlib import Path

import pytest

from imgsvc.entrypoints.http import studio
from tests.servers import NO_PICTURES, running_server

PAGE = Path(studio.__file__).with_name("page")


def imported(anyone, path, seen=()):
    """The paths of a module, and of all that it imports."""
    if path in seen:
        return seen
    names = re.findall(r'^import .*?from "([^"]+)"', anyone.get(path).raise_for_status().text, re.MULTILINE | re.DOTALL)
    found = (*seen, path)
    for name in names:
        found = imported(anyone, anyone.base_url.join(path).join(name).path, found)
    return found


def test_every_module_of_the_page_is_imported_and_every_import_is_there_as_a_script(anyone):
    paths = imported(anyone, "/studio/main.js")

    assert set(paths) == {f"/studio/{path.relative_to(PAGE).as_posix()}" for path in PAGE.rglob("*.js")}
    assert {anyone.get(path).headers["content-type"] for path in paths} == {"text/javascript; charset=utf-8"}


@pytest.mark.parametrize("path", ["/", "/studio/main.js", "/studio/style.css"])
def test_all_of_it_is_asked_for_again_and_never_guessed_at(anyone, path):
    headers = anyone.get(path).headers

    assert (headers["cache-control"], headers["x-content-type-options"]) == ("no-cache", "nosniff")


def test_the_page_runs_no_script_but_its_own(anyone):
    policy = anyone.get("/").headers["content-security-policy"]

    assert "default-src 'none'; script-src 'self';" in policy
    assert "require-trusted-types-for 'script'" in policy


@pytest.mark.parametrize(
    ("seconds", "allowed"), [("0", "connect-src 'self'"), ("60", "connect-src 'self' https: http:")]
)
def test_the_page_fetches_from_elsewhere_only_where_the_storage_delivers(tmp_path, seconds, allowed):
    settings = {"REDIRECT_SECONDS": seconds, **NO_PICTURES}
    with running_server(tmp_path / "data", **settings) as server, server.client() as anyone:
        policy = anyone.get("/").headers["content-security-policy"]

    assert allowed in policy.split("; ")


def test_a_file_that_is_as_before_is_not_sent_again(anyone):
    etag = anyone.get("/studio/main.js").headers["etag"]

    assert anyone.get("/studio/main.js", headers={"If-None-Match": etag}).status_code == 304


def test_without_the_studio_the_address_alone_leads_to_the_page_of_the_api(tmp_path):
    with running_server(tmp_path / "data", STUDIO="false", **NO_PICTURES) as server, server.client() as anyone:
        answer = anyone.get("/", follow_redirects=True)

        assert (answer.status_code, answer.url.path) == (200, "/docs")
        assert anyone.get("/studio/main.js").status_code == 404
