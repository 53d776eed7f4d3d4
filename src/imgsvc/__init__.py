"""imgsvc: a self-hosted image service, and the same as a library."""

from imgsvc.application.variants import Mode
from imgsvc.domain.errors import ImgsvcError, InvalidInput
from imgsvc.domain.image import Image, ImageId
from imgsvc.domain.notation import parse as parse_spec
from imgsvc.domain.transform import Format, Output, TransformSpec
from imgsvc.domain.user import User, UserId
from imgsvc.domain.variant import Variant, VariantId, VariantStatus
from imgsvc.entrypoints.composition import Service, compose
from imgsvc.entrypoints.settings import Settings
from imgsvc.entrypoints.worker import running_worker
from imgsvc.ports.repositories import PageRequest

__all__ = [
    "Format",
    "Image",
    "ImageId",
    "ImgsvcError",
    "InvalidInput",
    "Mode",
    "Output",
    "PageRequest",
    "Service",
    "Settings",
    "TransformSpec",
    "User",
    "UserId",
    "Variant",
    "VariantId",
    "VariantStatus",
    "compose",
    "parse_spec",
    "running_worker",
]
