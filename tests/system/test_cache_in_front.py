"""A cache in front of the service keeps what it may, tells formats apart, and asks again when it must."""

import httpx
import pytest

from tests.pictures import decoded, encoded, quadrants
from tests.real_servers.nginx import caching_proxy
from tests.waiting import wait_for


@pytest.fixture(scope="module")
def cache(server):
    with caching_proxy(server.address) as nginx, httpx.Client(base_url=nginx.url, timeout=30) as client:
        yield client


@pytest.fixture
def image_id(account):
    return account.upload(encoded(quadrants(80, 40)))


@pytest.fixture
def link(account, image_id):
    def link(**wanted):
        answer = account.client.post(f"/v1/images/{image_id}/links", json=wanted)
        return answer.raise_for_status().json()["url"]

    return link


def from_cache(answer):
    return answer.status_code, answer.headers["x-cache-status"]


def test_a_link_is_asked_for_once(cache, link):
    url = link(t="w:40,f:png")

    first, second = cache.get(url), cache.get(url)

    assert (from_cache(first), from_cache(second)) == ((200, "MISS"), (200, "HIT"))
    assert second.content == first.content
    assert second.headers["etag"] == first.headers["etag"]


def test_each_client_gets_a_format_that_it_can_show(cache, link):
    url = link(t="w:40,f:auto")

    def asked(kind):
        answer = cache.get(url, headers={"Accept": kind})
        return answer.headers["x-cache-status"], decoded(answer.content).format

    assert [asked(kind) for kind in ("image/webp", "image/png", "image/webp", "image/png")] == [
        ("MISS", "WEBP"),
        ("MISS", "PNG"),
        ("HIT", "WEBP"),
        ("HIT", "PNG"),
    ]


def test_what_became_old_is_not_sent_again_and_what_expired_is_not_shown(cache, link):
    url = link(t="w:40,f:png", expires_in=8)
    first = cache.get(url)

    again = wait_for(lambda: from_cache(answer := cache.get(url)) != (200, "HIT") and answer)
    expired = wait_for(lambda: (answer := cache.get(url)).status_code != 200 and answer)

    assert from_cache(first) == (200, "MISS")
    assert (from_cache(again), again.content) == ((200, "REVALIDATED"), first.content)
    assert (expired.status_code, expired.json()["code"]) == (410, "link_expired")


def test_what_is_private_is_kept_by_no_cache(cache, account, image_id):
    address = f"/v1/images/{image_id}/content?t=w:40,f:png"
    own = {"Authorization": f"Bearer {account.token}"}

    answers = [cache.get(address, headers=own), cache.get(address, headers=own), cache.get(address)]

    assert [from_cache(answer) for answer in answers] == [(200, "MISS"), (200, "MISS"), (401, "MISS")]


def test_a_part_of_a_picture_comes_from_the_cache_too(cache, link):
    url = link(t="w:40,f:png")
    whole = cache.get(url).content

    part = cache.get(url, headers={"Range": "bytes=4-9"})

    assert (from_cache(part), part.content) == ((206, "HIT"), whole[4:10])
