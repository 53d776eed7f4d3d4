"""Upload a picture and have it transformed, in one request."""

from uuid import UUID

from imgsvc.application.use_cases import UseCases
from imgsvc.domain.errors import CropOutOfBounds, OutputTooLarge, TooManyJobs
from imgsvc.domain.image import ImageId
from imgsvc.domain.user import User
from imgsvc.domain.wanted_specs import read_compact
from imgsvc.entrypoints.http.bodies import read_wanted
from imgsvc.entrypoints.http.endpoint import Answer, endpoint
from imgsvc.entrypoints.http.endpoints.images import UPLOAD_FAILURES, WANTED_FAILURES
from imgsvc.entrypoints.http.endpoints.jobs import JobView
from imgsvc.entrypoints.http.forms import Upload, labels_of
from imgsvc.entrypoints.http.threads import Pool

_THUMBNAIL = read_compact("rs:cover:100:100,el:1")


@endpoint(
    "POST",
    "/v1/jobs",
    tag="jobs",
    status=202,
    raises=(*UPLOAD_FAILURES, *WANTED_FAILURES, CropOutOfBounds, OutputTooLarge, TooManyJobs),
    pool=Pool.RENDERING,
    form={
        "spec": "in compact form, or as JSON in any shape; else a thumbnail of 100 by 100 pixels is made",
        "preset": "instead of a spec, the name of a preset of yours",
    },
)
def queue_upload(use_cases: UseCases, caller: User, upload: Upload, new_id: UUID) -> Answer[JobView]:
    """Send a picture as to `/v1/images`, and a `spec` or `preset` to have it transformed by in the background."""
    fields = dict(upload.fields)
    wanted = read_wanted(fields.pop("spec", None), fields.pop("preset", None))
    spec = use_cases.resolve_spec(caller.id, wanted or _THUMBNAIL)
    job = use_cases.queue_upload(
        caller.id,
        upload.file,
        spec,
        name=upload.filename,
        declared_type=upload.media_type,
        labels=labels_of(fields),
        image_id=ImageId(new_id),
    )
    return Answer(JobView.of(job), 202, {"Location": f"/v1/jobs/{job.id}"})


ENDPOINTS = (queue_upload,)
