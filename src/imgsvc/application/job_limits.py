"""How much one account may have in the queue that all share."""

from contextlib import AbstractContextManager
from datetime import timedelta

from attrs import frozen

from imgsvc.domain.errors import TooManyJobs
from imgsvc.domain.user import UserId
from imgsvc.ports.locks import Locks
from imgsvc.ports.variants import VariantRepository

_LATER = 5  # seconds after which some of so many jobs will have ended
_AT_ONCE = 100  # jobs that those who ask at once may add before any of them is seen
_TURN = timedelta(seconds=5)  # a few rows take a hundredth of one


@frozen
class JobLimit:
    """Those who look and add take turns where little is left: it is passed where a turn was lost, or very many ask.

    The half that strangers find room in may be passed by as many jobs as are asked for at once.
    """

    variants: VariantRepository
    locks: Locks
    most: int | None  # jobs of one account that have not ended; None: any number

    def must_leave_room(self, owner: UserId, jobs: int = 1, *, for_strangers: bool = False) -> bool:
        """For so many more. Raises TooManyJobs. Gives whether there is so little that it should be taken in turn.

        Those who follow the owner's links find room in one half alone, so that they cannot keep him from his own jobs.
        """
        if self.most is None or not jobs:
            return False
        most = self.most // 2 if for_strangers else self.most
        left = most - jobs - self.variants.count_unfinished(owner, most)
        if left < 0:
            raise TooManyJobs(
                f"at most {most} jobs of one account may be unfinished at once: come back for more", _LATER
            )
        return left < _AT_ONCE

    def turn(self, owner: UserId) -> AbstractContextManager[bool]:
        """In which to look again, and then to add. Whoever has one must not ask for another."""
        return self.locks.turn(f"jobs/{owner}", _TURN)
