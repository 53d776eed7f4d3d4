"""Quota: how much one account may keep."""

from attrs import frozen

from imgsvc.domain.errors import QuotaExceeded


@frozen(kw_only=True)
class Quota:
    """None is any amount."""

    images: int | None = None
    bytes: int | None = None  # of originals


@frozen(kw_only=True)
class Usage:
    """What an account keeps."""

    images: int = 0
    bytes: int = 0  # of originals, of which equal ones are kept once

    def must_fit(self, quota: Quota) -> None:
        """Raises QuotaExceeded."""
        if quota.images is not None and self.images > quota.images:
            raise QuotaExceeded(f"an account may have {quota.images} images: delete some first")
        if quota.bytes is not None and self.bytes > quota.bytes:
            raise QuotaExceeded(f"an account may have {quota.bytes} bytes of images: delete some first")


NO_QUOTA = Quota()
