"""What webhooks are, and where they lead."""

import base64

import pytest

from imgsvc.domain.errors import InvalidInput, InvalidUrl, UrlNotAllowed
from imgsvc.domain.plain_data import read_parameters
from imgsvc.domain.web_url import WebUrl
from imgsvc.domain.webhook import DisabledReason, WebhookChanges, WebhookEvent, must_not_be_own, new_secret
from tests.entities import a_user, a_webhook


def test_a_webhook_is_told_everything_unless_it_says_otherwise():
    assert a_webhook(a_user()).events == (WebhookEvent.VARIANT_READY, WebhookEvent.VARIANT_FAILED)


@pytest.mark.parametrize("events", [(), (WebhookEvent.VARIANT_READY,) * 2])
def test_a_webhook_is_told_something_and_each_event_once(events):
    for made in (lambda: a_webhook(a_user(), events=events), lambda: WebhookChanges(events=events)):
        with pytest.raises(InvalidInput) as refused:
            made()
        assert refused.value.path == ("events",)


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("ftp://example.org/", InvalidUrl),
        ("https://ada:secret@example.org/", InvalidUrl),
        ("https://example.org/" + "a" * 2048, InvalidUrl),
        ("https://example.org:25/", UrlNotAllowed),
    ],
)
def test_a_webhook_leads_to_an_address_of_the_web(url, kind):
    for made in (lambda: a_webhook(a_user(), url=url), lambda: WebhookChanges(url=url)):
        with pytest.raises(kind) as refused:
            made()
        assert refused.value.path == ("url",)


@pytest.mark.parametrize("name", ["url", "events", "enabled"])
def test_nothing_of_a_webhook_can_be_cleared(name):
    with pytest.raises(InvalidInput) as refused:
        read_parameters(WebhookChanges, {name: None})

    assert refused.value.path == (name,)


@pytest.mark.parametrize("host", ["pictures.example.org", "PICTURES.example.org", "pictures.example.org."])
def test_a_webhook_does_not_lead_to_the_service_itself(host):
    with pytest.raises(UrlNotAllowed):
        must_not_be_own(WebUrl.parse(f"https://{host}:8443/v1/jobs"), ("pictures.example.org",))


def test_a_webhook_leads_to_any_other_host():
    must_not_be_own(WebUrl.parse("https://example.org/"), ("pictures.example.org",))


def test_a_secret_is_256_bits_of_chance_in_the_form_of_the_standard():
    first, second = new_secret(), new_secret()

    assert first.startswith("whsec_")
    assert len(base64.b64decode(first.removeprefix("whsec_"), validate=True)) == 32
    assert first != second


@pytest.mark.parametrize("reason", DisabledReason)
def test_every_reason_of_a_webhook_that_is_disabled_is_told_in_words(reason):
    assert len(reason.detail) > 10
