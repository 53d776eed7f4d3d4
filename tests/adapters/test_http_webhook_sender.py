"""Messages to webhooks: what arrives, what is made of the answer, and who is never called."""

import hashlib
import hmac
from base64 import b64decode, b64encode
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from threading import Event
from time import monotonic
from uuid import uuid4

import pytest
from standardwebhooks import Webhook as Verifier
from standardwebhooks import WebhookVerificationError

from imgsvc.adapters.outbound import open_webhook_sender
from imgsvc.domain.errors import UrlNotAllowed
from imgsvc.domain.web_url import WebUrl
from imgsvc.domain.webhook import new_secret
from imgsvc.entrypoints.composition import utc_now
from imgsvc.ports.deliveries import DueDelivery
from tests.entities import a_test, a_user, a_webhook
from tests.websites import OK, answer_of, answering, redirect_to, website

LOOPBACK = [ip_network("127.0.0.0/8")]
SECRET = new_secret()
TAKEN = answer_of(b"", status="204 No Content")
SECONDS = 1.0


def sender(clock=utc_now, allowed=LOOPBACK):
    return open_webhook_sender(seconds=SECONDS, clock=clock, allowed=allowed)


def due(url, secrets=(SECRET,)):
    webhook = a_webhook(a_user())
    return DueDelivery(a_test(webhook), webhook.owner, uuid4(), url, secrets, is_failing=False, is_wanted=True)


def sent(answer=TAKEN, *, secrets=(SECRET,), clock=utc_now):
    """What came of a message, and its headers and body as they arrived."""
    with website(answering(answer)) as site:
        attempt = sender(clock).send(due(f"{site.address}/hook?a=1", secrets))
    head, _, body = site.requests[0].partition(b"\r\n\r\n")
    lines = [line.partition(": ") for line in head.decode().split("\r\n")]
    assert lines[0][0] == "POST /hook?a=1 HTTP/1.1"
    return attempt, {name.lower(): value for name, _, value in lines[1:]}, body


def test_a_message_is_verified_by_the_library_of_the_standard():
    attempt, headers, body = sent()

    assert (attempt.status, attempt.is_taken, attempt.trouble) == (204, True, None)
    assert Verifier(SECRET).verify(body, headers)["type"] == "webhook.test"
    assert headers["content-type"] == "application/json"
    assert "authorization" not in headers


def test_what_is_signed_are_the_bytes_that_are_sent():
    _, headers, body = sent()
    key = b64decode(SECRET.removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body

    signature = b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()

    assert headers["webhook-signature"] == f"v1,{signature}"


def test_two_secrets_give_two_signatures_each_of_which_is_good():
    old = new_secret()

    _, headers, body = sent(secrets=(SECRET, old))

    for secret in (SECRET, old):
        assert Verifier(secret).verify(body, headers)
    with pytest.raises(WebhookVerificationError):
        Verifier(new_secret()).verify(body, headers)


def changed(headers, body, how):
    signature = headers["webhook-signature"].removeprefix("v1,")
    match how:
        case "another id":
            return headers | {"webhook-id": str(uuid4())}, body
        case "another moment":
            return headers | {"webhook-timestamp": str(int(headers["webhook-timestamp"]) + 1)}, body
        case "another body":
            return headers, body.replace(b"webhook.test", b"variant.ready")
        case "no signature":
            return headers | {"webhook-signature": ""}, body
        case "of another version":
            return headers | {"webhook-signature": f"v2,{signature}"}, body


@pytest.mark.parametrize("how", ["another id", "another moment", "another body", "no signature", "of another version"])
def test_a_verifier_refuses_what_was_changed_on_the_way(how):
    _, headers, body = sent()
    changed_headers, changed_body = changed(headers, body, how)

    with pytest.raises(WebhookVerificationError):
        Verifier(SECRET).verify(changed_body, changed_headers)


@pytest.mark.parametrize("minutes", [-6, 6])
def test_a_verifier_refuses_what_is_too_old_or_too_new(minutes):
    _, headers, body = sent(clock=lambda: utc_now() + timedelta(minutes=minutes))

    with pytest.raises(WebhookVerificationError):
        Verifier(SECRET).verify(body, headers)


def test_whichever_zone_the_clock_is_in_the_moment_is_the_same():
    east = datetime.now(UTC).astimezone(tz=None).tzinfo
    _, headers, body = sent(clock=lambda: utc_now().astimezone(east))

    assert Verifier(SECRET).verify(body, headers)


@pytest.mark.parametrize(
    "status", ["199 Odd", "300 Choices", "304 Not Modified", "400 Bad Request", "404 Not Found", "500 Broken"]
)
def test_any_other_status_than_2xx_is_no_success(status):
    attempt, _, _ = sent(answer_of(b"", status=status))

    assert not attempt.is_taken
    if not status.startswith("1"):
        assert attempt.status == int(status[:3])
        assert status[:3] in attempt.trouble


def test_a_redirect_is_not_followed():
    with website(answering(TAKEN)) as elsewhere, website(answering(redirect_to(elsewhere.address))) as site:
        attempt = sender().send(due(site.address))

    assert (attempt.status, attempt.is_taken) == (302, False)
    assert elsewhere.connections == 0


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("Retry-After: 120", 120), ("Retry-After: Thu, 01 Jan 1970 00:00:00 GMT", 0), ("Retry-After: soon", None)],
)
def test_what_a_receiver_asks_for_is_told(header, seconds):
    attempt, _, _ = sent(answer_of(b"", header, status="503 Busy"))

    assert attempt.retry_after == (None if seconds is None else timedelta(seconds=seconds))


def test_a_date_to_come_back_at_is_told_as_a_wait():
    now = datetime(2026, 3, 1, 12, tzinfo=UTC)
    date = "Retry-After: Sun, 01 Mar 2026 13:00:00 GMT"

    attempt, _, _ = sent(answer_of(b"", date, status="429 Too Many"), clock=lambda: now)

    assert attempt.retry_after == timedelta(hours=1)


def test_an_answer_without_end_is_not_waited_for():
    def behave(connection):
        connection.sendall(OK + b"Connection: close\r\n\r\n")
        while True:
            connection.sendall(b"x" * 65536)

    with website(behave) as site:
        begun = monotonic()
        attempt = sender().send(due(site.address))

    assert attempt.is_taken
    assert monotonic() - begun < SECONDS


@pytest.mark.parametrize("pieces", [[], [b"H", b"T", b"T", b"P"]], ids=["silent", "byte by byte"])
def test_a_receiver_that_takes_too_long_is_given_up(pieces):
    def behave(connection):
        for piece in pieces:
            connection.sendall(piece)
            Event().wait(SECONDS / 3)
        connection.recv(1)

    with website(behave) as site:
        begun = monotonic()
        attempt = sender().send(due(site.address))

    assert (attempt.status, attempt.trouble) == (None, "the server takes too long")
    assert monotonic() - begun < 3 * SECONDS


@pytest.mark.parametrize(
    "answer",
    [b"nonsense\r\n\r\n", b"", OK + b"x: y\r\n" * 200 + b"\r\n"],
    ids=["nonsense", "nothing", "too many headers"],
)
def test_what_is_no_answer_is_told_as_such(answer):
    attempt, _, _ = sent(answer)

    assert (attempt.status, attempt.is_taken) == (None, False)
    assert attempt.trouble


def test_nobody_is_there_where_nobody_listens():
    with website(answering(TAKEN)) as site:
        pass

    assert sender().send(due(site.address)).trouble == "the server cannot be reached, or breaks off"


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "10.0.0.1"])
def test_the_inside_is_not_called(host):
    with website(answering(TAKEN)) as site:
        url = f"https://{host}:{site.port}/"
        attempt = sender(allowed=()).send(due(url))
        with pytest.raises(UrlNotAllowed):
            sender(allowed=()).check(WebUrl.parse(url))

    assert "public" in attempt.trouble
    assert site.connections == 0


def test_a_public_address_is_called_over_tls_alone():
    sender(allowed=()).check(WebUrl.parse("https://93.184.216.34/"))

    with pytest.raises(UrlNotAllowed) as refused:
        sender(allowed=()).check(WebUrl.parse("http://93.184.216.34/"))
    assert refused.value.allowed == "https"


def test_an_address_of_the_operators_own_may_do_without():
    sender().check(WebUrl.parse("http://127.0.0.1:8080/"))


def test_a_host_that_nobody_knows_is_refused_like_one_of_the_inside():
    with pytest.raises(UrlNotAllowed):
        sender().check(WebUrl.parse("https://nobody.invalid/"))
