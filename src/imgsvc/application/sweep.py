"""All that keeps an installation tidy."""

import logging
from datetime import timedelta

from attrs import frozen

from imgsvc.application.deliveries import PruneDeliveries
from imgsvc.application.erasure import FinishErasures
from imgsvc.application.orphans import Orphans, SweepOrphans
from imgsvc.application.pruning import PruneIdempotencyKeys, PruneInvalidations, PruneTombstones
from imgsvc.application.retention import ExpireVariants, MustStop, PruneJobs, Tally, never
from imgsvc.application.sessions import PruneSessions
from imgsvc.application.storage_mark import FindBelonging
from imgsvc.application.webhooks import RemoveDeletedWebhooks

logger = logging.getLogger(__name__)


@frozen(kw_only=True)
class Swept:
    """What was removed, or would be."""

    variants: Tally  # expired, by their ids
    jobs: Tally  # forgotten, by their ids
    orphans: Orphans


@frozen
class Sweep:
    """Expire variants, forget what ended long ago, compare rows with blobs; several processes may do so at once."""

    prune_invalidations: PruneInvalidations
    prune_idempotency_keys: PruneIdempotencyKeys
    prune_tombstones: PruneTombstones
    prune_sessions: PruneSessions
    prune_deliveries: PruneDeliveries
    remove_deleted_webhooks: RemoveDeletedWebhooks
    finish_erasures: FinishErasures
    expire_variants: ExpireVariants
    prune_jobs: PruneJobs
    sweep_orphans: SweepOrphans
    find_belonging: FindBelonging
    grace: timedelta  # what is younger may not be finished yet

    def __call__(self, *, dry_run: bool = False, must_stop: MustStop = never) -> Swept:
        """Raises Busy, Unavailable; what was not done by then is done the next time.

        Nothing goes, rows neither, while the storage is not ours: its owner may have rows of the same pictures.
        """
        if refusal := self.find_belonging().refusal:
            logger.error(refusal)
            return Swept(variants=Tally(), jobs=Tally(), orphans=Orphans(refusal=refusal))
        if not dry_run:
            self.prune_invalidations(must_stop=must_stop)
            self.prune_idempotency_keys(must_stop=must_stop)
            self.prune_tombstones(must_stop=must_stop)
            self.prune_sessions(must_stop=must_stop)
            self.prune_deliveries(must_stop=must_stop)
            self.remove_deleted_webhooks(must_stop=must_stop)
            self.finish_erasures(must_stop=must_stop)
        # In this order a dry run tells what comes: the results of jobs that are forgotten now may expire next time.
        return Swept(
            variants=self.expire_variants(dry_run=dry_run, must_stop=must_stop),
            jobs=self.prune_jobs(dry_run=dry_run, must_stop=must_stop),
            orphans=self.sweep_orphans(self.grace, dry_run=dry_run, must_stop=must_stop),
        )
