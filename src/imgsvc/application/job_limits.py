"""How much one account may have in the queue that all share."""

from attrs import frozen

from imgsvc.domain.errors import TooManyJobs
from imgsvc.domain.user import UserId
from imgsvc.ports.variants import VariantRepository

_LATER = 5  # seconds after which some of so many jobs will have ended


@frozen
class JobLimit:
    """Those who ask at once may go past it, by no more jobs than they are."""

    variants: VariantRepository
    most: int | None  # jobs of one account that have not ended; None: any number

    def must_leave_room(self, owner: UserId, jobs: int = 1, *, for_strangers: bool = False) -> None:
        """For so many more. Raises TooManyJobs.

        Those who follow the owner's links find room in one half alone, so that they cannot keep him from his own jobs.
        """
        if self.most is None or not jobs:
            return
        most = self.most // 2 if for_strangers else self.most
        if self.variants.count_unfinished(owner, most) + jobs > most:
            raise TooManyJobs(
                f"at most {most} jobs of one account may be unfinished at once: come back for more", _LATER
            )
