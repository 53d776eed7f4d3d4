"""Pictures that the storage itself delivers, where the settings have it so."""

import httpx
import pytest

from tests.pictures import decoded, encoded, quadrants
from tests.real_servers.s3 import new_bucket
from tests.servers import running_server

PICTURE = encoded(quadrants(), "png")


@pytest.fixture(scope="module")
def redirecting(own_s3, tmp_path_factory):
    folder = tmp_path_factory.mktemp("redirects") / "data"
    with (
        new_bucket(own_s3.url) as bucket,
        running_server(
            folder, BLOBS_URL=bucket, REDIRECT_SECONDS="60", WORKER_SLOTS="1", RENDER_IN="process"
        ) as server,
    ):
        yield server


@pytest.fixture
def somebody(redirecting):
    account = redirecting.account()
    with account.client:
        yield account


@pytest.fixture
def image(somebody):
    return somebody.upload(PICTURE, "bücher.png")


def test_an_original_comes_from_the_storage_under_its_name_and_kind(somebody, image):
    answer = somebody.client.get(f"/v1/images/{image}/content")
    fetched = httpx.get(answer.headers["Location"])

    assert (answer.status_code, answer.content) == (307, b"")
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert fetched.content == PICTURE


def test_a_variant_comes_from_the_storage(somebody, image):
    made = somebody.client.post(f"/v1/images/{image}/transform", json={"resize": {"width": 2}, "format": "webp"})
    answer = somebody.client.get(f"/v1/variants/{made.json()['id']}/content")

    assert answer.status_code == 307
    assert decoded(httpx.get(answer.headers["Location"]).content).size == (2, 1)


def test_a_client_that_follows_gets_the_picture_at_once(somebody, image):
    assert somebody.client.get(f"/v1/images/{image}/content", follow_redirects=True).content == PICTURE


def test_a_rendering_by_url_comes_from_the_server_which_has_it_in_memory(somebody, image):
    answer = somebody.client.get(f"/v1/images/{image}/content?t=w:2")

    assert answer.status_code == 200
    assert decoded(answer.content).size == (2, 1)


def test_nobody_is_sent_for_what_he_has_already(somebody, image):
    sha256 = somebody.client.get(f"/v1/images/{image}").json()["sha256"]
    answer = somebody.client.get(f"/v1/images/{image}/content", headers={"If-None-Match": f'"{sha256}"'})

    assert answer.status_code == 304


def test_a_stranger_is_not_sent_to_the_storage(redirecting, image):
    stranger = redirecting.account()
    with stranger.client:
        assert stranger.client.get(f"/v1/images/{image}/content").status_code == 404


def test_the_link_names_the_host_that_others_know(own_s3, tmp_path):
    host = own_s3.url.rpartition("@")[2].partition("/")[0]
    with new_bucket(own_s3.url) as bucket:
        public = f"{bucket}&public=http://{host.replace('127.0.0.1', 'localhost')}"
        with running_server(tmp_path / "data", BLOBS_URL=public, REDIRECT_SECONDS="60", RENDER_IN="process") as server:
            account = server.account()
            with account.client:
                image = account.upload(PICTURE)
                location = account.client.get(f"/v1/images/{image}/content").headers["Location"]

        assert location.startswith("http://localhost:")
        assert httpx.get(location).content == PICTURE


def test_a_store_without_addresses_of_its_own_delivers_through_the_server(tmp_path):
    with running_server(tmp_path / "data", REDIRECT_SECONDS="60", RENDER_IN="process") as server:
        account = server.account()
        with account.client:
            image = account.upload(PICTURE)
            answer = account.client.get(f"/v1/images/{image}/content")

    assert (answer.status_code, answer.content) == (200, PICTURE)
