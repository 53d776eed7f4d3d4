"""Which keys every blob store takes, so that one works with what another has stored."""

import re

from imgsvc.domain.wording import shortened

MAX_KEY = 512  # S3 takes 1024 bytes, prefix of the bucket's user included
_PART = re.compile(r"[A-Za-z0-9._-]{1,200}")  # a file name has 255 bytes, some of which are ours


def is_key(text: str) -> bool:
    """Parts of known characters; no part that a file system or an S3 client would take for a way up or for nothing."""
    if len(text) > MAX_KEY or ".." in text:
        return False
    return all(_PART.fullmatch(part) and part != "." for part in text.split("/"))


def checked_key(key: str) -> str:
    """Raises ValueError."""
    if not is_key(key):
        raise ValueError(f"malformed blob key {shortened(key)}")
    return key
