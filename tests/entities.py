"""Users, images and variants that differ from each other only where a test says so."""

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from imgsvc.domain.delivery import Delivery
from imgsvc.domain.image import Facts, Image, Labels
from imgsvc.domain.operations import Grayscale
from imgsvc.domain.transform import TransformSpec
from imgsvc.domain.user import User
from imgsvc.domain.variant import Failure, Rendition, Variant
from imgsvc.domain.webhook import TEST_EVENT, Webhook

NOW = datetime(2026, 3, 1, 12, 30, 45, 678901, tzinfo=UTC)
RENDITION = Rendition(media_type="image/webp", width=30, height=20, byte_count=1234)
FAILURE = Failure(code="corrupt_image", detail="the picture ends too early")

_numbers = count(1)


def later(seconds: float = 1) -> datetime:
    return NOW + timedelta(seconds=seconds)


def a_user(**changes: Any) -> User:
    """Of a name that no other has."""
    return User(
        **{"username": f"user{next(_numbers)}", "password_hash": "not a real hash", "created_at": NOW, **changes}
    )


def an_image(owner: User, **changes: Any) -> Image:
    defaults = {
        "owner": owner.id,
        "labels": Labels(name=changes.pop("name", "tree.jpg")),
        "facts": Facts(media_type="image/jpeg", stored_width=60, stored_height=40),
        "byte_count": 4321,
        "sha256": "0" * 64,
        "created_at": NOW,
    }
    return Image(**{**defaults, **changes})


def a_variant(image: Image, **changes: Any) -> Variant:
    """Pending, and nobody has queued it."""
    defaults = {
        "owner": image.owner,
        "image_id": image.id,
        "spec": TransformSpec(steps=[Grayscale()]),
        "fingerprint": "engine-1",
        "created_at": NOW,
    }
    return Variant(**{**defaults, **changes})


def a_job(image: Image, **changes: Any) -> Variant:
    """A variant that waits in the queue."""
    return a_variant(image, **{"queued_at": changes.get("created_at", NOW), **changes})


def a_webhook(owner: User, **changes: Any) -> Webhook:
    return Webhook(**{"owner": owner.id, "url": "https://example.org/hook", "created_at": NOW, **changes})


def a_test(webhook: Webhook, **changes: Any) -> Delivery:
    """A message that tells of no job."""
    return Delivery(**{"webhook_id": webhook.id, "event": TEST_EVENT, "created_at": NOW, **changes})
