"""Links from key to key and until their end: what was signed is good for as long as it was said to be."""

from datetime import timedelta
from io import BytesIO

import pytest
from attrs import evolve

from imgsvc import compose
from imgsvc.adapters.credentials.hmac_signatures import HmacSignatures
from imgsvc.domain.errors import ImageNotFound, InvalidSignature, LinkExpired
from imgsvc.domain.link import Bounds
from imgsvc.domain.notation import parse
from imgsvc.domain.output import Format
from imgsvc.domain.wanted_specs import WantedSpec
from imgsvc.entrypoints.composition import utc_now
from imgsvc.entrypoints.http.endpoints.links import LinkRequest, make_links
from tests.pictures import encoded, quadrants

OLD, NEW = "old:" + "o" * 32, "new:" + "n" * 32
SPEC = WantedSpec(parse("w:10,f:png"))


def followed(use_cases, signed):
    return use_cases.follow_link(signed.link.signed_path.encode(), signed.signature)


def signed_with(keys):
    return HmacSignatures.from_text(keys)


def test_a_link_of_an_older_key_is_good_until_that_is_taken_away(with_ports, ada, image):
    (link,) = with_ports(signer=signed_with(OLD)).make_links(ada, image.id, SPEC)
    rotated, later = (with_ports(signer=signed_with(keys)) for keys in (f"{NEW},{OLD}", NEW))

    assert followed(rotated, link).planned.image == image
    assert rotated.make_links(ada, image.id, SPEC)[0].signature.key == "new"
    with pytest.raises(InvalidSignature):
        followed(later, link)


def test_a_link_ends_when_it_was_said_to(with_ports, use_cases, ada, image):
    (link,) = use_cases.make_links(ada, image.id, SPEC, lifetime=timedelta(hours=1))
    just_before, after = (
        with_ports(clock=lambda age=age: utc_now() + age) for age in (timedelta(minutes=59), timedelta(minutes=61))
    )

    assert followed(just_before, link).expires_at == link.link.expires_at
    with pytest.raises(LinkExpired):
        followed(after, link)


def test_an_expired_link_does_not_tell_whether_its_image_is_there(with_ports, use_cases, ada, image):
    (link,) = use_cases.make_links(ada, image.id, SPEC, lifetime=timedelta(hours=1))
    use_cases.delete_image(ada, image.id)
    after = with_ports(clock=lambda: utc_now() + timedelta(hours=2))

    with pytest.raises(LinkExpired):
        followed(after, link)
    with pytest.raises(ImageNotFound):
        followed(use_cases, link)


def test_a_stranger_can_make_no_link(use_cases, stranger, image):
    with pytest.raises(ImageNotFound):
        use_cases.make_links(stranger, image.id, SPEC)


def test_a_link_shows_an_overlay_of_its_owner(use_cases, ada, image):
    (link,) = use_cases.make_links(ada, image.id, WantedSpec(parse(f"wm:{image.id},f:png")))

    assert followed(use_cases, link).planned.spec.overlays


def test_a_link_whose_overlay_was_deleted_shows_nothing_that_a_stranger_could_mend(use_cases, ada, image):
    mark = use_cases.upload_image(ada, BytesIO(encoded(quadrants(20, 20))))
    (link,) = use_cases.make_links(ada, image.id, WantedSpec(parse(f"wm:{mark.id},f:png")))
    use_cases.delete_image(ada, mark.id)

    with pytest.raises(ImageNotFound):
        followed(use_cases, link)


def test_each_format_has_a_signature_and_its_own_comes_last(use_cases, ada, image):
    links = use_cases.make_links(ada, image.id, SPEC, [Format.WEBP, Format.PNG], Bounds(widths=[5, 10]))

    assert [one.media_type for one in links] == ["image/webp", "image/png"]
    assert [[candidate.width for candidate in one.candidates] for one in links] == [[5, 10], [5, 10]]


def test_links_are_told_with_the_public_address(settings, picture):
    with compose(evolve(settings, public_url="https://pictures.example.org/img")) as service:
        ada = service.use_cases.register_user("ada", "correct horse battery")
        image = service.use_cases.upload_image(ada.id, BytesIO(picture))

        view = make_links.function(service=service, caller=ada, image_id=image.id, body=LinkRequest(widths=(5, 10)))

    assert view.url.startswith("https://pictures.example.org/img/i/")
    assert view.srcset.count("https://pictures.example.org/img/i/") == 2
    assert view.html.count("https://pictures.example.org/img/i/") == 3
