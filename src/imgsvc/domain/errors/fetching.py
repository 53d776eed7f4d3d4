"""Addresses that cannot be called, and what cannot be had there."""

from imgsvc.domain.errors.base import InvalidInput


class InvalidUrl(InvalidInput):
    """Not an address of the web, or one that holds a user or a password."""

    code = "invalid_url"


class UrlNotAllowed(InvalidInput):
    """No host of the public internet: one that nobody has, or of a network that this service does not call."""

    code = "url_not_allowed"


class FetchFailed(InvalidInput):
    """What was to be fetched cannot be had there; the caller can look at the address."""

    code = "fetch_failed"


class FetchTimedOut(FetchFailed):
    """Whoever was asked takes too long."""

    code = "fetch_timeout"
