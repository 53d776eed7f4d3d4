"""What keeps a browser from running what it was given to look at."""

from collections.abc import Mapping

INERT: Mapping[str, str] = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
}
