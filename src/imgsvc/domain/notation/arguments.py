"""One argument of the compact form as plain data."""

import base64
import re
import types
from typing import Any, Union, get_args, get_origin

from imgsvc.domain.errors import InvalidParameter
from imgsvc.domain.geometry import Percent
from imgsvc.domain.plain_scalars import words_of
from imgsvc.domain.wording import shortened

_NUMBER = r"-?(0|[1-9][0-9]{0,8})(\.[0-9]{1,6})?"


def read_argument(text: str, kind: Any) -> Any:
    """The plain value of an argument whose field has type ``kind``; what it may be is checked later."""
    kinds = get_args(kind) if get_origin(kind) in (Union, types.UnionType) else (kind,)
    if Percent in kinds and text.endswith("%"):
        raise InvalidParameter("percent is written p here", value=text, allowed=f"{text[:-1]}p")
    if Percent in kinds and text.endswith("p"):
        number(text[:-1])
        return f"{text[:-1]}%"
    if bool in kinds:
        if text not in ("0", "1"):
            raise InvalidParameter("a switch must be 0 or 1", value=text, allowed="0 or 1")
        return text == "1"
    if words_of(kind) and not is_number(text):
        return text
    if int in kinds or float in kinds:
        return number(text)
    return _decoded(text) if str in kinds else text


def is_number(text: str) -> bool:
    return re.fullmatch(_NUMBER, text) is not None


def number(text: str) -> float:
    """A plain decimal number of ASCII digits; raises InvalidParameter for every other way to write one."""
    if not is_number(text):
        allowed = "a plain decimal number, such as 300, -5 or 0.25"
        raise InvalidParameter(f"{shortened(text)} is not a number", value=text, allowed=allowed)
    return float(text) if "." in text else int(text)


def _decoded(text: str) -> str:
    try:
        prefix, encoded = text[:2], text[2:].encode("ascii")
        if prefix != "t.":
            raise ValueError
        return base64.b64decode(encoded + b"=" * (-len(encoded) % 4), altchars=b"-_", validate=True).decode()
    except ValueError:
        allowed = "t. and the UTF-8 text in unpadded base64url, or an image's id"
        raise InvalidParameter(f"{shortened(text)} is not text in base64url", value=text, allowed=allowed) from None
