"""The queues on the broker: one of work, one of work that waits for its time, one of what was given up."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from attrs import frozen
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import ChannelClosedByBroker

# A message that has cost so many workers is taken out. Variants have a limit of their own, which is lower.
DELIVERY_LIMIT = 10

_ACCESS_REFUSED, _PRECONDITION_FAILED = 403, 406

# Messages outlive the broker, and leave a queue for another only once they have arrived there.
_SAFE = {
    "x-queue-type": "quorum",
    "x-dead-letter-strategy": "at-least-once",
    "x-overflow": "reject-publish",  # which that strategy asks for
}


class BrokerRefuses(Exception):
    """The broker answers, and will not do what we need; the message says what, and how to mend it."""


@frozen
class Topology:
    """The names of the queues, and what they are like."""

    work: str

    @property
    def later(self) -> str:
        """Where messages wait until they expire, which takes them to the queue of work."""
        return f"{self.work}.later"

    @property
    def dead_letters(self) -> str:
        """The queue, and the exchange before it, of messages that were delivered too often or make no sense."""
        return f"{self.work}.dead-letters"

    @property
    def queues(self) -> Mapping[str, Mapping[str, Any]]:
        """The arguments of each."""
        to_dead_letters = {"x-dead-letter-exchange": self.dead_letters, "x-dead-letter-routing-key": self.work}
        to_work = {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": self.work}
        return {
            self.dead_letters: {"x-queue-type": "quorum"},
            self.work: {**_SAFE, **to_dead_letters, "x-delivery-limit": DELIVERY_LIMIT},
            self.later: {**_SAFE, **to_work},
        }

    def declare(self, channel: BlockingChannel) -> None:
        """Make what is missing, and change nothing that is there. Raises BrokerRefuses where that differs."""
        with explained():
            self.declare_exchange(channel)
            for queue in self.queues:
                self.declare_queue(channel, queue)
            channel.queue_bind(self.dead_letters, self.dead_letters, self.work)

    def declare_exchange(self, channel: BlockingChannel) -> None:
        channel.exchange_declare(self.dead_letters, "direct", durable=True)

    def declare_queue(self, channel: BlockingChannel, queue: str) -> None:
        channel.queue_declare(queue, durable=True, arguments=dict(self.queues[queue]))


@contextmanager
def explained() -> Iterator[None]:
    """Raises BrokerRefuses for what only an operator can mend."""
    try:
        yield
    except ChannelClosedByBroker as error:
        refusal = _refusal(error)
        if refusal is None:
            raise
        raise refusal from error


def _refusal(error: ChannelClosedByBroker) -> BrokerRefuses | None:
    reason = re.sub(r"^[A-Z_]+ - ", "", error.reply_text)
    if error.reply_code == _PRECONDITION_FAILED:
        what = "an exchange" if "for exchange" in reason else "a queue"
        return BrokerRefuses(
            f"the broker has {what} that is not like ours ({reason}): delete it, or name another queue with ?queue="
        )
    if error.reply_code == _ACCESS_REFUSED:
        return BrokerRefuses(f"the broker does not let its user make or use our queues ({reason})")
    return None
