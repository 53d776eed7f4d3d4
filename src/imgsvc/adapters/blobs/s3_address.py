"""What a URL says about a bucket, its server, and how to get in."""

from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from attrs import field, frozen

from imgsvc.adapters.blobs.keys import is_key

# Nothing of the URL is shown: a secret with a slash in it, say, might be anywhere.
_NOT_UNDERSTOOD = (
    "a blob store on S3 is s3://key:secret@host:9000/bucket/folder?region=eu-central-1, each part percent-encoded"
)
_OPTIONS = ("region", "secure", "path_style", "timeout", "pool", "public")
_BUCKET_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789.-")


@frozen
class S3Endpoint:
    """Where a server is reached."""

    name: str  # host, or host:port
    is_secure: bool


@frozen
class S3Address:
    """A bucket, or a folder in one."""

    endpoint: str  # host, or host:port
    bucket: str
    folder: str  # empty, or with a slash at its end
    access_key: str = field(repr=False)
    secret_key: str = field(repr=False)
    region: str | None  # None: the server is asked
    is_secure: bool
    path_style: bool | None  # None: as is usual with the server
    timeout: float  # seconds for a part to be stored; what has no body may take a quarter of it
    pool: int  # connections that are kept
    public: "S3Endpoint | None" = None  # where others than us reach the server, if elsewhere

    @classmethod
    def of(cls, url: str) -> "S3Address":
        """Raises ValueError, which shows nothing of the URL but the names of its options."""
        parts = _split(url)
        if "@" in parts.path + parts.query:  # a secret with a bare / or ? in it, of which a part would be shown
            raise ValueError(_NOT_UNDERSTOOD)
        options = _options(parts)
        login, _, endpoint = parts.netloc.rpartition("@")
        key, _, secret = login.partition(":")
        bucket, _, folder = unquote(parts.path).strip("/").partition("/")
        if not (key and secret and endpoint) or parts.fragment or not _is_bucket(bucket):
            raise ValueError(_NOT_UNDERSTOOD)
        if not all(_fits_a_header(one) for one in (unquote(key), endpoint)):
            raise ValueError(_NOT_UNDERSTOOD)
        if folder and not is_key(folder):
            raise ValueError("the folder in the bucket has parts of letters, digits and .-_ between its slashes")
        return cls(
            endpoint=endpoint,
            bucket=bucket,
            folder=f"{folder}/" if folder else "",
            access_key=unquote(key),
            secret_key=unquote(secret),
            region=options.get("region") or _usual_region(endpoint),
            is_secure=_is_yes("secure", options.get("secure", "1")),
            path_style=_is_yes("path_style", options["path_style"]) if "path_style" in options else None,
            timeout=_number("timeout", options.get("timeout", "10")),
            pool=round(_number("pool", options.get("pool", "64"))),
            public=_public(options["public"]) if "public" in options else None,
        )


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port  # which is looked at only now
    except ValueError:
        raise ValueError(_NOT_UNDERSTOOD) from None
    return parts


def _options(parts: SplitResult) -> dict[str, str]:
    options: dict[str, str] = {}
    for name, value in parse_qsl(parts.query, keep_blank_values=True):
        if name not in _OPTIONS:
            raise ValueError(f"unknown blob store option {name!r}; s3: knows {', '.join(_OPTIONS)}")
        if name in options:
            raise ValueError(f"blob store option {name!r} is given twice")
        options[name] = value
    return options


def _public(text: str) -> S3Endpoint:
    parts = _split(text)
    is_bare = parts.path in ("", "/") and not (parts.query or parts.fragment or "@" in parts.netloc)
    if parts.scheme not in ("http", "https") or not parts.hostname or not is_bare or not _fits_a_header(parts.netloc):
        raise ValueError("blob store option 'public' is https://host:port, or http:, with nothing behind it")
    return S3Endpoint(parts.netloc, parts.scheme == "https")


def _is_bucket(name: str) -> bool:
    return 3 <= len(name) <= 63 and set(name) <= _BUCKET_CHARACTERS and name[0].isalnum() and name[-1].isalnum()


def _fits_a_header(text: str) -> bool:
    """Else the failure to send it would show the whole header."""
    return text.isascii() and text.isprintable()


def _usual_region(endpoint: str) -> str | None:
    """Servers that are not Amazon's have one region, as a rule, and call it by the name of Amazon's first."""
    return None if endpoint.partition(":")[0].endswith((".amazonaws.com", ".amazonaws.com.cn")) else "us-east-1"


def _is_yes(name: str, text: str) -> bool:
    if text not in ("0", "1"):
        raise ValueError(f"blob store option {name!r} is 0 or 1")
    return text == "1"


def _number(name: str, text: str) -> float:
    if not (text.isascii() and text.isdigit() and 1 <= len(text) <= 4 and int(text) >= 1):
        raise ValueError(f"blob store option {name!r} is a whole number from 1 to 9999")
    return float(text)
