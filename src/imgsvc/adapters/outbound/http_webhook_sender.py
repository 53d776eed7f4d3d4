"""Messages to webhooks, over HTTP, as https://www.standardwebhooks.com has them."""

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from attrs import frozen
from standardwebhooks import Webhook as Signature

from imgsvc.adapters.outbound.addresses import Address, AddressGuard
from imgsvc.adapters.outbound.guarded_http import GuardedHttp
from imgsvc.domain.delivery import Attempt
from imgsvc.domain.errors import InvalidInput, UrlNotAllowed
from imgsvc.domain.web_url import WebUrl
from imgsvc.ports.clock import Clock
from imgsvc.ports.deliveries import DueDelivery

_LOOK_UP_SECONDS = 3.0


class ReceiverGuard(AddressGuard):
    """Has messages go over TLS, but into networks that are the operator's own."""

    def addresses(self, url: WebUrl, seconds: float) -> "list[Address]":
        found = super().addresses(url, seconds)
        if url.scheme == "http" and not all(self.is_allowed(address) for address in found):
            raise UrlNotAllowed("a webhook must be called over TLS", allowed="https")
        return list(found)


@frozen
class HttpWebhookSender:
    guard: ReceiverGuard
    seconds: float  # for a whole attempt
    clock: Clock

    def check(self, url: WebUrl) -> None:
        self.guard.addresses(url, min(_LOOK_UP_SECONDS, self.seconds))

    def send(self, due: DueDelivery) -> Attempt:
        try:
            url = WebUrl.parse(due.url)
            body = due.delivery.payload
            headers = {"Content-Type": "application/json", **self._signed(due, body)}
            request = GuardedHttp(self.guard).request("POST", url, seconds=self.seconds, headers=headers, body=body)
            # What it says besides, and be it without end, nobody reads.
            with request as answer:
                return self._judged(answer.status, answer.headers.get("Retry-After", ""))
        except InvalidInput as error:  # also FetchFailed, FetchTimedOut
            return Attempt(trouble=error.detail)

    def _signed(self, due: DueDelivery, body: bytes) -> dict[str, str]:
        now = self.clock()
        message_id = str(due.delivery.id)
        signatures = [Signature(secret).sign(message_id, now.astimezone(UTC), body.decode()) for secret in due.secrets]
        return {
            "webhook-id": message_id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": " ".join(signatures),
        }

    def _judged(self, status: int, retry_after: str) -> Attempt:
        if 200 <= status < 300:
            return Attempt(status)
        told = "redirects are not followed" if 300 <= status < 400 else "it must be 2xx"
        return Attempt(status, f"the receiver answered {status}: {told}", _wait(retry_after, self.clock()))


def _wait(retry_after: str, now: datetime) -> timedelta | None:
    """Seconds, or a date; None for anything else."""
    if re.fullmatch("[0-9]{1,9}", retry_after):
        return timedelta(seconds=int(retry_after))
    try:
        return max(parsedate_to_datetime(retry_after) - now, timedelta(0))
    except (ValueError, TypeError):
        return None
