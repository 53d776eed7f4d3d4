"""What we call on behalf of others: where pictures are fetched from, and whom we tell."""

from collections.abc import Sequence

from imgsvc.adapters.outbound.addresses import AddressGuard, Network
from imgsvc.adapters.outbound.guarded_http import GuardedHttp
from imgsvc.adapters.outbound.http_fetcher import HttpFetcher
from imgsvc.adapters.outbound.http_webhook_sender import HttpWebhookSender, ReceiverGuard
from imgsvc.ports.clock import Clock
from imgsvc.ports.deliveries import WebhookSender
from imgsvc.ports.fetching import Fetcher


def open_fetcher(*, seconds: float, allowed: Sequence[Network] = ()) -> Fetcher:
    """``allowed``: what may be called besides the public internet."""
    return HttpFetcher(GuardedHttp(AddressGuard(allowed)), seconds)


def open_webhook_sender(*, seconds: float, clock: Clock, allowed: Sequence[Network] = ()) -> WebhookSender:
    """``seconds``: for an attempt; ``allowed`` as above, and without TLS, too."""
    return HttpWebhookSender(ReceiverGuard(allowed), seconds, clock)
