"""Threads that send what webhooks are due."""

import logging
from collections import Counter
from threading import Event, Lock, Semaphore, Thread, current_thread
from time import monotonic

from attrs import Factory, define, field

from imgsvc.domain.errors import Busy
from imgsvc.domain.user import UserId
from imgsvc.domain.webhook import WebhookId
from imgsvc.entrypoints.composition import Service
from imgsvc.entrypoints.logs import bind, unbind
from imgsvc.entrypoints.postponed import Postponed, level_of
from imgsvc.ports.deliveries import DueDelivery

logger = logging.getLogger(__name__)

_LOOK_EVERY = 2.0  # seconds; what this process itself adds is seen at once
_AT_ONCE = 128  # which mostly wait for others
_AT_ONCE_TO_ONE = 4  # so that receivers who let us wait keep nobody else waiting
_AT_ONCE_OF_ACCOUNT = 8  # from where on it gets no more than one to each that has none on its way


@define(eq=False)
class Messenger:
    """``start``, then ``stop`` as soon as it should end, and ``finish`` to wait for that.

    Each message has a thread of its own. What is on its way at the end may arrive within the time that is left; what
    does not is sent once more when its lease is over.
    """

    service: Service
    _free: Semaphore = field(init=False, default=Factory(lambda: Semaphore(_AT_ONCE)))
    _on_the_way: Counter[tuple[UserId, WebhookId]] = field(factory=Counter, init=False)
    _lock: Lock = field(factory=Lock, init=False)
    _senders: set[Thread] = field(factory=set, init=False)
    _stopping: Event = field(factory=Event, init=False)
    _postponed: Postponed = field(init=False, factory=lambda: Postponed(logger, "webhooks are told later: %s"))
    _thread: Thread = field(init=False, default=Factory(lambda self: self._made_thread(), takes_self=True))

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Send nothing more."""
        self._stopping.set()
        self.service.deliveries_due.set()

    def finish(self, stop_by: float) -> None:
        """Stop, and wait for what is on its way, until that time of the monotonic clock."""
        self.stop()
        if self._thread.ident is not None:  # it was started
            self._thread.join(max(0.0, stop_by - monotonic()))
        with self._lock:
            senders = list(self._senders)
        for sender in senders:
            sender.join(max(0.0, stop_by - monotonic()))

    @property
    def is_well(self) -> bool:
        return self._stopping.is_set() or self._thread.is_alive()

    def _made_thread(self) -> Thread:
        return Thread(target=self._run, name="webhooks", daemon=True)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._send_what_is_due()
            except Busy as error:
                self._postponed.has_failed(error)
            except Exception:
                logger.exception("webhooks are told later")
            self.service.deliveries_due.wait(_LOOK_EVERY)
            self.service.deliveries_due.clear()

    def _send_what_is_due(self) -> None:
        while not self._stopping.is_set() and self._free.acquire(timeout=_LOOK_EVERY):
            try:
                due = self.service.use_cases.claim_delivery(self._busy())
            except BaseException:
                self._free.release()
                raise
            self._postponed.has_worked()
            if due is None:
                self._free.release()
                return
            self._set_out(due)

    def _set_out(self, due: DueDelivery) -> None:
        sender = Thread(target=self._send, args=(due,), name="webhook", daemon=True)
        with self._lock:
            self._on_the_way[due.owner, due.delivery.webhook_id] += 1
            self._senders.add(sender)
        try:
            sender.start()
        except RuntimeError:  # the machine has no thread left
            self._come_back(due, sender)
            raise

    def _busy(self) -> list[WebhookId]:
        with self._lock:
            of_account = Counter[UserId]()
            for (owner, _), count in self._on_the_way.items():
                of_account[owner] += count
            return [
                webhook_id
                for (owner, webhook_id), count in self._on_the_way.items()
                if count >= _AT_ONCE_TO_ONE or of_account[owner] >= _AT_ONCE_OF_ACCOUNT
            ]

    def _send(self, due: DueDelivery) -> None:
        delivery = due.delivery
        bind(webhook_id=str(delivery.webhook_id), delivery_id=str(delivery.id))
        try:
            attempt = self.service.use_cases.send_delivery(due)
            self.service.metrics.message_sent(is_taken=attempt.is_taken)
            told = "a webhook was told" if attempt.is_taken else f"a webhook was not told: {attempt.trouble}"
            logger.info(told, extra={"attempt": delivery.attempts})
        except Busy as error:
            logger.log(level_of(error), "what came of a message is not noted, and it is sent again: %s", error.detail)
        except Exception:
            logger.exception("a message was left")
        finally:
            unbind()
            self._come_back(due, current_thread())

    def _come_back(self, due: DueDelivery, sender: Thread) -> None:
        receiver = due.owner, due.delivery.webhook_id
        was_busy = due.delivery.webhook_id in self._busy()
        with self._lock:
            self._senders.discard(sender)
            self._on_the_way[receiver] -= 1
            if not self._on_the_way[receiver]:
                del self._on_the_way[receiver]
        self._free.release()
        if was_busy:  # more of it may be due
            self.service.deliveries_due.set()
