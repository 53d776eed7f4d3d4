"""The end of an account, and of everything that belonged to it."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from time import monotonic

from attrs import frozen

from imgsvc.application.login_attempts import LoginAttempts
from imgsvc.application.retention import MustStop, never
from imgsvc.application.webhooks import RemoveDeletedWebhooks
from imgsvc.domain.errors import Busy, WrongPassword
from imgsvc.domain.image import original_key
from imgsvc.domain.user import User, UserId
from imgsvc.ports.blobs import BlobStore
from imgsvc.ports.cache import Cache
from imgsvc.ports.credentials import PasswordHasher
from imgsvc.ports.erasure import ErasedImage, ErasureRepository

_AT_ONCE = 100  # images in one transaction
_PATIENCE = timedelta(seconds=5)  # of who asks for it; the rest is done by the sweep


@frozen
class FinishErasures:
    """Go on with the erasure of accounts that were given up, wherever it was broken off; several may do so at once."""

    erasure: ErasureRepository
    blobs: BlobStore
    cache: Cache
    remove_deleted_webhooks: RemoveDeletedWebhooks

    def __call__(self, *, must_stop: MustStop = never) -> None:
        """Raises Busy, Unavailable; what was not done by then is done the next time."""
        while not must_stop() and (accounts := self.erasure.marked(_AT_ONCE)):
            for user_id in accounts:
                self._remove_rows(user_id, must_stop)
        while not must_stop() and (images := self.erasure.images(_AT_ONCE)):
            self._remove_bytes(images, must_stop)

    def _remove_rows(self, user_id: UserId, must_stop: MustStop) -> None:
        # Rows go first, all of them: links, jobs and lists end, and workers who are late change nothing. Which bytes
        # are left is noted by the transaction that removes their rows.
        self.remove_deleted_webhooks(user_id, must_stop=must_stop)
        while not must_stop() and self.erasure.remove_images(user_id, _AT_ONCE):
            pass
        if not must_stop():
            self.erasure.remove_account(user_id)

    def _remove_bytes(self, images: Sequence[ErasedImage], must_stop: MustStop) -> None:
        done = []
        for image in images:
            if must_stop():
                break
            for blob in self.blobs.list(f"variants/{image.id}/"):
                self.cache.delete(blob.key)
                self.blobs.delete(blob.key)
            self.blobs.delete(original_key(image.bytes_id))
            done.append(image.id)
        # A crash before this has them looked for once more.
        self.erasure.forget_images(done)


@frozen
class DeleteAccount:
    """Erase an account with everything that belongs to it; nobody can have it back."""

    erasure: ErasureRepository
    hasher: PasswordHasher
    attempts: LoginAttempts
    finish: FinishErasures
    blobs: BlobStore
    now: Callable[[], float] = monotonic

    def __call__(self, user: User, password: str, address: str = "") -> None:
        """Raises WrongPassword, TooManyRequests as LogIn does; Unavailable, with everything as it was."""
        self.attempts.count(user.username, address)
        if not self.hasher.matches(password, user.password_hash):
            raise WrongPassword("the password is wrong")
        self.blobs.check()  # while it is away, rows would go and their bytes stay
        # From here on there is no such account for anybody. What a crash, or too little time, leaves of it is the work
        # of FinishErasures, which every sweep does.
        if not self.erasure.mark(user.id, user.password_hash):
            raise WrongPassword("the password is wrong")
        until = self.now() + _PATIENCE.total_seconds()
        with suppress(Busy):
            self.finish(must_stop=lambda: self.now() > until)
