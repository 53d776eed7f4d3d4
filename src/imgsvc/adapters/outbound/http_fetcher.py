"""Pictures from the web, over HTTP."""

from contextlib import ExitStack
from tempfile import SpooledTemporaryFile
from time import monotonic
from typing import BinaryIO, cast
from urllib.parse import unquote, urlsplit

from attrs import frozen

from imgsvc.adapters.outbound.guarded_http import GuardedAnswer, GuardedHttp
from imgsvc.domain.errors import FetchFailed, FetchTimedOut, FileTooLarge, not_kept
from imgsvc.domain.web_url import WebUrl
from imgsvc.ports.fetching import Fetched

_MOST_REDIRECTS = 5
_REDIRECTS = {301, 302, 303, 307, 308}
_IN_MEMORY = 1024 * 1024


@frozen
class HttpFetcher:
    http: GuardedHttp
    seconds: float  # for all of it, redirects and all

    def fetch(self, url: WebUrl, most_bytes: int) -> Fetched:
        ends_at = monotonic() + self.seconds
        for _ in range(_MOST_REDIRECTS + 1):
            remaining = ends_at - monotonic()
            if remaining <= 0:
                raise FetchTimedOut("the server takes too long")
            with self.http.request("GET", url, seconds=remaining, headers={"Accept": "image/*"}) as answer:
                if answer.status not in _REDIRECTS:
                    return _fetched(answer, url, most_bytes)
                location = answer.headers.get("Location", "").strip()
                if not location:
                    detail = f"the server answers with the status {answer.status}, and does not say where the file is"
                    raise FetchFailed(detail, allowed="200, or a redirect with a Location")
            url = url.joined(location)
        raise FetchFailed("the address leads to too many others", allowed=f"{_MOST_REDIRECTS} redirects")


def _fetched(answer: GuardedAnswer, url: WebUrl, most_bytes: int) -> Fetched:
    if answer.status != 200:
        raise FetchFailed(f"the server answers with the status {answer.status}", allowed="200")
    if answer.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
        raise FetchFailed("the server sends the file compressed", allowed="no Content-Encoding")
    announced = answer.headers.get("Content-Length", "")
    if announced.isdigit() and int(announced) > most_bytes:
        raise _too_large(most_bytes)
    media_type = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    return Fetched(_kept(answer, most_bytes), _name_of(url), media_type)


def _kept(answer: GuardedAnswer, most_bytes: int) -> BinaryIO:
    with ExitStack() as opened:
        content = opened.enter_context(SpooledTemporaryFile(_IN_MEMORY))
        count = 0
        for piece in answer.pieces():
            count += len(piece)
            if count > most_bytes:
                raise _too_large(most_bytes)
            try:
                content.write(piece)
            except OSError as error:
                raise not_kept(error) from error
        content.seek(0)
        opened.pop_all()
        return cast(BinaryIO, content)


def _too_large(most_bytes: int) -> FileTooLarge:
    return FileTooLarge("the file is too large", allowed=f"at most {most_bytes} bytes")


def _name_of(url: WebUrl) -> str:
    return unquote(urlsplit(url.target).path.rpartition("/")[2])
