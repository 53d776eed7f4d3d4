"""A cache in a Redis that many processes share."""

from contextlib import suppress
from hashlib import blake2b

from attrs import frozen

from imgsvc.adapters.cache.redis_server import RedisServer
from imgsvc.domain.errors import Unavailable
from imgsvc.ports.cache import Cached

DEFAULT_MAX_VALUE = 1024 * 1024  # bytes
DEFAULT_TTL = 24 * 60 * 60  # seconds
# Stands at the beginning of every name and value: with another, older and newer programs do not read each other's.
_VERSION = b"imgsvc:1:"
_CHECKSUM = 16  # bytes


@frozen
class RedisCache:
    """Contents of up to ``max_value`` bytes, for ``ttl`` seconds. A value that is not as we wrote it is a miss."""

    server: RedisServer
    max_value: int = DEFAULT_MAX_VALUE
    ttl: int = DEFAULT_TTL

    def get(self, key: str) -> Cached | None:
        name = name_of(b"cache", key)
        try:
            value = self.server.ask("get", lambda redis: redis.get(name))
        except Unavailable:
            return None
        content = _unpacked(name, value)
        return None if content is None else Cached(content, is_shared=True)

    def put(self, key: str, content: bytes) -> None:
        if len(content) > self.max_value:
            self.delete(key)  # the old content is wrong by now
            return
        name = name_of(b"cache", key)
        try:
            self.server.ask("set", lambda redis: redis.set(name, _packed(name, content), ex=self.ttl))
        except Unavailable:
            self.delete(key)  # which a server that is full can do

    def delete(self, key: str) -> None:
        name = name_of(b"cache", key)
        with suppress(Unavailable):
            self.server.ask("delete", lambda redis: redis.delete(name))

    def check(self) -> None:
        self.server.ask("ping", lambda redis: redis.ping())


def name_of(kind: bytes, key: str) -> bytes:
    """The name of a key in Redis: short, whatever text the key is."""
    digest = blake2b(key.encode("utf-8", "surrogatepass"), digest_size=20).hexdigest()
    return _VERSION + kind + b":" + digest.encode()


def _packed(name: bytes, content: bytes) -> bytes:
    return _VERSION + _checksum(name, content) + content


def _unpacked(name: bytes, value: object) -> bytes | None:
    """The content of a value of ours; None for anything else, and for what was put under another name."""
    if not (isinstance(value, bytes) and value.startswith(_VERSION)):
        return None
    start = len(_VERSION) + _CHECKSUM
    checksum, content = value[len(_VERSION) : start], value[start:]
    return content if checksum == _checksum(name, content) else None


def _checksum(name: bytes, content: bytes) -> bytes:
    return blake2b(content, digest_size=_CHECKSUM, salt=name[-16:]).digest()
