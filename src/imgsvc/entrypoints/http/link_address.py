"""The address of a public link: ``/i/{key}.{signature}``, and behind it what was signed (domain/link.py)."""

import re

from imgsvc.domain.errors import InvalidSignature
from imgsvc.domain.link import ERROR_PICTURES
from imgsvc.ports.signatures import Signature

PATTERN = "/i/{key}.{signature}/{spec}/{image}.{extension}"
_BEGINNING = b"/i/"
_FORM = re.compile(rb"/i/([^/.]+)\.([^/]+)(/.+)")
_SIGNATURE = re.compile(r"^(/i/[^/.]*\.)[^/]+")
_WITH_ERROR_PICTURES = re.compile(rf"/i/[^/]+/(exp:[0-9]+,)?{ERROR_PICTURES}".encode())


def printed(signature: Signature, signed: str) -> str:
    """The path of a link, of what was signed."""
    return f"/i/{signature.key}.{signature.text}{signed}"


def parsed(path: bytes) -> tuple[Signature, bytes]:
    """The signature, and what follows it, of a path as it was sent. Raises InvalidSignature."""
    found = _FORM.fullmatch(path)
    if found is None:
        raise InvalidSignature("the address is not as it was signed")
    return Signature(found[1].decode("latin-1"), found[2].decode("latin-1")), found[3]


def is_link(path: bytes) -> bool:
    """Whether the path can be that of a link, and of nothing else."""
    return path.startswith(_BEGINNING)


def is_negotiated(path: bytes) -> bool:
    """Whether the client chooses the format of what the link shows."""
    return path.endswith(b".auto")


def wants_error_picture(path: bytes) -> bool:
    """Whether a failure is to be told as a picture, as far as the path can be read."""
    return _WITH_ERROR_PICTURES.match(path) is not None


def redacted(path: str) -> str:
    """Without the signature of a link, which would give the picture to whoever reads it."""
    return _SIGNATURE.sub(r"\1...", path)
