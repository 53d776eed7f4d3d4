"""Upload a picture, and have it transformed in the same request."""

from typing import Self
from uuid import UUID

from attrs import frozen

from imgsvc.application.use_cases import UseCases
from imgsvc.domain.errors import (
    CropOutOfBounds,
    OutputTooLarge,
    TooManyJobs,
    TooMuchMemory,
    UnknownPreset,
    UnsupportedOutput,
)
from imgsvc.domain.image import Image, ImageId, Labels
from imgsvc.domain.preset import PresetName
from imgsvc.domain.user import User
from imgsvc.domain.variant import Variant, VariantStatus
from imgsvc.domain.wanted_specs import MAX_SPECS, WantedSpec, read_compact
from imgsvc.entrypoints.http.bodies import WANTED_FAILURES, read_wanted
from imgsvc.entrypoints.http.endpoint import Answer, endpoint
from imgsvc.entrypoints.http.endpoints.images import UPLOAD_FAILURES, ImageView
from imgsvc.entrypoints.http.endpoints.jobs import JobView
from imgsvc.entrypoints.http.threads import Pool
from imgsvc.entrypoints.http.upload_bodies import Upload, labels_of, presets_of

_THUMBNAIL = read_compact("rs:cover:100:100,el:1")
_QUEUE_FAILURES = (CropOutOfBounds, OutputTooLarge, TooManyJobs, TooMuchMemory)


@frozen(kw_only=True)
class PresetJobView:
    """A job that an upload has queued."""

    preset: str
    id: UUID
    status: VariantStatus
    job_url: str
    variant_url: str

    @classmethod
    def of(cls, preset: PresetName, job: Variant) -> "PresetJobView":
        return cls(
            preset=preset,
            id=job.id,
            status=job.status,
            job_url=f"/v1/jobs/{job.id}",
            variant_url=f"/v1/variants/{job.id}",
        )


@frozen(kw_only=True)
class UploadedImageView(ImageView):
    """An image, and what was queued with its upload."""

    jobs: tuple[PresetJobView, ...]  # in the order of `presets`; none where none were named


@frozen
class _Said:
    """What an upload says besides the picture."""

    wanted: list[WantedSpec]
    labels: Labels
    presets: tuple[PresetName, ...] = ()

    @classmethod
    def of_image(cls, upload: Upload) -> Self:
        """Raises InvalidInput."""
        fields = dict(upload.fields)
        named = presets_of(fields.pop("presets", ""))
        return cls(named.wanted, labels_of(fields), named.presets)

    @classmethod
    def of_job(cls, upload: Upload) -> Self:
        """Raises InvalidInput."""
        fields = dict(upload.fields)
        wanted = read_wanted(fields.pop("spec", None), fields.pop("preset", None))
        return cls([wanted or WantedSpec(_THUMBNAIL)], labels_of(fields))

    def must_be_possible(self, use_cases: UseCases, caller: User, new_id: UUID) -> None:
        """Of some picture. Raises InvalidInput, QuotaExceeded, TooManyJobs."""
        use_cases.queue_upload.must_be_possible(caller.id, self.wanted, image_id=ImageId(new_id))

    def queued(self, use_cases: UseCases, caller: User, upload: Upload, new_id: UUID) -> tuple[Image, list[Variant]]:
        return use_cases.queue_upload(
            caller.id,
            upload.file,
            self.wanted,
            name=upload.filename,
            declared_type=upload.media_type,
            labels=self.labels,
            image_id=ImageId(new_id),
        )


def _image_must_be_possible(use_cases: UseCases, caller: User, upload: Upload, new_id: UUID) -> None:
    _Said.of_image(upload).must_be_possible(use_cases, caller, new_id)


def _job_must_be_possible(use_cases: UseCases, caller: User, upload: Upload, new_id: UUID) -> None:
    _Said.of_job(upload).must_be_possible(use_cases, caller, new_id)


@endpoint(
    "POST",
    "/v1/images",
    tag="images",
    status=201,
    raises=(*UPLOAD_FAILURES, *_QUEUE_FAILURES, UnknownPreset, UnsupportedOutput),
    pool=Pool.RENDERING,
    form={"presets": f"up to {MAX_SPECS} names of presets of yours, each of which is queued as a job"},
    before_fetching=_image_must_be_possible,
)
def upload_image(use_cases: UseCases, caller: User, upload: Upload, new_id: UUID) -> Answer[UploadedImageView]:
    """Upload a picture: a form with the part `file`, and what you say of it; else it has the name of its file.

    It is transformed by `presets` in the background; where one of them cannot be, the picture is not kept.
    """
    said = _Said.of_image(upload)
    image, queued = said.queued(use_cases, caller, upload, new_id)
    jobs = tuple(PresetJobView.of(name, job) for name, job in zip(said.presets, queued, strict=True))
    return Answer(UploadedImageView.of(image, jobs=jobs), 201, {"Location": f"/v1/images/{image.id}"})


@endpoint(
    "POST",
    "/v1/jobs",
    tag="jobs",
    status=202,
    raises=(*UPLOAD_FAILURES, *WANTED_FAILURES, *_QUEUE_FAILURES),
    pool=Pool.RENDERING,
    form={
        "spec": "in compact form, or as JSON in any shape; else a thumbnail of 100 by 100 pixels is made",
        "preset": "instead of a spec, the name of a preset of yours",
    },
    before_fetching=_job_must_be_possible,
)
def queue_upload(use_cases: UseCases, caller: User, upload: Upload, new_id: UUID) -> Answer[JobView]:
    """Send a picture as to `/v1/images`, and a `spec` or `preset` to have it transformed by in the background."""
    _, (job,) = _Said.of_job(upload).queued(use_cases, caller, upload, new_id)
    return Answer(JobView.of(job), 202, {"Location": f"/v1/jobs/{job.id}"})


ENDPOINTS = (upload_image, queue_upload)
