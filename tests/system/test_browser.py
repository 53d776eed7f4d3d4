"""A real browser shows what the service gives it."""

import re

import pytest

from tests.pictures import decoded, encoded, textured
from tests.real_servers.browser import shown

# Tells what the browser chose, or that it cannot show it. It waits for the picture, as for any that is not lazy.
PAGE = """<!doctype html><base href="{address}/"><body style="margin:0">{html}<script>
const image = document.querySelector("img");
const tell = (text) => document.body.append(Object.assign(document.createElement("output"), {{textContent: text}}));
image.addEventListener("load", () => tell(image.currentSrc));
image.addEventListener("error", () => tell("error"));
image.loading = "eager";
</script>"""


@pytest.fixture
def chosen(server, account, anyone, tmp_path):
    """The picture that the browser took for a snippet of ours."""
    image_id = account.upload(encoded(textured(1000, 500)))

    def chosen(screen, **wanted):
        answer = account.client.post(f"/v1/images/{image_id}/links", json=wanted).raise_for_status()
        page = tmp_path / "page.html"
        page.write_text(PAGE.format(address=server.address, html=answer.json()["html"]))
        dom = shown(page.as_uri(), tmp_path / "profile", **screen)
        (address,) = re.findall(r"<output>(.*?)</output>", dom)
        return decoded(anyone.get(address).content)

    return chosen


@pytest.mark.parametrize(
    ("screen", "width"), [({"width": 500}, 500), ({"width": 500, "density": 2}, 1000), ({"width": 640}, 750)]
)
def test_a_browser_takes_the_width_that_its_screen_needs(chosen, screen, width):
    picture = chosen(screen, t="f:jpeg", formats=["webp"], widths=[250, 500, 750, 1000], alt="A texture")

    assert (picture.format, picture.size) == ("WEBP", (width, width // 2))


def test_the_page_of_the_api_shows_every_endpoint_without_the_internet(server, tmp_path):
    with server.client() as anyone:
        document = anyone.get("/openapi.json").json()
    operations = sum(len(one) for part in ("paths", "webhooks") for one in document[part].values())

    dom = shown(f"{server.address}/docs", tmp_path / "profile")

    assert len(re.findall(r'class="opblock opblock-\w+"', dom)) == operations
