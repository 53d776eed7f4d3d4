"""What a URL says about a Redis, and how to get in."""

from urllib.parse import SplitResult, unquote

from attrs import field, frozen

# Nothing of the URL is shown: a password with a slash in it, say, might be anywhere.
_NOT_UNDERSTOOD = "a cache in Redis is redis://user:password@host:6379/0, each part percent-encoded; rediss: with TLS"


@frozen
class RedisAddress:
    """A numbered database of a server."""

    host: str
    port: int
    database: int
    user: str | None
    password: str | None = field(repr=False)
    is_secure: bool

    @classmethod
    def of(cls, parts: SplitResult) -> "RedisAddress":
        """Raises ValueError."""
        try:
            host, port = parts.hostname, parts.port
        except ValueError:
            raise ValueError(_NOT_UNDERSTOOD) from None
        database = parts.path.removeprefix("/") or "0"
        if not host or parts.fragment or not (database.isascii() and database.isdigit() and len(database) <= 5):
            raise ValueError(_NOT_UNDERSTOOD)
        return cls(
            host=host,
            port=port or 6379,
            database=int(database),
            user=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password) if parts.password else None,
            is_secure=parts.scheme == "rediss",
        )
