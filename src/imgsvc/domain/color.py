"""Colours as users write them."""

import re

import webcolors
from attrs import frozen

from imgsvc.domain.errors import InvalidParameter

_HEX = re.compile(r"#?([0-9a-fA-F]{3,4}|[0-9a-fA-F]{6}|[0-9a-fA-F]{8})")
_ALLOWED = "3, 4, 6 or 8 hexadecimal digits, or a CSS colour name"


@frozen
class Color:
    """sRGB with straight alpha, each 0-255."""

    red: int
    green: int
    blue: int
    alpha: int = 255

    @classmethod
    def parse(cls, text: str) -> "Color":
        """``f80``, ``#ff8800``, ``ff880080`` or a CSS name; raises InvalidParameter."""
        found = _HEX.fullmatch(text)
        if found:
            digits = found.group(1)
            if len(digits) < 6:
                digits = "".join(digit * 2 for digit in digits)
            return cls(*bytes.fromhex(digits))
        if text.lower() == "transparent":
            return cls(0, 0, 0, 0)
        if text.lower() == "rebeccapurple":  # of CSS 4; webcolors knows the names of CSS 3
            return cls(102, 51, 153)
        try:
            return cls(*webcolors.name_to_rgb(text))
        except ValueError:
            raise InvalidParameter(f"a colour must be {_ALLOWED}", value=text, allowed=_ALLOWED) from None

    def __str__(self) -> str:
        """Six lower-case hexadecimal digits, or eight where it is not opaque."""
        channels = (self.red, self.green, self.blue) + ((self.alpha,) if self.alpha != 255 else ())
        return bytes(channels).hex()


BLACK = Color(0, 0, 0)
WHITE = Color(255, 255, 255)
TRANSPARENT = Color(255, 255, 255, 0)
