"""Upload a picture and have it transformed, in one request."""

from uuid import UUID

from imgsvc.application.use_cases import UseCases
from imgsvc.domain.errors import (
    ConflictingParameters,
    CropOutOfBounds,
    InvalidInput,
    InvalidParameter,
    OutputTooLarge,
    TooManyJobs,
    TooManyOperations,
    UnknownOperation,
    UnknownParameter,
    UnknownPreset,
    UnsupportedOutput,
)
from imgsvc.domain.image import ImageId
from imgsvc.domain.preset import FromPreset
from imgsvc.domain.transform import TransformSpec
from imgsvc.domain.user import User
from imgsvc.domain.wanted_specs import read_compact
from imgsvc.domain.wanted_specs import read_json as read_preset
from imgsvc.entrypoints.http.bodies import read_json
from imgsvc.entrypoints.http.endpoint import Answer, endpoint
from imgsvc.entrypoints.http.endpoints.images import UPLOAD_FAILURES
from imgsvc.entrypoints.http.endpoints.jobs import JobView
from imgsvc.entrypoints.http.errors import InvalidJson
from imgsvc.entrypoints.http.forms import Upload, labels_of
from imgsvc.entrypoints.http.threads import Pool

_THUMBNAIL = "rs:cover:100:100,el:1"


@endpoint(
    "POST",
    "/v1/jobs",
    tag="jobs",
    status=202,
    raises=(
        *UPLOAD_FAILURES,
        InvalidJson,
        InvalidParameter,
        UnknownParameter,
        UnknownOperation,
        TooManyJobs,
        TooManyOperations,
        ConflictingParameters,
        CropOutOfBounds,
        OutputTooLarge,
        UnknownPreset,
        UnsupportedOutput,
    ),
    pool=Pool.RENDERING,
    form={
        "spec": "in compact form, or as JSON in any shape; else a thumbnail of 100 by 100 pixels is made",
        "preset": "instead of a spec, the name of a preset of yours",
    },
)
def queue_upload(use_cases: UseCases, caller: User, upload: Upload, new_id: UUID) -> Answer[JobView]:
    """Send a picture as to `/v1/images`, and a `spec` or `preset` to have it transformed by in the background."""
    fields = dict(upload.fields)
    spec = use_cases.resolve_spec(caller.id, _wanted(fields.pop("spec", None), fields.pop("preset", None)))
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


def _wanted(spec: object, preset: object) -> TransformSpec | FromPreset:
    if spec is not None and preset is not None:
        detail = "a preset and a spec are two different transforms"
        raise ConflictingParameters(detail, path=("preset",), value=preset, allowed="one of the two")
    if preset is not None:
        return read_preset({"preset": preset})
    try:
        return _spec(_THUMBNAIL if spec is None else spec)
    except InvalidInput as error:
        raise error.under("spec") from None


def _spec(given: object) -> TransformSpec | FromPreset:
    """Of a body in JSON it is a part; else it is a text."""
    if not isinstance(given, str):
        return read_preset(given)
    return read_preset(read_json(given)) if given.lstrip()[:1] in ("{", "[") else read_compact(given)


ENDPOINTS = (queue_upload,)
