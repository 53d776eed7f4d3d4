"""Parts of pictures, and what is told of them without their bytes."""

import os
import subprocess
from hashlib import sha256

import httpx
import pytest

from tests.pictures import encoded, textured

PICTURE = encoded(textured(700, 500), "jpeg", quality=95)
SIZE = len(PICTURE)
TOO_LARGE_A_NUMBER = "9" * 30


@pytest.fixture
def image(account):
    return account.upload(PICTURE)


@pytest.fixture(params=["original", "rendering", "variant"])
def whole(request, account, image):
    """The path of a picture, and all of its bytes."""
    path = f"/v1/images/{image}/content"
    if request.param == "rendering":
        path += "?t=w:300"
    if request.param == "variant":
        made = account.client.post(f"/v1/images/{image}/transform", json={"resize": {"width": 200}})
        path = f"/v1/variants/{made.json()['id']}/content"
    return path, account.client.get(path).content


def ask(account, path, **headers):
    return account.client.get(path, headers={name.replace("_", "-"): value for name, value in headers.items()})


@pytest.mark.on_every_deployment
@pytest.mark.parametrize(
    ("given", "first", "last"),
    [
        ("bytes=0-0", 0, 0),
        ("bytes=10-19", 10, 19),
        ("bytes=100-", 100, None),
        ("bytes=-7", -7, None),
        ("BYTES = 5 - 999999999", 5, None),
        ("bytes=-999999999", 0, None),
    ],
)
def test_a_part_is_what_was_asked_for_and_says_where_it_belongs(account, whole, given, first, last):
    path, content = whole
    answer = ask(account, path, range=given)

    expected = content[first : None if last is None else last + 1]
    start = len(content) + first if first < 0 else first
    assert (answer.status_code, answer.content) == (206, expected)
    assert answer.headers["Content-Range"] == f"bytes {start}-{start + len(expected) - 1}/{len(content)}"
    assert answer.headers["Content-Length"] == str(len(expected))


@pytest.mark.on_every_deployment
def test_parts_of_a_download_that_broke_off_make_a_whole(account, whole):
    path, content = whole
    etag = account.client.get(path).headers["ETag"]
    middle = len(content) // 2
    parts = [ask(account, path, range=part, if_range=etag) for part in (f"bytes=0-{middle}", f"bytes={middle + 1}-")]

    assert b"".join(part.content for part in parts) == content
    assert {part.headers["ETag"] for part in parts} == {etag}


@pytest.mark.parametrize(
    "given",
    [
        "",
        "bytes",
        "bytes=",
        "bytes=-",
        "bytes=5-2",
        "bytes=a-b",
        "bytes=0-1,4-5",
        f"bytes={TOO_LARGE_A_NUMBER}-",
        "lines=0-1",
        "bytes=" + ",".join(f"{number}-{number}" for number in range(1000)),
        "bytes=\u0661-\u0662".encode(),
    ],
)
def test_what_is_no_single_range_is_answered_with_all(account, image, given):
    answer = account.client.get(f"/v1/images/{image}/content", headers={"Range": given})

    assert (answer.status_code, answer.content) == (200, PICTURE)
    assert "Content-Range" not in answer.headers


@pytest.mark.on_every_deployment
@pytest.mark.parametrize("given", [f"bytes={SIZE}-", f"bytes={SIZE + 5}-{SIZE + 9}", "bytes=-0"])
def test_a_part_behind_the_end_is_refused_with_the_length(account, image, given):
    answer = ask(account, f"/v1/images/{image}/content", range=given)

    assert (answer.status_code, answer.json()["code"]) == (416, "invalid_range")
    assert answer.headers["Content-Range"] == f"bytes */{SIZE}"


@pytest.mark.parametrize("condition", ['"another"', 'W/"{etag}"', "Sat, 21 Nov 2026 10:00:00 GMT", ""])
def test_a_part_of_another_version_is_answered_with_all(account, image, condition):
    condition = condition.format(etag=sha256(PICTURE).hexdigest())
    answer = ask(account, f"/v1/images/{image}/content", range="bytes=0-9", if_range=condition)

    assert (answer.status_code, len(answer.content)) == (200, SIZE)


def test_who_has_the_version_already_gets_no_part_of_it(account, image):
    etag = f'"{sha256(PICTURE).hexdigest()}"'

    assert ask(account, f"/v1/images/{image}/content", range="bytes=0-9", if_none_match=etag).status_code == 304


@pytest.mark.on_every_deployment
def test_curl_goes_on_where_it_broke_off(account, server, image, tmp_path):
    file = tmp_path / "picture.jpg"
    file.write_bytes(PICTURE[:1000])
    url = f"{server.address}/v1/images/{image}/content"
    command = ["curl", "-sS", "-f", "-C", "-", "-o", str(file), "-H", f"Authorization: Bearer {account.token}", url]

    subprocess.run(command, check=True, timeout=30)

    assert file.read_bytes() == PICTURE


@pytest.mark.on_every_deployment
def test_the_head_of_a_picture_is_that_of_all_of_it(account, whole):
    path, content = whole
    head, answer = account.client.head(path, headers={"Range": "bytes=0-1"}), account.client.get(path)

    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["Content-Length"] == str(len(content))
    assert head.headers["Accept-Ranges"] == "bytes"
    for name in ("ETag", "Content-Type", "Content-Disposition", "Cache-Control"):
        assert head.headers[name] == answer.headers[name]


@pytest.mark.on_every_deployment
def test_the_head_of_a_rendering_that_is_not_there_yet_has_it_not_made(account, image):
    path = f"/v1/images/{image}/content?t=w:123,f:webp"
    head = account.client.head(path)
    listed = account.client.get(f"/v1/images/{image}/variants").json()["items"]
    answer = account.client.get(path)

    assert (head.status_code, listed) == (200, [])
    assert "Content-Length" not in head.headers
    assert (head.headers["Content-Type"], head.headers["ETag"]) == ("image/webp", answer.headers["ETag"])
    assert answer.headers["X-Imgsvc-Cache"] == "rendered"


@pytest.mark.parametrize("given", ["bytes=100-199", "bytes=0-", "bytes=2000000-2000009", "bytes=-10"])
def test_no_part_is_given_of_an_original_that_was_damaged(account, server, given):
    content = PICTURE + os.urandom(3_000_000)
    image = account.upload(content)
    damaged = bytearray(content)
    damaged[150] ^= 1
    server.put(f"originals/{image}", bytes(damaged))

    answer = account.client.get(f"/v1/images/{image}/content", headers={"Range": given})

    assert (answer.status_code, answer.json()["code"]) == (410, "integrity_error")


def test_a_whole_original_whose_end_was_damaged_breaks_off_and_the_log_says_why(account, server):
    content = PICTURE + os.urandom(3_000_000)
    image = account.upload(content)
    server.put(f"originals/{image}", content[:-1] + bytes([content[-1] ^ 1]))
    before = len(server.log())

    with pytest.raises(httpx.RemoteProtocolError):
        account.client.get(f"/v1/images/{image}/content")

    log = server.log()[before:]
    assert "an answer was broken off: the bytes of this image were damaged in storage" in log
    assert "Traceback" not in log
