"""Which keys every blob store takes, so that one works with what another has stored."""

import re

from imgsvc.domain.wording import shortened

# What a stored name has behind its key, and no key has: it lets ``a`` and ``a/b`` be keys at once, which neither a file
# system nor MinIO allows, and tells our own from what others put there. The same everywhere, so that blobs may be moved
# from one kind of store to another by copying.
MARK = "+"

MAX_KEY = 512  # S3 takes 1024 bytes, prefix of the bucket's user included
_PART = re.compile(r"[A-Za-z0-9._-]{1,200}")  # a file name has 255 bytes, some of which are ours


def is_key(text: str) -> bool:
    """Parts of known characters; no part that a file system or an S3 client would take for a way up or for nothing."""
    if len(text) > MAX_KEY or ".." in text:
        return False
    return all(_PART.fullmatch(part) and part != "." for part in text.split("/"))


def may_begin_a_key(prefix: str) -> bool:
    """Whether there can be a key that starts like this."""
    folder, _, name = prefix.rpartition("/")
    return (not folder or is_key(folder)) and (not name or is_key(name) or name == ".") and not prefix.startswith("/")


def checked_key(key: str) -> str:
    """Raises ValueError."""
    if not is_key(key):
        raise ValueError(f"malformed blob key {shortened(key)}")
    return key
