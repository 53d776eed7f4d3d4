"""Variants as rows, and rows as variants."""

import json
from functools import lru_cache
from typing import Any

from sqlalchemy import Row

from imgsvc.adapters.repositories.statements import NO_CLAIM
from imgsvc.domain.plain_data import read
from imgsvc.domain.transform import TransformSpec
from imgsvc.domain.variant import Failure, Rendition, Variant, VariantStatus

NO_RENDITION = dict.fromkeys(("media_type", "width", "height", "byte_count", "frames", "sha256"))
NO_FAILURE = {"failure_code": None, "failure_detail": None}


def variant_row(variant: Variant) -> dict[str, Any]:
    """All columns but those that have the time of the database."""
    return {
        "id": variant.id,
        "owner": variant.owner,
        "image_id": variant.image_id,
        "spec": variant.spec.canonical_json,
        "spec_id": variant.spec_id,
        "fingerprint": variant.fingerprint,
        "status": variant.status,
        "attempts": variant.attempts,
        "created_at": variant.created_at,
        "queued_at": variant.queued_at,
        "finished_at": variant.finished_at,
        **(NO_RENDITION if variant.rendition is None else rendition_row(variant.rendition)),
        **(NO_FAILURE if variant.failure is None else failure_row(variant.failure)),
        **NO_CLAIM,
    }


def variant_of_row(row: Row[Any]) -> Variant:
    return Variant(
        id=row.id,
        owner=row.owner,
        image_id=row.image_id,
        spec=_spec(row.spec),
        fingerprint=row.fingerprint,
        status=row.status,
        attempts=row.attempts,
        created_at=row.created_at,
        queued_at=row.queued_at,
        finished_at=row.finished_at,
        rendition=_rendition(row) if row.status is VariantStatus.READY else None,
        failure=failure_of_row(row) if row.status is VariantStatus.FAILED else None,
        used_at=row.used_at,
    )


@lru_cache(maxsize=256)
def _spec(canonical_json: str) -> TransformSpec:
    """The same ones are asked for of many images, and to read one costs as much as to find its row."""
    return read(TransformSpec, json.loads(canonical_json))


def rendition_row(rendition: Rendition) -> dict[str, Any]:
    return {
        "media_type": rendition.media_type,
        "width": rendition.width,
        "height": rendition.height,
        "byte_count": rendition.byte_count,
        "frames": rendition.frames,
        "sha256": rendition.sha256,
    }


def _rendition(row: Row[Any]) -> Rendition:
    return Rendition(
        media_type=row.media_type,
        width=row.width,
        height=row.height,
        byte_count=row.byte_count,
        frames=row.frames,
        sha256=row.sha256,
    )


def failure_row(failure: Failure) -> dict[str, Any]:
    return {"failure_code": failure.code, "failure_detail": failure.detail}


def failure_of_row(row: Row[Any]) -> Failure:
    return Failure(code=row.failure_code, detail=row.failure_detail)
