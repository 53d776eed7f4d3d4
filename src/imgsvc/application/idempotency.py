"""Requests that are sent again, since nobody knows what became of them, and are done once."""

import logging
import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta

from attrs import frozen

from imgsvc.domain.errors import Busy, InvalidIdempotencyKey
from imgsvc.domain.user import UserId
from imgsvc.ports.idempotency import Begun, IdempotencyRepository, KeptAnswer

logger = logging.getLogger(__name__)

KEY_LIFE = timedelta(hours=24)
_LEASE = timedelta(seconds=60)  # longer than nearly all that is asked for takes; who takes longer makes the same
_MOST_KEPT = 64 * 1024  # characters of an answer
_KEY = re.compile(r"[\x21-\x7e]{1,255}")


@frozen
class AnswerOnce:
    """Begin what a request with a key asks for, unless it was done already.

    The row comes first: a crash before the answer is kept leaves it begun, and whoever sends the request again, once
    the lease is over, creates what has the same id, or finds that it is there.
    """

    keys: IdempotencyRepository

    def __call__(self, caller: UserId, key: str, fingerprint: str) -> Begun | KeptAnswer:
        """Raises InvalidIdempotencyKey, IdempotencyMismatch, RequestInProgress."""
        if not _KEY.fullmatch(key):
            allowed = "1 to 255 visible ASCII characters"
            raise InvalidIdempotencyKey("this key cannot be kept", parameter="Idempotency-Key", allowed=allowed)
        return self.keys.begin(caller, key, fingerprint, lease=_LEASE, life=KEY_LIFE)

    def keep(self, caller: UserId, key: str, begun: Begun, status: int, headers: Mapping[str, str], body: str) -> None:
        """What the same request is answered from now on. An answer that is too long is not kept."""
        if len(body) > _MOST_KEPT:
            return
        try:
            self.keys.keep(caller, key, begun, KeptAnswer(status, headers, body))
        except Busy as error:
            # It was done, and says so; sent again, it finds what was made by its id.
            logger.warning("an answer could not be kept: %s", error.detail)

    def give_up(self, caller: UserId, key: str, begun: Begun) -> None:
        """It came to nothing."""
        with suppress(Busy):
            self.keys.forget(caller, key, begun)
