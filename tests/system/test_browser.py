"""A real browser shows what the service gives it."""

import re

import pytest

from tests.pictures import decoded, encoded, textured
from tests.real_servers.browser import shown
from tests.servers import running_server
from tests.websites import answer_of, website

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


# Tells what a script may know of a picture: its version and size, how many uploads there were, and a pixel's opacity.
SCRIPT = """<!doctype html><body><script>
const tell = (name, promise) => promise.catch(() => "refused").then(
  (text) => document.body.append(Object.assign(document.createElement("output"), {{id: name, textContent: text}})));
const asked = async () => {{
  const answer = await fetch("{link}", {{headers: {{"If-None-Match": '"another"'}}}});
  return `${{answer.headers.get("ETag")}} ${{(await answer.blob()).size}}`;
}};
const uploaded = async () => {{
  const picture = await (await fetch("{link}")).blob();
  const headers = {{"Authorization": "Bearer {token}", "Idempotency-Key": "once"}};
  const answer = await fetch("{address}/v1/images", {{method: "POST", headers, body: picture}});
  return answer.headers.get("Location");
}};
const drawn = async () => {{
  const image = Object.assign(new Image(), {{crossOrigin: "anonymous", src: "{link}"}});
  await image.decode();
  const canvas = document.createElement("canvas").getContext("2d");
  canvas.drawImage(image, 0, 0);
  return String(canvas.getImageData(0, 0, 1, 1).data[3]);
}};
tell("asked", asked());
tell("uploaded", uploaded());
tell("drawn", drawn());
</script>"""


@pytest.fixture
def page():
    """A page of another origin, and how to have it show something else."""
    content = [b""]
    with website(lambda connection: connection.sendall(answer_of(content[0], "Content-Type: text/html"))) as site:
        yield site.address, lambda text: content.__setitem__(0, text.encode())


def known_to_a_script(server, page, folder):
    """What the page's script is told, and the picture as everybody else has it."""
    address, write = page
    with (account := server.account()).client as client:
        image_id = account.upload(encoded(textured(40, 20)))
        link = client.post(f"/v1/images/{image_id}/links", json={"t": "w:20,f:png"}).raise_for_status().json()["url"]
        write(SCRIPT.format(address=server.address, link=server.address + link, token=account.token))
        dom = shown(address, folder / "profile")
        newest = client.get("/v1/images?limit=1").json()["items"][0]
        return dict(re.findall(r'<output id="(\w+)">(.*?)</output>', dom)), client.get(link), newest


def test_a_page_of_another_origin_that_may_fetches_draws_and_uploads(page, tmp_path):
    with running_server(tmp_path / "data", CORS_ORIGINS=page[0]) as server:
        known, picture, newest = known_to_a_script(server, page, tmp_path)

    assert known == {
        "asked": f"{picture.headers['etag']} {len(picture.content)}",
        "uploaded": f"/v1/images/{newest['id']}",
        "drawn": "255",
    }


def test_a_page_of_another_origin_learns_nothing_unless_it_may(server, page, tmp_path):
    known, picture, _ = known_to_a_script(server, page, tmp_path)

    assert picture.status_code == 200
    assert known == dict.fromkeys(("asked", "uploaded", "drawn"), "refused")
