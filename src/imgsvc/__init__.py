"""imgsvc: a self-hosted image service, and the same as a library."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def _uncollected() -> Iterator[None]:
    """What is imported stays: to look through it for garbage, over and over, takes a third of the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


with _uncollected():
    from imgsvc.application.use_cases import UseCases
    from imgsvc.application.variants import Mode
    from imgsvc.domain.errors import (
        Busy,
        Conflict,
        ImgsvcError,
        InvalidInput,
        NotAllowed,
        NotAuthenticated,
        NotFound,
        RenderingFailed,
        TooManyRequests,
        Unavailable,
    )
    from imgsvc.domain.image import Image, ImageId
    from imgsvc.domain.notation import parse as parse_spec
    from imgsvc.domain.transform import Format, Output, TransformSpec
    from imgsvc.domain.user import User, UserId
    from imgsvc.domain.variant import Variant, VariantId, VariantStatus
    from imgsvc.entrypoints.composition import Service, compose
    from imgsvc.entrypoints.settings import Settings
    from imgsvc.entrypoints.settings_sources import SettingsError, load_settings
    from imgsvc.entrypoints.worker import running_worker
    from imgsvc.ports.pages import PageRequest

__all__ = [
    "Busy",
    "Conflict",
    "Format",
    "Image",
    "ImageId",
    "ImgsvcError",
    "InvalidInput",
    "Mode",
    "NotAllowed",
    "NotAuthenticated",
    "NotFound",
    "Output",
    "PageRequest",
    "RenderingFailed",
    "Service",
    "Settings",
    "SettingsError",
    "TooManyRequests",
    "TransformSpec",
    "Unavailable",
    "UseCases",
    "User",
    "UserId",
    "Variant",
    "VariantId",
    "VariantStatus",
    "compose",
    "load_settings",
    "parse_spec",
    "running_worker",
]
