"""What is right and wrong with a Redis that is to be our cache."""

from collections.abc import Iterator, Mapping
from time import monotonic
from typing import Any
from uuid import uuid4

from redis import Redis
from redis.exceptions import (
    OutOfMemoryError,
    RedisError,
    ResponseError,
)

from imgsvc.adapters.cache.redis_address import RedisAddress
from imgsvc.adapters.cache.redis_cache import name_of
from imgsvc.adapters.cache.redis_locks import GIVE_BACK
from imgsvc.adapters.cache.redis_server import client_of
from imgsvc.adapters.cache.redis_troubles import trouble_of
from imgsvc.domain.wording import cut
from imgsvc.ports.diagnosis import Finding, Subject

_SUBJECT = Subject("cache")
_OLDEST = 5  # of versions that were tried and that their makers still mend
_PATIENCE = 2.0  # seconds; the service has less, but here somebody waits for an explanation
_LIFETIME = 10_000  # milliseconds of what we write, should we not come to remove it
_EVICT = "set maxmemory-policy allkeys-lru"


def diagnose_redis(address: RedisAddress) -> Iterator[Finding]:
    """Writes one small key, and removes it again."""
    where = f"Redis at {address.host}:{address.port}"
    with client_of(address, _PATIENCE) as client:
        try:
            client.ping()
            begun = monotonic()  # of the second, for which everything is loaded
            client.ping()
            yield _SUBJECT.ok(f"{where} lets us in; it answers in {(monotonic() - begun) * 1000:.1f} ms")
            yield from _rights(client)
            yield from _facts(client)
        except RedisError as error:
            found, remedy = trouble_of(error)
            yield _SUBJECT.error(f"{where}: {found}", remedy)


def _rights(client: Redis) -> Iterator[Finding]:
    name = name_of(b"doctor", uuid4().hex)
    try:
        client.set(name, b"imgsvc doctor", px=_LIFETIME)
        client.get(name)
        client.eval(GIVE_BACK, 1, name, b"")
        client.delete(name)
    except ResponseError as error:
        is_full = isinstance(error, OutOfMemoryError)
        remedy = _EVICT if is_full else "let our user read, write and run scripts on keys imgsvc:*"
        yield _SUBJECT.error(f"we cannot use it: {cut(str(error))}", remedy)
    else:
        yield _SUBJECT.ok("we may write, read and delete")


def _facts(client: Redis) -> Iterator[Finding]:
    try:
        facts: Mapping[str, Any] = client.info()
    except ResponseError:
        yield _SUBJECT.ok("its version and its memory are not shown to our user")
        return
    version = str(facts.get("redis_version", "0"))
    if int(version.partition(".")[0]) < _OLDEST:
        yield _SUBJECT.warning(f"it is version {version}", f"move to Redis {_OLDEST} or newer")
    else:
        yield _SUBJECT.ok(f"it is version {version}")
    yield _memory(facts)


def _memory(facts: Mapping[str, Any]) -> Finding:
    used, most = int(facts.get("used_memory", 0)), int(facts.get("maxmemory", 0))
    policy, evicted = facts.get("maxmemory_policy", "noeviction"), facts.get("evicted_keys", 0)
    shown = f"it uses {_mebibytes(used)}"
    if most == 0:
        remedy = "set maxmemory, and maxmemory-policy allkeys-lru"
        return _SUBJECT.warning(f"{shown}, and may take all of its machine's memory", remedy)
    found = f"{shown} of {_mebibytes(most)}, with policy {policy}; {evicted} keys were evicted so far"
    if policy == "noeviction":
        return _SUBJECT.warning(f"{found}; once it is full, nothing new is cached", _EVICT)
    return _SUBJECT.ok(found)


def _mebibytes(count: int) -> str:
    return f"{count / 1024**2:.1f} MiB"
