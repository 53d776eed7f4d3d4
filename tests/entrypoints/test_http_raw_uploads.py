"""Uploads whose body is the file alone, over a real socket; and digests of any body."""

import base64
import hashlib

import pytest

from tests.pictures import encoded, quadrants

IMAGES = "/v1/images"
PICTURE = encoded(quadrants())


def problem_of(answer):
    return answer.status_code, answer.json()["code"]


def upload(account, query="", content=PICTURE, **headers):
    named = {"Content-Type": "image/png", **{name.replace("_", "-"): value for name, value in headers.items()}}
    return account.client.post(f"{IMAGES}{query}", content=content, headers=named)


def in_base64(algorithm, content=PICTURE):
    return base64.b64encode(hashlib.new(algorithm, content).digest()).decode()


@pytest.mark.on_every_deployment("POST /v1/images", "GET /v1/images/{image_id}/content")
@pytest.mark.parametrize("kind", ["image/png", "image/jpeg", "IMAGE/PNG; charset=x", "application/octet-stream"])
def test_a_body_may_be_the_picture_alone(account, kind):
    answer = upload(account, Content_Type=kind)

    assert answer.status_code == 201
    assert (answer.json()["media_type"], answer.json()["name"]) == ("image/png", "")
    assert account.client.get(answer.json()["content_url"]).content == PICTURE


@pytest.mark.parametrize(
    ("disposition", "name"),
    [
        ('attachment; filename="a b.png"', "a b.png"),
        ("inline; filename=a.png", "a.png"),
        ("attachment; filename*=UTF-8''%C3%84.png", "Ä.png"),
        ("attachment; filename*=nonsense''%C3%84.png", None),
        ("attachment; filename*=UTF-8''%FF", None),
        ("attachment", ""),
        ("", ""),
        (";;;==", ""),
        ('attachment; filename="' + "x" * 5000 + '"', "x" * 255),
    ],
)
def test_its_name_is_in_a_header(account, disposition, name):
    answer = upload(account, Content_Disposition=disposition)

    assert answer.status_code == 201
    assert name is None or answer.json()["name"] == name


@pytest.mark.on_every_deployment
def test_what_is_said_of_it_is_in_the_query(account):
    answer = upload(account, "?name=%C3%84&description=d+e&tags=a,b", Content_Disposition="inline; filename=other.png")

    shown = answer.json()
    assert (shown["name"], shown["description"], shown["tags"]) == ("Ä", "d e", ["a", "b"])


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("?nmae=x", "unknown_field"),
        ("?name=a&name=b", "duplicate_parameter"),
        ("?name=" + "x" * 256, "validation_error"),
        ("?name=a%00b", "validation_error"),
        ("?name=%20", "validation_error"),
        ("?tags=a,a", "validation_error"),
        ("?name=%ff", "invalid_parameter"),
    ],
)
def test_what_cannot_be_said_of_it_is_refused(account, query, code):
    assert problem_of(upload(account, query)) == (422, code)


def test_an_empty_body_is_no_picture(account):
    assert problem_of(upload(account, content=b"")) == (422, "empty_file")


@pytest.mark.on_every_deployment
def test_what_is_no_picture_is_refused_whatever_it_is_called(account):
    assert problem_of(upload(account, content=b"hello" * 100)) == (415, "unsupported_format")


def test_another_kind_of_body_is_refused(account):
    assert problem_of(upload(account, Content_Type="text/plain")) == (415, "unsupported_media_type")


def pieces(count, size=2**20):
    for _ in range(count):
        yield b"x" * size


def test_a_body_that_is_too_large_is_refused_also_without_a_length(account):
    answer = upload(account, content=pieces(26))

    assert problem_of(answer) == (413, "file_too_large")
    assert answer.headers["connection"] == "close"


@pytest.mark.on_every_deployment
@pytest.mark.parametrize(
    "headers",
    [
        {"Content_MD5": in_base64("md5")},
        {"Content_Digest": f"sha-256=:{in_base64('sha256')}:"},
        {"Repr_Digest": f"unixsum=:MTIz:, sha-512=:{in_base64('sha512')}:"},
        {"Repr_Digest": "crc32c=:AAAA:"},
    ],
)
def test_a_digest_that_is_right_changes_nothing(account, headers):
    assert upload(account, **headers).status_code == 201


@pytest.mark.parametrize(
    "headers",
    [
        {"Content_MD5": in_base64("md5", b"other")},
        {"Content_MD5": "not base64"},
        {"Content_MD5": hashlib.md5(PICTURE).hexdigest()},
        {"Content_Digest": f"sha-256=:{in_base64('sha256', b'other')}:"},
        {"Repr_Digest": f"sha-256=:{in_base64('sha256')}:, sha-512=:{in_base64('sha512', b'other')}:"},
        {"Repr_Digest": "sha-256=abc"},
        {"Repr_Digest": "sha-256=:===:"},
    ],
)
def test_a_digest_that_is_wrong_is_told_and_nothing_is_kept(account, headers):
    answer = upload(account, **headers)

    assert problem_of(answer) == (400, "digest_mismatch")
    assert answer.json()["parameter"].replace("-", "_") in headers
    assert account.client.get(IMAGES).json()["total"] == 0


def test_the_digest_of_a_form_is_that_of_the_whole_form(account):
    request = account.client.build_request("POST", IMAGES, files={"file": ("a.png", PICTURE)})
    body = request.read()
    headers = {"Content-Type": request.headers["content-type"]}

    right = account.client.post(IMAGES, content=body, headers={**headers, "Content-MD5": in_base64("md5", body)})
    wrong = account.client.post(IMAGES, content=body, headers={**headers, "Content-MD5": in_base64("md5")})

    assert right.status_code == 201
    assert problem_of(wrong) == (400, "digest_mismatch")


@pytest.mark.on_every_deployment("DELETE /v1/images/{image_id}")
def test_equal_bytes_are_named(account):
    first, second = upload(account).json(), upload(account).json()

    assert (first["duplicate_of"], second["duplicate_of"]) == (None, first["id"])
    account.client.delete(f"{IMAGES}/{first['id']}")
    assert account.client.get(second["content_url"]).content == PICTURE
