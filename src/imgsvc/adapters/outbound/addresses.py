"""Which addresses a server may call for somebody who is not its operator: those of the public internet."""

import socket
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from queue import Empty, SimpleQueue
from threading import BoundedSemaphore, Thread
from time import monotonic
from typing import TypeAlias

from attrs import frozen

from imgsvc.domain.errors import FetchTimedOut, UrlNotAllowed
from imgsvc.domain.web_url import WebUrl

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network

MOST_LOOK_UPS = 32  # at once, in this process
_LOOK_UPS = BoundedSemaphore(MOST_LOOK_UPS)

# Of IPv6, what is routed at all; and of that, what is documentation, a tunnel, or not handed out.
_GLOBAL = ip_network("2000::/3")
_NOT_GLOBAL = [ip_network(one) for one in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")]
_TRANSLATED = ip_network("64:ff9b::/96")  # NAT64: the last 32 bits are an IPv4 address
_NOT_ANYBODYS = [  # though the standard library takes them for public
    ip_network("192.88.99.0/24"),  # relays of 6to4
    ip_network("192.0.0.0/24"),  # of protocols; a cloud has its metadata there
    ip_network("168.63.129.16/32"),  # the host of each machine of another cloud
]


def is_public(address: Address) -> bool:
    """Whether it is one host of the public internet, however it is wrapped."""
    address = _unwrapped(address)
    if isinstance(address, IPv4Address):
        is_special = address.is_multicast or address.is_reserved or any(address in one for one in _NOT_ANYBODYS)
        return address.is_global and not is_special
    return address in _GLOBAL and not any(address in network for network in _NOT_GLOBAL)


def _unwrapped(address: Address) -> Address:
    if isinstance(address, IPv4Address):
        return address
    if address in _TRANSLATED:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address


@frozen
class AddressGuard:
    """Turns names into addresses that may be called."""

    allowed: Sequence[Network] = ()  # besides the public ones

    def permits(self, address: Address) -> bool:
        return is_public(address) or self.is_allowed(address)

    def is_allowed(self, address: Address) -> bool:
        """Whether its operator says so, public or not."""
        return any(_unwrapped(address) in network for network in self.allowed)

    def addresses(self, url: WebUrl, seconds: float) -> Sequence[Address]:
        """All that its host has, and nothing is looked up again: a second answer may be another.

        Raises UrlNotAllowed where it has none, or one that may not be called; FetchTimedOut.
        """
        found = _looked_up(url.host, url.port, seconds)
        if not found or not all(self.permits(address) for address in found):
            # The same for both, and without an address: which names there are inside is not for strangers to look up.
            raise UrlNotAllowed("this is no host of the public internet", allowed="public addresses")
        return found


def _looked_up(host: str, port: int, seconds: float) -> Sequence[Address]:
    """None of a name that nobody has. In a thread of its own, since nothing else ends when the resolver does not.

    Of such threads there are so many at most; who comes when all of them hang waits as if his own did.
    """
    answers: SimpleQueue[Sequence[Address]] = SimpleQueue()
    ends_at = monotonic() + max(seconds, 0.01)

    def look_up() -> None:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            addresses = [ip_address(str(one[4][0]).partition("%")[0]) for one in found]
        except (OSError, ValueError):  # also UnicodeError
            addresses = []
        finally:
            _LOOK_UPS.release()
        answers.put(list(dict.fromkeys(addresses)))

    try:
        if not _LOOK_UPS.acquire(timeout=max(seconds, 0.01)):
            raise Empty
        Thread(target=look_up, name="look up a host", daemon=True).start()
        return answers.get(timeout=max(ends_at - monotonic(), 0.01))
    except Empty:
        raise FetchTimedOut("the name of the host is not told in time") from None
