"""Variant: one spec applied to one image, once per engine fingerprint; seen from the queue, a job."""

import hashlib
import re
from datetime import datetime
from enum import StrEnum
from typing import NewType
from uuid import UUID, uuid4

from attrs import evolve, field, frozen

from imgsvc.domain.errors import VariantNotFound
from imgsvc.domain.field_rules import within
from imgsvc.domain.image import Image, ImageId
from imgsvc.domain.transform import SpecId, TransformSpec
from imgsvc.domain.user import UserId

VariantId = NewType("VariantId", UUID)

_SPEC_ID = re.compile("[0-9a-f]{64}")


class VariantStatus(StrEnum):
    PENDING = "pending"
    PROCESSING = "processing"
    READY = "ready"
    FAILED = "failed"


@frozen(kw_only=True)
class Rendition:
    """What became of a picture: the facts of a rendering's bytes."""

    media_type: str
    width: int = field(validator=within(1, 2**31 - 1))  # pixels
    height: int = field(validator=within(1, 2**31 - 1))
    byte_count: int = field(validator=within(1, 2**63 - 1))
    frames: int = field(default=1, validator=within(1, 2**31 - 1))
    sha256: str | None = None  # in hexadecimal, once they are to be kept


CANCELLED = "cancelled"  # the code of the failure of a job that its owner did not want any more


@frozen(kw_only=True)
class Failure:
    """Why a variant cannot be had: a stable code and a sentence, both fit for its owner."""

    code: str
    detail: str


@frozen
class RenderingName:
    """What determines a rendering's bytes, and so names them."""

    image_id: ImageId
    spec_id: SpecId
    fingerprint: str

    @property
    def blob_key(self) -> str:
        """Where the bytes are kept."""
        return f"variants/{self.image_id}/{self.spec_id}-{self.fingerprint}"

    @classmethod
    def of_key(cls, key: str) -> "RenderingName | None":
        """The rendering whose bytes are kept under the key; None where no rendering's are."""
        kind, *parts = key.split("/")
        if kind != "variants" or len(parts) != 2:
            return None
        spec_id, _, fingerprint = parts[1].partition("-")
        if not _SPEC_ID.fullmatch(spec_id):
            return None
        try:
            name = cls(ImageId(UUID(parts[0])), SpecId(spec_id), fingerprint)
        except ValueError:
            return None
        return name if name.blob_key == key else None  # other spellings of an id are not ours


def rendering_version(source_sha256: str, spec_id: SpecId, fingerprint: str) -> str:
    """Equal for equal bytes, and known before any pixel is; fit for an ETag. It tells nothing of the original."""
    made_of = f"{source_sha256} {spec_id}".encode()
    return f"{hashlib.sha256(made_of).hexdigest()[:32]}-{fingerprint}"


@frozen(kw_only=True)
class Variant:
    """A rendering that was asked for; ``ready`` has its rendition, ``failed`` its failure, the others neither."""

    id: VariantId = field(factory=lambda: VariantId(uuid4()))
    owner: UserId
    image_id: ImageId
    spec: TransformSpec
    fingerprint: str  # of the engine
    status: VariantStatus = VariantStatus.PENDING
    attempts: int = field(default=0, validator=within(0, 2**31 - 1))
    created_at: datetime  # always with a time zone
    queued_at: datetime | None = None  # when it was asked for in the background, which makes it a job
    finished_at: datetime | None = None
    rendition: Rendition | None = field(default=None)
    failure: Failure | None = field(default=None)
    # When somebody wanted it last, to about a day, on the clock of the repository; no part of what the variant is.
    used_at: datetime | None = field(default=None, eq=False)

    def __attrs_post_init__(self) -> None:
        if (self.rendition is not None) != (self.status is VariantStatus.READY):
            raise ValueError("a variant has a rendition exactly when it is ready")
        if (self.failure is not None) != (self.status is VariantStatus.FAILED):
            raise ValueError("a variant has a failure exactly when it failed")

    @classmethod
    def requested(
        cls, image: Image, spec: TransformSpec, fingerprint: str, now: datetime, *, queued: bool = False
    ) -> "Variant":
        """A variant that nobody has begun to make."""
        return cls(
            owner=image.owner,
            image_id=image.id,
            spec=spec,
            fingerprint=fingerprint,
            created_at=now,
            queued_at=now if queued else None,
        )

    @property
    def spec_id(self) -> SpecId:
        return self.spec.id

    @property
    def name(self) -> RenderingName:
        return RenderingName(self.image_id, self.spec_id, self.fingerprint)

    @property
    def blob_key(self) -> str:
        """Made of what determines the bytes, so making a variant twice writes the same bytes to the same place."""
        return self.name.blob_key

    @property
    def is_cancelled(self) -> bool:
        return self.failure is not None and self.failure.code == CANCELLED

    def ready(self, rendition: Rendition, now: datetime) -> "Variant":
        return evolve(self, status=VariantStatus.READY, rendition=rendition, failure=None, finished_at=now)

    def must_belong_to(self, caller: UserId) -> None:
        """Raises VariantNotFound, so a stranger cannot learn that the variant exists."""
        if self.owner != caller:
            raise VariantNotFound(f"no variant {self.id}")

    def must_be_job(self) -> None:
        """Raises VariantNotFound of what was made on the spot, and never queued."""
        if self.queued_at is None:
            raise VariantNotFound(f"no job {self.id}")
