"""What fetches pictures from the web."""

from typing import BinaryIO, Protocol

from attrs import frozen

from imgsvc.domain.web_url import WebUrl


@frozen
class Fetched:
    """A file from the web: what it really is, nobody has looked at yet."""

    content: BinaryIO  # can seek; the caller closes it
    name: str  # by its address; may be empty
    media_type: str  # as the server says, in lower case; may be empty or wrong


class Fetcher(Protocol):
    """Fetches from the public internet, and from nowhere else but what its operator allows. Safe from any thread."""

    def fetch(self, url: WebUrl, most_bytes: int) -> Fetched:
        """Follows a few redirects, each looked at like the first address; gives up after a while.

        Raises InvalidUrl and UrlNotAllowed, also of a redirect; FetchFailed; FetchTimedOut; FileTooLarge; and
        StorageFull or Unavailable where it cannot be kept meanwhile.
        """
