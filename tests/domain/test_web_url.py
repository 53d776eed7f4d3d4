"""Addresses that somebody else gave us."""

import pytest

from imgsvc.domain.errors import InvalidUrl, UrlNotAllowed
from imgsvc.domain.web_url import WebUrl


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        ("http://example.com", WebUrl("http", "example.com", 80, "/")),
        ("https://Example.COM/a%20b?c=d#e", WebUrl("https", "example.com", 443, "/a%20b?c=d")),
        ("HTTPS://example.com:8443/", WebUrl("https", "example.com", 8443, "/")),
        ("http://[2001:db8::1]/x", WebUrl("http", "2001:db8::1", 80, "/x")),
        ("http://müller.example/ä?ö", WebUrl("http", "xn--mller-kva.example", 80, "/%C3%A4?%C3%B6")),
        ("http://a_b.example./", WebUrl("http", "a_b.example.", 80, "/")),
        ("http://0x7f.1/", WebUrl("http", "0x7f.1", 80, "/")),
        ("http://example.com/?a=//b@c", WebUrl("http", "example.com", 80, "/?a=//b@c")),
    ],
)
def test_an_address_of_the_web_is_read(text, parsed):
    assert WebUrl.parse(text) == parsed
    assert WebUrl.parse(str(parsed)) == parsed


@pytest.mark.parametrize(
    "text",
    [
        "",
        "picture.jpg",
        "/picture.jpg",
        "//example.com/x",
        "file:///etc/passwd",
        "ftp://example.com/x",
        "gopher://example.com/x",
        "data:image/png;base64,AAAA",
        "http://",
        "http:///x",
        "http://user@example.com/",
        "http://user:secret@example.com/",
        "http://@example.com/",
        "http://example.com\\@127.0.0.1/",
        "http://example.com/a b",
        "http://example.com/\r\nHost: other",
        "http://example.com/\0",
        "http://example.com:99999/",
        "http://example.com:0/",
        "http://example.com:x/",
        "http://[::1/",
        "http://" + "a" * 70 + ".example/",
        "http://.example/",
        "http://example..com/",
        "http://exam!ple.com/",
        "http://a$(id).example/",
        "http://-example.com/",
        "http://example-.com/",
        "http://a,b/",
        "http://%31%32%37.0.0.1/",
        "http://" + "a." * 127 + "com/",
        "http://[::1%25eth0]/",
        "http://[fe80::1%eth0]/",
        "http://[v1.x]/",
        "http://\ud800.example/",
        "http://example.com/" + "a" * 2048,
    ],
)
def test_what_is_no_address_of_the_web_is_refused(text):
    with pytest.raises(InvalidUrl) as refused:
        WebUrl.parse(text)

    assert "secret" not in str(refused.value.value)


@pytest.mark.parametrize("port", [1, 22, 25, 445, 1023])
def test_a_port_that_the_web_does_not_use_is_not_allowed(port):
    with pytest.raises(UrlNotAllowed):
        WebUrl.parse(f"http://example.com:{port}/")


@pytest.mark.parametrize(
    ("location", "target"),
    [
        ("/b", "http://example.com/b"),
        ("c?d", "http://example.com/a/c?d"),
        ("//other.example/e", "http://other.example/e"),
        ("https://other.example", "https://other.example/"),
    ],
)
def test_a_redirect_leads_from_where_it_was_given(location, target):
    assert str(WebUrl.parse("http://example.com/a/b").joined(location)) == target


@pytest.mark.parametrize(
    "location", ["file:///etc/passwd", "http://user:x@example.com", "javascript:alert(1)", "http://["]
)
def test_a_redirect_out_of_the_web_is_refused(location):
    with pytest.raises(InvalidUrl):
        WebUrl.parse("http://example.com/").joined(location)
