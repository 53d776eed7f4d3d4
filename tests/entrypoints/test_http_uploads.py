"""Uploads over a real socket: what may come in, what is refused, and what leaves nothing behind."""

import hashlib
import re
import socket
import zlib
from http.client import HTTPConnection
from urllib.parse import unquote, urlsplit

import pytest

from tests.pictures import (
    animated,
    decoded,
    encoded,
    gif_claiming,
    png_chunk,
    png_claiming,
    quadrants,
    with_exif,
    with_orientation,
    with_png_chunk,
)
from tests.servers import running_server
from tests.waiting import wait_for

IMAGES = "/v1/images"
LIMIT = 100_000
PICTURE = encoded(quadrants())


@pytest.fixture(scope="module")
def small_server(tmp_path_factory):
    """Takes files of at most LIMIT bytes."""
    folder = tmp_path_factory.mktemp("small") / "data"
    with running_server(folder, MAX_BYTES=str(LIMIT), MAX_FRAMES="5", MAX_SIDE="1000", MAX_PIXELS="500000") as server:
        yield server


@pytest.fixture(scope="module")
def small_account(small_server):
    account = small_server.account()
    with account.client:
        yield account


def problem_of(answer):
    return answer.status_code, answer.json()["code"]


def staged_files(server):
    """What has come in so far of what is not whole."""
    return [path for path in (server.data_dir / ".staging").rglob("*") if path.is_file()]


def originals(server):
    """Of uploads alone: renderings come and go in the background of other tests."""
    return server.stored("originals/")


def form(*parts, end=b"--X--\r\n"):
    """The body of a form, part by part: the value of its Content-Disposition, and its content."""
    lines = [b"--X\r\nContent-Disposition: " + head + b"\r\n\r\n" + content + b"\r\n" for head, content in parts]
    return b"".join(lines) + end


FILE = b'form-data; name="file"; filename="a.png"'


def post_form(client, body, content_type="multipart/form-data; boundary=X", **headers):
    return client.post(IMAGES, content=body, headers={"Content-Type": content_type, **headers})


@pytest.fixture
def stored_before(server):
    return originals(server)


def is_nothing_stored(server, account, before):
    return originals(server) == before and account.client.get(IMAGES).json()["total"] == 0


# Uploading


@pytest.mark.parametrize("path", [IMAGES, "/v1/jobs"])
@pytest.mark.parametrize("query", ["name=x", "nmae=x", "tags="])
@pytest.mark.parametrize(
    "body",
    [{"files": {"file": ("a.png", PICTURE)}}, {"json": {"url": "https://example.org/a.png"}}],
    ids=["form", "json"],
)
def test_what_a_query_says_beside_a_form_or_json_is_refused_and_not_lost(account, path, query, body):
    answer = account.client.post(f"{path}?{query}", **body)

    assert problem_of(answer) == (422, "unknown_parameter")
    assert answer.json()["parameter"] == query.partition("=")[0]
    assert account.client.get(IMAGES).json()["total"] == 0


@pytest.mark.on_every_deployment("POST /v1/images")
def test_an_upload_is_told_what_was_measured(account):
    answer = account.client.post(IMAGES, files={"file": ("photo.jpg", with_orientation(quadrants(), 6))})

    image = answer.json()
    assert answer.status_code == 201
    assert answer.headers["Location"] == f"{IMAGES}/{image['id']}"
    assert (image["name"], image["media_type"], image["width"], image["height"]) == ("photo.jpg", "image/jpeg", 40, 20)
    assert (image["frames"], image["has_alpha"]) == (1, False)
    assert image["placeholder"]
    assert re.fullmatch("#[0-9a-f]{6}", image["dominant_color"])
    assert image["sha256"] == hashlib.sha256(with_orientation(quadrants(), 6)).hexdigest()


@pytest.mark.on_every_deployment("GET /v1/images/{image_id}", "GET /v1/images")
def test_an_image_is_the_same_in_every_place_that_shows_it(account):
    image = account.client.post(IMAGES, files={"file": ("a.png", PICTURE)}).json()

    assert image.pop("jobs") == []  # which are of the upload alone
    assert account.client.get(f"{IMAGES}/{image['id']}").json() == image
    assert account.client.get(IMAGES).json()["items"] == [image]


NAMES = [
    "../../etc/passwd",
    "/etc/passwd",
    "..",
    ".",
    "quo\"te's.png",
    "semi;colon=x.png",
    "50%.png",
    "%2e%2e%2f.png",
    "back\\slash.png",
    "emoji 😀👩\u200d👩\u200d👧.png",
    "\u202egnp.exe",
    "\u2066isolated\u2069.png",
    "名前.png",
    "<script>alert(1)</script>.png",
    "' OR 1=1 --",
    "${jndi:ldap://x}",
    "x" * 255,
    "\U0010ffff" * 255,
]


@pytest.mark.on_every_deployment
@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_a_name_is_kept_verbatim_and_is_never_a_path(server, account, name):
    answer = account.client.post(IMAGES, files={"file": ("a.png", PICTURE)}, data={"name": name})

    image = answer.json()
    kept = account.client.get(f"{IMAGES}/{image['id']}").json()["name"]
    assert (answer.status_code, image["name"], kept) == (201, name, name)
    assert {key for key in server.stored() if image["id"] in key} == {f"originals/{image['id']}"}


@pytest.mark.parametrize("name", NAMES, ids=ascii)
@pytest.mark.parametrize("query", ["", "?format=webp"])
def test_the_name_for_saving_cannot_leave_its_header(account, name, query):
    image = account.client.post(IMAGES, files={"file": ("a.png", PICTURE)}, data={"name": name}).json()

    answer = account.client.get(image["content_url"] + query)

    disposition = answer.headers["Content-Disposition"]
    found = re.fullmatch(r"inline; filename=\"([ -~]*)\"; filename\*=UTF-8''([\w.~%-]+)", disposition, re.ASCII)
    assert answer.status_code == 200
    assert "X-Evil" not in answer.headers
    assert found is not None
    assert not set('"\\/%;') & set(found[1])
    assert unquote(found[2], errors="strict").isprintable()


@pytest.mark.parametrize(
    ("field", "texts"),
    {
        "name": ["a\0", "line\nbreak\r\nX-Evil: 1", "\x1b[31m", "a\x7f", "\x85", "a\u2028b", " "],
        "description": ["a\0", "\x1b[31m", "a\u2029b", "\r\n\t "],
        "tags": ["a\0", "b,line\nbreak", "a\x9fb"],
    }.items(),
)
def test_what_cannot_be_read_is_refused_and_nothing_kept(account, field, texts):
    answers = [account.client.post(IMAGES, files={"file": ("a.png", PICTURE)}, data={field: one}) for one in texts]

    assert {problem_of(answer) for answer in answers} == {(422, "validation_error")}
    assert {answer.json()["pointer"].split("/")[1] for answer in answers} == {field}
    assert account.client.get(IMAGES).json()["total"] == 0


def test_of_the_name_of_a_file_is_kept_what_can_be_read(account):
    body = form((b'form-data; name="file"; filename="a\x1b[0m\x85\x7fb.png"', PICTURE))

    answer = post_form(account.client, body)

    assert (answer.status_code, answer.json()["name"]) == (201, "a[0mb.png")


@pytest.mark.parametrize("filename", ["../../etc/passwd", "C:x.png", "😀.png", "a'b;c=d.png", "%0d%0a.png", "\xa0.png"])
def test_the_name_of_the_file_is_taken_verbatim(account, filename):
    body = form((f'form-data; name="file"; filename="{filename}"'.encode(), PICTURE))

    assert post_form(account.client, body).json()["name"] == filename


def test_a_file_without_a_name_has_none(account):
    answer = post_form(account.client, form((b'form-data; name="file"; filename=""', PICTURE)))

    assert (answer.status_code, answer.json()["name"]) == (201, "")
    assert account.client.get(answer.json()["content_url"]).status_code == 200


def test_a_name_in_no_known_charset_is_no_fault_of_ours(account):
    answer = post_form(account.client, form((b'form-data; name="file"; filename="\xff\xfe.png"', PICTURE)))

    assert answer.status_code == 201


def test_a_file_name_that_is_too_long_is_cut(account):
    # Part headers have a limit of their own, so a longer one is refused with the form.
    answer = account.client.post(IMAGES, files={"file": ("x" * 2000, PICTURE)})

    assert (answer.status_code, answer.json()["name"]) == (201, "x" * 255)


def test_a_given_name_that_is_too_long_is_refused(server, account, stored_before):
    answer = account.client.post(IMAGES, files={"file": ("a.png", PICTURE)}, data={"name": "x" * 256})

    assert problem_of(answer) == (422, "validation_error")
    assert (answer.json()["pointer"], answer.json()["allowed"]) == (
        "/name",
        "text of 0 to 255 characters, not blank, without control characters",
    )
    assert is_nothing_stored(server, account, stored_before)


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "missing_file"),
        (form(), 400, "missing_file"),
        (form((b'form-data; name="picture"; filename="a.png"', PICTURE)), 400, "missing_file"),
        (form((b'form-data; name="file"', PICTURE)), 400, "missing_file"),
        (form((FILE, PICTURE), end=b""), 400, "missing_file"),
        (form((FILE, PICTURE), end=b"--X\r\n"), 400, "missing_file"),
        (form((FILE, PICTURE), end=b"--X-")[:-3], 400, "missing_file"),
        (form((FILE, PICTURE))[:100], 400, "missing_file"),
        (b"junk" + form((FILE, PICTURE)), 400, "invalid_multipart"),
        (form((b'form-data; filename="a.png"', PICTURE)), 400, "invalid_multipart"),
        (form((b"attachment", PICTURE)), 400, "invalid_multipart"),
        (b"--X\r\nContent-Type: image/png\r\n\r\n" + PICTURE + b"\r\n--X--\r\n", 400, "invalid_multipart"),
        (form((FILE + b"; x=" + b"y" * 70_000, PICTURE)), 400, "invalid_multipart"),
        (form((FILE + b"\r\nX: y" * 100, PICTURE)), 400, "invalid_multipart"),
        (form((FILE, PICTURE), (b'form-data; name="name"', b"x" * 9000)), 400, "invalid_multipart"),
        (form((FILE, PICTURE), (FILE, PICTURE)), 400, "too_many_parts"),
        (form((FILE, PICTURE), (b'form-data; name="other"; filename="b.png"', PICTURE)), 400, "too_many_parts"),
        (form((FILE, PICTURE), *[(b'form-data; name="name"', b"x")] * 1000), 400, "too_many_parts"),
        (form((FILE, PICTURE), *[(b'form-data; name="name"', b"x")] * 2), 422, "duplicate_parameter"),
        (form((FILE, PICTURE), (b'form-data; name="nmae"', b"x")), 422, "unknown_field"),
        (form((FILE, PICTURE), (b'form-data; name="owner"', b"x")), 422, "unknown_field"),
        (form((FILE, PICTURE), (b'form-data; name=""', b"x")), 422, "unknown_field"),
        (form((FILE, PICTURE), (b'form-data; name="file"', b"x")), 422, "unknown_field"),
    ],
)
def test_a_form_that_is_not_one_file_and_its_name_is_refused(server, account, stored_before, body, status, code):
    answer = post_form(account.client, body)

    assert problem_of(answer) == (status, code)
    assert is_nothing_stored(server, account, stored_before)


@pytest.mark.parametrize("content", [b"short", b"x" * 20_000], ids=["short", "long"])
def test_a_file_without_a_filename_is_told_as_that(account, content):
    answer = post_form(account.client, form((b'form-data; name="file"', content)))

    assert problem_of(answer) == (400, "missing_file")
    assert answer.json()["detail"] == "the part file has no filename, and so it is a text and no file"
    assert answer.json()["allowed"] == "a part named file, with a filename"


def test_a_file_under_another_name_is_told_by_that_name(account):
    answer = account.client.post(IMAGES, files={"picture": ("a.png", PICTURE)})

    assert answer.json()["detail"] == "the form has a file under the name 'picture', and none under the name file"


def test_a_misspelt_field_of_a_form_is_told_the_nearest_one(account):
    answer = account.client.post(IMAGES, files={"file": ("a.png", PICTURE)}, data={"nmae": "x"})

    assert (answer.json()["pointer"], answer.json()["nearest"]) == ("/nmae", "name")
    assert answer.json()["allowed"] == "description, name, tags"


@pytest.mark.parametrize(
    ("content_type", "status", "code"),
    [
        ("multipart/form-data", 400, "invalid_multipart"),
        ("multipart/form-data; boundary=", 400, "invalid_multipart"),
        ("multipart/form-data; boundary=Y", 400, "invalid_multipart"),
        ("multipart/form-data; boundary=" + "X" * 300, 400, "invalid_multipart"),
        *[(f"multipart/form-data; boundary=X; charset={one}", 400, "invalid_multipart") for one in ("utf-16", "hex")],
        *[
            (f"multipart/form-data; boundary=X; charset={one}", 400, "invalid_multipart")
            for one in ("undefined", "unicode_escape", "idna", "utf-7", "x" * 3000)
        ],
        ("multipart/mixed; boundary=X", 415, "unsupported_media_type"),
        ("application/x-www-form-urlencoded", 415, "unsupported_media_type"),
        ("application/json", 400, "invalid_json"),
        ("image/png", 415, "unsupported_format"),
        ("", 415, "unsupported_media_type"),
        (";;;", 415, "unsupported_media_type"),
    ],
    ids=lambda value: str(value)[:60],
)
def test_an_upload_is_a_form_in_utf_8_with_a_boundary(server, account, stored_before, content_type, status, code):
    body = form((b'form-data; name="file"; filename="\\ud800.png"', PICTURE))

    answer = post_form(account.client, body, content_type)

    assert problem_of(answer) == (status, code)
    assert is_nothing_stored(server, account, stored_before)


def test_a_quoted_boundary_and_a_named_charset_are_fine(account):
    content_type = 'Multipart/Form-Data; charset=UTF-8; boundary="X"'

    assert post_form(account.client, form((FILE, PICTURE)), content_type).status_code == 201


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "identity, gzip"])
def test_a_compressed_form_is_refused(account, encoding):
    answer = post_form(account.client, zlib.compress(form((FILE, PICTURE))), **{"Content-Encoding": encoding})

    assert problem_of(answer) == (415, "unsupported_encoding")


def test_an_empty_file_is_refused(account):
    assert problem_of(account.client.post(IMAGES, files={"file": ("a.png", b"")})) == (422, "empty_file")


NOT_PICTURES = {
    "text": b"hello",
    "html": b"<!DOCTYPE html><script>alert(1)</script>",
    "pdf": b"%PDF-1.7\n1 0 obj\n",
    "eps": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n",
    "zip": b"PK\3\4" + b"\0" * 60,
    "mvg": b"push graphic-context\nviewbox 0 0 640 480\nimage over 0,0 0,0 'https://127.0.0.1/x'\n",
    "elf": b"\x7fELF\2\1\1" + b"\0" * 60,
    "mp4": b"\0\0\0\x18ftypisom\0\0\2\0isomiso2mp41",
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
    "xxe": b'<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]><svg>&x;</svg>',
    "laughs": b'<!DOCTYPE svg [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><svg xmlns="http://www.w3.org/2000/svg">&b;</svg>',
    "ico": b"\0\0\1\0\1\0" + b"\0" * 60,
    "psd": b"8BPS\0\1" + b"\0" * 60,
    "ppm": b"P6 1 1 255 \xff\0\0",
    "one byte": b"\xff",
}


@pytest.mark.parametrize("content", NOT_PICTURES.values(), ids=NOT_PICTURES)
def test_what_is_not_a_picture_is_refused_whatever_it_is_called(server, account, stored_before, content):
    answer = account.client.post(IMAGES, files={"file": ("photo.jpg", content, "image/jpeg")})

    assert problem_of(answer) == (415, "unsupported_format")
    assert answer.json()["allowed"] == "JPEG, PNG, WEBP, GIF, BMP, TIFF, AVIF"
    assert is_nothing_stored(server, account, stored_before)


def test_the_bytes_tell_the_format_and_not_what_the_uploader_says(account):
    answer = account.client.post(IMAGES, files={"file": ("page.html", PICTURE, "text/html")})

    served = account.client.get(answer.json()["content_url"])
    assert (answer.status_code, answer.json()["media_type"]) == (201, "image/png")
    assert served.headers["Content-Type"] == "image/png"


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (encoded(quadrants(), "gif")[:-1] + b";/*<script>alert(1)</script>*/", "image/gif"),
        (encoded(quadrants(), "jpeg") + b"PK\3\4" + b"\0" * 100, "image/jpeg"),
        (PICTURE + b"<?php system($_GET['x']); ?>", "image/png"),
    ],
    ids=["GIF and script", "JPEG and ZIP", "PNG and PHP"],
)
def test_a_picture_that_is_something_else_too_is_served_as_the_picture_only(account, content, media_type):
    image = account.client.post(IMAGES, files={"file": ("a", content)}).json()

    original = account.client.get(image["content_url"])
    rendered = account.client.get(image["content_url"], params={"format": "png"})
    assert (original.content, original.headers["Content-Type"]) == (content, media_type)
    assert original.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in original.headers["Content-Security-Policy"]
    assert not [tail for tail in (b"script", b"PK\3\4", b"php") if tail in rendered.content]


def _png_of(*chunks):
    return PICTURE[:33] + b"".join(chunks) + PICTURE[33:]


BOMB = b"bomb\0\0" + zlib.compress(b"\0" * (64 * 2**20), 9)
BROKEN = {
    "truncated png": (PICTURE[:60], 422, "corrupt_image"),
    "truncated jpeg": (encoded(quadrants(200, 100), "jpeg")[:-100], 422, "corrupt_image"),
    "truncated gif": (encoded(quadrants(), "gif")[:40], 422, "corrupt_image"),
    "truncated webp": (encoded(quadrants(), "webp")[:60], 422, "corrupt_image"),
    "only a signature": (b"\x89PNG\r\n\x1a\n", 422, "corrupt_image"),
    "no side": (png_claiming(0, 10), 422, "corrupt_image"),
    "negative side": (png_claiming(2**32 - 1, 10), 422, "image_too_large"),
    "a bomb of png": (png_claiming(65535, 66601), 422, "image_too_large"),
    "a bomb of gif": (gif_claiming(65535, 65535), 422, "image_too_large"),
    "a long line": (png_claiming(1, 40_000_000), 422, "image_too_large"),
    "a side too long": (png_claiming(16385, 1), 422, "image_too_large"),
    "a profile that swells": (_png_of(png_chunk(b"iCCP", BOMB)), 422, "corrupt_image"),
    "a text that swells": (_png_of(png_chunk(b"zTXt", BOMB)), 422, "corrupt_image"),
}


@pytest.mark.parametrize(("content", "status", "code"), BROKEN.values(), ids=BROKEN)
def test_a_broken_or_monstrous_picture_is_refused(server, account, stored_before, content, status, code):
    answer = account.client.post(IMAGES, files={"file": ("a.png", content)})

    assert problem_of(answer) == (status, code)
    assert is_nothing_stored(server, account, stored_before)


def test_too_many_frames_are_refused_by_their_number(small_account):
    answer = small_account.client.post(IMAGES, files={"file": ("a.gif", animated("gif", 6))})

    assert problem_of(answer) == (422, "too_many_frames")
    assert (answer.json()["value"], answer.json()["allowed"]) == (6, "at most 5 frames")


def test_too_many_pixels_are_refused_by_their_number(small_account):
    answer = small_account.client.post(IMAGES, files={"file": ("a.png", png_claiming(1000, 501))})

    assert problem_of(answer) == (422, "image_too_large")
    assert (answer.json()["value"], answer.json()["allowed"]) == (
        501_000,
        "at most 500000 pixels, all frames together",
    )


@pytest.mark.parametrize(
    "content",
    [
        with_exif(encoded(quadrants(), "jpeg"), b"garbage"),
        with_exif(encoded(quadrants(), "jpeg"), b"II*\0\xff\xff\xff\xff"),
        with_exif(encoded(quadrants(), "jpeg"), b"MM\0*\0\0\0\x08\xff\xff" + b"\xff" * 100),
        *[with_orientation(quadrants(), orientation) for orientation in (0, 9, 65535)],
        encoded(quadrants(), "jpeg", icc_profile=b"not a profile"),
        with_png_chunk(PICTURE, b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0<broken"),
    ],
)
def test_metadata_that_cannot_be_read_is_no_reason_to_refuse_a_picture(account, content):
    image = account.client.post(IMAGES, files={"file": ("a", content)}).json()

    rendered = account.client.get(image["content_url"], params={"width": 20})
    assert (image["width"], image["height"]) == (40, 20)
    assert decoded(rendered.content).size == (20, 10)


# Too large, cut short, or gone: what httpx is too polite to send


class Speaker(HTTPConnection):
    """A connection of its own, to say a request bit by bit."""

    def __init__(self, server, token):
        address = urlsplit(server.address)
        super().__init__(address.hostname, address.port, timeout=20)
        self.token = token
        self.connect()
        self.line = self.sock.dup()  # http.client closes its own when the server says that it will hang up

    def begin_upload(self, **headers):
        self.putrequest("POST", IMAGES)
        given = {"Authorization": f"Bearer {self.token}", "Content-Type": "multipart/form-data; boundary=X", **headers}
        for name, value in given.items():
            self.putheader(name.replace("_", "-"), value)
        self.endheaders()

    def hang_up(self):
        self.close()
        self.line.close()

    def send_chunk(self, content):
        self.send(f"{len(content):x}\r\n".encode() + content + b"\r\n")

    def answer(self):
        response = self.getresponse()
        return response.status, response.read().decode(), response.headers


@pytest.fixture
def speaker(server, account):
    connection = Speaker(server, account.token)
    yield connection
    connection.hang_up()


@pytest.fixture
def small_speaker(small_server, small_account):
    connection = Speaker(small_server, small_account.token)
    yield connection
    connection.hang_up()


@pytest.fixture
def small_stored_before(small_server):
    return originals(small_server)


def is_gone_by_then(connection):
    """Whether the server hung up, which it does once it has said what it had to say."""
    try:
        return connection.line.recv(1) == b""
    except ConnectionResetError:
        return True


def test_a_file_of_the_largest_size_is_taken(small_account):
    content = PICTURE + b"x" * (LIMIT - len(PICTURE))

    assert small_account.client.post(IMAGES, files={"file": ("a.png", content)}).status_code == 201


def test_a_file_of_one_byte_more_is_refused(small_server, small_account, small_stored_before):
    content = PICTURE + b"x" * (LIMIT - len(PICTURE) + 1)

    answer = small_account.client.post(IMAGES, files={"file": ("a.png", content)})

    assert problem_of(answer) == (413, "file_too_large")
    assert answer.json()["allowed"] == f"at most {LIMIT} bytes"
    assert originals(small_server) == small_stored_before
    assert not staged_files(small_server)


@pytest.mark.parametrize("declared", [str(LIMIT * 2), str(2**40), str(2**63)])
def test_a_body_that_says_it_is_too_large_is_refused_before_it_is_sent(small_speaker, declared):
    small_speaker.begin_upload(Content_Length=declared)

    status, text, headers = small_speaker.answer()

    assert (status, headers["Connection"]) == (413, "close")
    assert '"code": "file_too_large"' in text
    assert is_gone_by_then(small_speaker)


def test_who_asks_first_whether_to_send_too_much_is_not_told_to_go_on(small_speaker):
    small_speaker.begin_upload(Content_Length=str(LIMIT * 2), Expect="100-continue")

    assert small_speaker.answer()[0] == 413


def test_a_stream_is_refused_once_it_is_too_large(small_server, small_speaker, small_stored_before):
    small_speaker.begin_upload(Transfer_Encoding="chunked")
    small_speaker.send_chunk(form((FILE, PICTURE), end=b"")[:-2])
    for _ in range(3):
        small_speaker.send_chunk(b"\0" * 60_000)

    status, text, headers = small_speaker.answer()

    assert (status, headers["Connection"]) == (413, "close")
    assert '"code": "file_too_large"' in text
    assert originals(small_server) == small_stored_before
    assert not staged_files(small_server)


def test_a_stream_of_the_right_size_is_taken(small_speaker):
    body = form((FILE, PICTURE))
    small_speaker.begin_upload(Transfer_Encoding="chunked")
    for start in range(0, len(body), 7):
        small_speaker.send_chunk(body[start : start + 7])
    small_speaker.send(b"0\r\n\r\n")

    assert small_speaker.answer()[0] == 201


def test_a_form_longer_than_its_declared_length_is_cut_there(server, account, speaker, stored_before):
    body = form((FILE, PICTURE))
    speaker.begin_upload(Content_Length=str(len(body) - 30))
    speaker.send(body)

    status, _, _ = speaker.answer()

    assert status == 400
    assert is_nothing_stored(server, account, stored_before)


@pytest.mark.on_every_deployment
def test_a_client_that_hangs_up_in_the_middle_leaves_nothing(server, account, speaker, stored_before):
    body = form((FILE, PICTURE + b"\0" * 3_000_000))
    already_logged = len(server.log())
    speaker.begin_upload(Content_Length=str(len(body)))
    speaker.send(body[:-100])
    speaker.hang_up()

    wait_for(lambda: "the client went away" in server.log()[already_logged:])
    assert is_nothing_stored(server, account, stored_before)


def test_a_client_that_ends_a_chunk_early_leaves_nothing(server, account, speaker, stored_before):
    speaker.begin_upload(Transfer_Encoding="chunked")
    speaker.send(b"fffff\r\n" + form((FILE, PICTURE)))
    speaker.line.shutdown(socket.SHUT_WR)

    assert is_gone_by_then(speaker)
    assert is_nothing_stored(server, account, stored_before)


@pytest.mark.parametrize(
    "headers",
    [
        {"Content_Length": "-1"},
        {"Content_Length": "1e3"},
        {"Content_Length": "9" * 30},
        {"Content_Length": "5", "Transfer_Encoding": "chunked"},
    ],
    ids=str,
)
def test_a_length_that_is_none_breaks_the_connection(speaker, headers):
    speaker.begin_upload(**headers)

    assert speaker.answer()[0] == 400
    assert is_gone_by_then(speaker)


@pytest.mark.parametrize("tail", [b"PK\3\4" + bytes(60), b"<script>alert(1)</script>", b"%PDF-1.4"])
@pytest.mark.parametrize("format", ["jpeg", "gif", "png"])
def test_a_picture_that_is_something_else_too_is_shown_as_a_picture_alone(account, format, tail):
    content = encoded(quadrants(), format) + tail
    image = account.client.post(IMAGES, files={"file": ("a.html", content, "text/html")}).json()

    original = account.client.get(image["content_url"])
    rendering = account.client.get(f"{image['content_url']}?t=w:9")

    assert original.content == content
    assert tail not in rendering.content
    for answer in (original, rendering):
        assert answer.headers["content-type"] == f"image/{format}"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
