"""One cache before another."""

from attrs import frozen

from imgsvc.ports.cache import Cache, Cached


@frozen
class LayeredCache:
    """What the near one has not got is looked for in the far one, and then kept near, too."""

    near: Cache
    far: Cache

    def get(self, key: str) -> Cached | None:
        cached = self.near.get(key)
        if cached is None:
            cached = self.far.get(key)
            if cached is not None:
                self.near.put(key, cached.content)
        return cached

    def put(self, key: str, content: bytes) -> None:
        self.far.put(key, content)
        self.near.put(key, content)

    def delete(self, key: str) -> None:
        self.far.delete(key)  # first, or somebody might fetch it from there again
        self.near.delete(key)

    def check(self) -> None:
        self.far.check()
