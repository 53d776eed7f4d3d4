"""Pictures from the web."""

from attrs import frozen

from imgsvc.domain.errors import InvalidInput, NotAllowed
from imgsvc.domain.limits import Limits
from imgsvc.domain.web_url import WebUrl
from imgsvc.ports.fetching import Fetched, Fetcher


@frozen
class FetchPicture:
    """Fetch what somebody wants to upload by its address."""

    fetcher: Fetcher | None  # None: nothing is fetched here
    limits: Limits

    def __call__(self, url: str) -> Fetched:
        """Nothing of it is kept or looked at yet. Raises NotAllowed, and what Fetcher.fetch raises."""
        if self.fetcher is None:
            raise NotAllowed("uploads by URL are switched off here")
        try:
            return self.fetcher.fetch(WebUrl.parse(url), self.limits.max_bytes)
        except InvalidInput as error:
            error.under("url")
            raise
