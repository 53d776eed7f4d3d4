"""Transform an image, and what was made of it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from attrs import frozen
from starlette.requests import Request
from starlette.responses import Response

from imgsvc.application.rates import Payer
from imgsvc.application.use_cases import UseCases
from imgsvc.application.variants import Mode
from imgsvc.domain.errors import (
    ImageErased,
    ImageNotFound,
    InvalidCursor,
    TooManyJobs,
    VariantNotFound,
    VariantNotReady,
)
from imgsvc.domain.geometry import Size
from imgsvc.domain.image import Image, ImageId
from imgsvc.domain.notation import compact
from imgsvc.domain.plain_data import canonical
from imgsvc.domain.session import Identity
from imgsvc.domain.transform import Format
from imgsvc.domain.user import User
from imgsvc.domain.variant import Failure, Rendition, Variant, VariantId, VariantStatus, rendering_version
from imgsvc.domain.wanted_specs import OneOrSeveral, SeveralSpecs
from imgsvc.entrypoints.composition import Service
from imgsvc.entrypoints.http.endpoint import Answer, endpoint
from imgsvc.entrypoints.http.endpoints.images import RENDER_FAILURES
from imgsvc.entrypoints.http.error_pictures import PictureQuery, plan_size
from imgsvc.entrypoints.http.image_responses import ALSO_OF_PICTURES, elsewhere, name_as, not_modified, picture
from imgsvc.entrypoints.http.paging import Listing, PageQuery
from imgsvc.entrypoints.http.threads import Pool


@frozen(kw_only=True)
class TransformQuery:
    """When it is made: `auto` renders what is small enough at once."""

    mode: Mode = Mode.AUTO


@frozen(kw_only=True)
class RenditionView:
    media_type: str
    width: int  # pixels
    height: int
    bytes: int
    frames: int

    @classmethod
    def of(cls, made: Rendition) -> "RenditionView":
        return cls(
            media_type=made.media_type,
            width=made.width,
            height=made.height,
            bytes=made.byte_count,
            frames=made.frames,
        )


@frozen(kw_only=True)
class VariantView:
    id: UUID
    image_id: UUID
    status: VariantStatus
    spec: dict[str, Any]  # canonical
    spec_id: str
    compact: str
    engine: str
    rendition: RenditionView | None  # when ready
    failure: Failure | None  # when failed
    attempts: int
    created_at: datetime
    queued_at: datetime | None
    finished_at: datetime | None
    content_url: str | None  # when ready
    job_url: str | None  # when it was asked for in the background

    @classmethod
    def of(cls, variant: Variant) -> "VariantView":
        made = variant.rendition
        return cls(
            id=variant.id,
            image_id=variant.image_id,
            status=variant.status,
            spec=canonical(variant.spec),
            spec_id=variant.spec_id,
            compact=compact(variant.spec),
            engine=variant.fingerprint,
            rendition=RenditionView.of(made) if made else None,
            failure=variant.failure,
            attempts=variant.attempts,
            created_at=variant.created_at,
            queued_at=variant.queued_at,
            finished_at=variant.finished_at,
            content_url=f"/v1/variants/{variant.id}/content" if made else None,
            job_url=f"/v1/jobs/{variant.id}" if variant.queued_at else None,
        )


@frozen(kw_only=True)
class VariantsView:
    items: tuple[VariantView, ...]  # in the order of the specs


@frozen(kw_only=True)
class VariantListView:
    items: tuple[VariantView, ...]
    next: str | None
    next_cursor: str | None


@endpoint(
    "POST",
    "/v1/images/{image_id}/transform",
    tag="variants",
    status=201,
    also={
        200: "It was there already",
        202: "It is made in the background: Location is the job's address; of `specs`, at least one is",
    },
    raises=(ImageNotFound, ImageErased, TooManyJobs, *RENDER_FAILURES),
    pool=Pool.RENDERING,
)
def transform_image(
    use_cases: UseCases, caller: User, identity: Identity, image_id: UUID, query: TransformQuery, body: OneOrSeveral
) -> Answer[VariantView | VariantsView]:
    """Have a variant made, now or in the background; asking twice gives the same variant.

    With `specs`, several at once, or none where one of them cannot be.
    """
    payer = Payer.of(identity)
    if isinstance(body, SeveralSpecs):
        made = use_cases.transform_several(caller.id, ImageId(image_id), body.specs, query.mode, payer)
        return Answer(VariantsView(items=tuple(VariantView.of(one) for one, _ in made)), _status_of(made, query.mode))
    variant, is_made_now = use_cases.transform_image(caller.id, ImageId(image_id), body, query.mode, payer)
    status = _status_of([(variant, is_made_now)], query.mode)
    address = f"/v1/{'jobs' if status == 202 else 'variants'}/{variant.id}"
    return Answer(VariantView.of(variant), status, {"Location": address})


def _status_of(made: Sequence[tuple[Variant, bool]], mode: Mode) -> int:
    if mode is Mode.ASYNC or any(variant.status is not VariantStatus.READY for variant, _ in made):
        return 202
    return 201 if any(is_made_now for _, is_made_now in made) else 200


@endpoint("GET", "/v1/images/{image_id}/variants", tag="variants", raises=(ImageNotFound, ImageErased, InvalidCursor))
def list_variants(
    use_cases: UseCases, service: Service, caller: User, image_id: UUID, query: PageQuery
) -> Answer[VariantListView]:
    """What was made of an image, newest first."""
    listing = Listing(f"/v1/images/{image_id}/variants", caller, query, service.sealer)
    page = use_cases.list_variants(caller.id, ImageId(image_id), listing.request())
    return listing.answer(page, VariantListView, VariantView.of)


@endpoint("GET", "/v1/variants/{variant_id}", tag="variants", raises=(VariantNotFound,))
def get_variant(use_cases: UseCases, caller: User, variant_id: UUID) -> VariantView:
    """One variant."""
    return VariantView.of(use_cases.get_variant(caller.id, VariantId(variant_id)))


@endpoint("DELETE", "/v1/variants/{variant_id}", tag="variants", status=204, raises=(VariantNotFound,))
def delete_variant(use_cases: UseCases, caller: User, variant_id: UUID) -> None:
    """Purge one rendering, in every cache too, and cancel it where it is still to be made; the original stays.

    Who asks for the same again has it made again, as another variant.
    """
    use_cases.delete_variant(caller.id, VariantId(variant_id))


@endpoint(
    "GET",
    "/v1/variants/{variant_id}/content",
    tag="variants",
    also=ALSO_OF_PICTURES,
    raises=(VariantNotFound, VariantNotReady, *RENDER_FAILURES),
    is_picture=True,
)
def get_variant_content(
    use_cases: UseCases, caller: User, variant_id: UUID, query: PictureQuery, request: Request
) -> Response:
    """The picture of a variant that is ready; one that nobody wanted for long expires, and is not found any more."""
    variant = use_cases.get_variant(caller.id, VariantId(variant_id))
    made = variant.rendition
    if made is not None:
        plan_size(request, Size(made.width, made.height))
    if made is None:
        raise VariantNotReady(f"the variant is {variant.status}")
    image = use_cases.get_image(caller.id, variant.image_id)
    etag = rendering_version(image.sha256, variant.spec_id, variant.fingerprint)
    trail, name = {"X-Imgsvc-Engine": variant.fingerprint}, _name_of(image, made)
    answer = not_modified(request, etag, trail) or elsewhere(
        use_cases, variant.blob_key, media_type=made.media_type, name=name
    )
    return answer or picture(
        request,
        lambda _: use_cases.open_variant.open(variant),  # which is always looked at wholly
        media_type=made.media_type,
        byte_count=made.byte_count,
        etag=etag,
        name=name,
        headers=trail,
    )


def _name_of(image: Image, made: Rendition) -> str:
    return name_as(image.name, Format.of_source(made.media_type).extension)


ENDPOINTS = (transform_image, list_variants, get_variant, delete_variant, get_variant_content)
