"""Addresses of the web that somebody else gave us."""

import re
from ipaddress import IPv6Address
from urllib.parse import urljoin, urlsplit

from attrs import frozen

from imgsvc.domain.errors import InvalidUrl, UrlNotAllowed

MAX_URL = 2048
_PORTS = {"http": 80, "https": 443}
_FIRST_FREE_PORT = 1024  # below are the services of the machine: mail, shells, files
_ALLOWED = f"an http or https address of at most {MAX_URL} characters, with a host and without a user or password"
_MOST_OF_HOST = 253
_LABEL = r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME = re.compile(rf"{_LABEL}(\.{_LABEL})*\.?")
# What stands in an address as it is; the rest is percent-encoded. A backslash is a slash to some, and none to others.
_TEXT = re.compile(r"[^\x00-\x20\x7f\\]+")


@frozen
class WebUrl:
    """What is asked for, and of whom; in the one form that is looked at and sent alike."""

    scheme: str
    host: str  # in ASCII, an IPv6 address without its brackets
    port: int
    target: str  # path and query, in ASCII

    @classmethod
    def parse(cls, text: str) -> "WebUrl":
        """Raises InvalidUrl; UrlNotAllowed for a port that the web does not use."""
        if len(text) > MAX_URL or not _TEXT.fullmatch(text):
            raise _refused(text)
        try:
            parts = urlsplit(text)
            host = (parts.hostname or "").encode("idna").decode("ascii")
            port = parts.port if parts.port is not None else _PORTS.get(parts.scheme, 0)
            target = _ascii(parts.path or "/") + (f"?{_ascii(parts.query)}" if parts.query else "")
        except ValueError:  # also UnicodeError, of a host that cannot be
            raise _refused(text) from None
        if (
            parts.scheme not in _PORTS
            or not _is_host(host, parts.netloc)
            or "@" in parts.netloc
            or not 0 < port < 65536
        ):
            raise _refused(text)
        if port not in _PORTS.values() and port < _FIRST_FREE_PORT:
            allowed = f"80, 443, or {_FIRST_FREE_PORT} and above"
            raise UrlNotAllowed(f"port {port} is not one of the web", value=port, allowed=allowed)
        return cls(parts.scheme, host, port, target)

    def joined(self, location: str) -> "WebUrl":
        """Where a redirect from here leads to. Raises what ``parse`` does."""
        try:
            return self.parse(urljoin(str(self), location))
        except InvalidUrl:
            raise
        except ValueError:
            raise _refused(location) from None

    @property
    def netloc(self) -> str:
        """The host as a header names it, with the port where it is not the scheme's own."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.netloc}{self.target}"


def _is_host(host: str, netloc: str) -> bool:
    """Whether it is a name that DNS can have, or an IPv6 address; an IPv4 address is written like a name."""
    if "[" not in netloc:
        return len(host) <= _MOST_OF_HOST and _NAME.fullmatch(host) is not None
    try:
        return IPv6Address(host).scope_id is None  # whose network interface is a matter of this machine's
    except ValueError:
        return False


def _ascii(text: str) -> str:
    return re.sub(r"[^\x21-\x7e]", lambda found: "".join(f"%{byte:02X}" for byte in found[0].encode()), text)


def _refused(text: str) -> InvalidUrl:
    # Of a user and a password nothing is echoed.
    value = "an address with a user or password" if "@" in text else text
    return InvalidUrl("this is no address that can be called", value=value, allowed=_ALLOWED)
