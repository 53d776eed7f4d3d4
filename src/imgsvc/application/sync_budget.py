"""How much is done while somebody waits for it; what costs more can be had as a job."""

from collections.abc import Iterable
from math import inf

from attrs import frozen

from imgsvc.domain.errors import UseAsync
from imgsvc.domain.plan import Plan


@frozen
class SyncBudget:
    """In megapixels read and written, as plans tell their cost."""

    megapixels: float

    def covers(self, plan: Plan) -> bool:
        return plan.megapixels <= self.megapixels

    def without(self, plan: Plan) -> "SyncBudget":
        """What is left for others."""
        return SyncBudget(self.megapixels - plan.megapixels)

    def must_cover(self, plan: Plan) -> None:
        """Raises UseAsync."""
        if not self.covers(plan):
            raise self._exceeded("this costs", plan.megapixels, "steps")

    def must_cover_all(self, plans: Iterable[Plan]) -> None:
        """Together. Raises UseAsync."""
        cost = sum(one.megapixels for one in plans)
        if cost > self.megapixels:
            raise self._exceeded("these cost", cost, "specs")

    def _exceeded(self, what_costs: str, cost: float, parts: str) -> UseAsync:
        allowed = f"at most {self.megapixels:g} megapixels read and written by all {parts}, or mode=async"
        return UseAsync(f"{what_costs} too much to be made while you wait", value=round(cost, 1), allowed=allowed)


ANY_COST = SyncBudget(inf)
