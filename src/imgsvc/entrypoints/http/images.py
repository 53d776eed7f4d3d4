"""Originals, and renderings of them on the spot."""

from datetime import datetime
from uuid import UUID

from attrs import frozen
from starlette.requests import Request
from starlette.responses import Response

from imgsvc.application.use_cases import UseCases
from imgsvc.domain.errors import (
    Busy,
    CorruptImage,
    CropOutOfBounds,
    EmptyFile,
    FileTooLarge,
    ImageNotFound,
    ImageTooLarge,
    InvalidCursor,
    InvalidInput,
    OutputTooLarge,
    RenderingCrashed,
    RenderingFailed,
    RenderingTimedOut,
    StorageFull,
    TooManyBytes,
    TooManyFrames,
    TypeMismatch,
    UnknownField,
    UnsupportedFormat,
    UseAsync,
    unknown,
)
from imgsvc.domain.image import MAX_NAME, Image, ImageId
from imgsvc.domain.transform import TransformSpec
from imgsvc.domain.user import User
from imgsvc.entrypoints.http.endpoint import Answer, endpoint
from imgsvc.entrypoints.http.forms import Upload
from imgsvc.entrypoints.http.image_responses import accepted_types, name_as, not_modified, picture
from imgsvc.entrypoints.http.paging import PageQuery, next_links
from imgsvc.entrypoints.http.threads import Pool

UPLOAD_FAILURES = (
    EmptyFile,
    FileTooLarge,
    UnsupportedFormat,
    TypeMismatch,
    CorruptImage,
    ImageTooLarge,
    TooManyFrames,
    RenderingFailed,
    RenderingCrashed,
    RenderingTimedOut,
    Busy,
    StorageFull,
)
SPEC_FAILURES = (CropOutOfBounds, OutputTooLarge, UseAsync)
RENDER_FAILURES = (
    *SPEC_FAILURES,
    TooManyBytes,
    RenderingFailed,
    RenderingCrashed,
    RenderingTimedOut,
    CorruptImage,
    Busy,
    StorageFull,
)


@frozen(kw_only=True)
class ImageView:
    id: UUID
    name: str
    media_type: str
    width: int  # pixels, upright
    height: int
    bytes: int
    sha256: str
    frames: int
    has_alpha: bool
    created_at: datetime
    content_url: str

    @classmethod
    def of(cls, image: Image) -> "ImageView":
        facts = image.facts
        return cls(
            id=image.id,
            name=image.name,
            media_type=facts.media_type,
            width=facts.size.width,
            height=facts.size.height,
            bytes=image.byte_count,
            sha256=image.sha256,
            frames=facts.frames,
            has_alpha=facts.has_alpha,
            created_at=image.created_at,
            content_url=f"/v1/images/{image.id}/content",
        )


@frozen(kw_only=True)
class ImageListView:
    items: tuple[ImageView, ...]
    total: int
    next: str | None
    next_cursor: str | None


@endpoint("POST", "/v1/images", tag="images", status=201, raises=UPLOAD_FAILURES, pool=Pool.RENDERING)
def upload_image(use_cases: UseCases, caller: User, upload: Upload) -> Answer[ImageView]:
    """Upload a picture: a form with the part `file`, and `name` if it should have another name than its file."""
    for name in upload.fields:
        if name != "name":
            raise unknown(UnknownField, "field", name, ["file", "name"]).under(name)
    name = upload.fields.get("name", upload.filename[:MAX_NAME])
    if len(name) > MAX_NAME:
        allowed = f"at most {MAX_NAME} characters"
        raise InvalidInput("the name is too long", path=("name",), value=len(name), allowed=allowed)
    image = use_cases.upload_image(caller.id, upload.file, name, upload.media_type)
    return Answer(ImageView.of(image), 201, {"Location": f"/v1/images/{image.id}"})


@endpoint("GET", "/v1/images", tag="images", raises=(InvalidCursor,))
def list_images(use_cases: UseCases, caller: User, query: PageQuery) -> ImageListView:
    """Your images, newest first."""
    page, total = use_cases.list_images(caller.id, query.request("/v1/images", caller))
    address, cursor = next_links("/v1/images", caller, query, page)
    return ImageListView(
        items=tuple(ImageView.of(image) for image in page.items), total=total, next=address, next_cursor=cursor
    )


@endpoint("GET", "/v1/images/{image_id}", tag="images", raises=(ImageNotFound,))
def get_image(use_cases: UseCases, caller: User, image_id: UUID) -> ImageView:
    """The facts of an image."""
    return ImageView.of(use_cases.get_image(caller.id, ImageId(image_id)))


@endpoint("DELETE", "/v1/images/{image_id}", tag="images", status=204, raises=(ImageNotFound,))
def delete_image(use_cases: UseCases, caller: User, image_id: UUID) -> None:
    """Erase an image and everything that was made of it."""
    use_cases.delete_image(caller.id, ImageId(image_id))


@endpoint(
    "GET",
    "/v1/images/{image_id}/content",
    tag="images",
    also={304: "You have this version already: its ETag was in If-None-Match"},
    raises=(ImageNotFound, *RENDER_FAILURES),
    is_picture=True,
    pool=Pool.RENDERING,
)
def get_content(use_cases: UseCases, caller: User, image_id: UUID, query: TransformSpec, request: Request) -> Response:
    """The original; or, with `t` or the single parameters, a rendering of it, made now if it is not there yet."""
    if not request.url.query:
        return _original(use_cases, caller, ImageId(image_id), request)
    planned = use_cases.plan_rendering(caller.id, ImageId(image_id), query, accepted_types(request))
    trail = {"X-Imgsvc-Engine": planned.fingerprint, **({"Vary": "Accept"} if planned.is_negotiated else {})}
    unchanged = not_modified(request, planned.version, trail)
    if unchanged is not None:
        return unchanged
    opened = use_cases.open_rendering.open(planned)
    return picture(
        opened.content,
        media_type=opened.rendition.media_type,
        byte_count=opened.rendition.byte_count,
        etag=planned.version,
        name=name_as(planned.image.name, planned.plan.format.extension),
        headers={**trail, "X-Imgsvc-Cache": opened.origin},
    )


def _original(use_cases: UseCases, caller: User, image_id: ImageId, request: Request) -> Response:
    image = use_cases.get_image(caller.id, image_id)
    return not_modified(request, image.sha256) or picture(
        use_cases.open_original.open(image),
        media_type=image.facts.media_type,
        byte_count=image.byte_count,
        etag=image.sha256,
        name=image.name,
    )


ENDPOINTS = (upload_image, list_images, get_image, delete_image, get_content)
