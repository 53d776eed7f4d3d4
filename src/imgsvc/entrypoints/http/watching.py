"""Those who wait for jobs: on the event loop, without a thread each, and with one look at the database for all.

Whoever is known no more waits no more: his session, his key or his account may end while he does.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Collection, Mapping
from functools import partial

from attrs import define, field
from starlette.requests import ClientDisconnect, Request

from imgsvc.application.use_cases import UseCases
from imgsvc.domain.errors import Busy, TokenRevoked, TooManyWaiting, VariantNotFound
from imgsvc.domain.session import Identity
from imgsvc.domain.user import UserId
from imgsvc.domain.variant import Variant, VariantId
from imgsvc.entrypoints.http.request_state import HAS_ENDED
from imgsvc.entrypoints.http.threads import Pool, Threads
from imgsvc.ports.variants import Progress

logger = logging.getLogger(__name__)

_REVOKED = "what you were known by has ended meanwhile"
_RETRY_AFTER = 5  # seconds
_LOOK_EVERY = 0.1  # seconds, where a hundred or fewer wait; as often for each hundred more
_ASK_EVERY = 1.0  # seconds: whether those who wait are still known
_HEARTBEAT_EVERY = 15.0  # seconds: proxies end connections that say nothing for a minute
_MOST_SECONDS = 600.0  # that one stream lasts; an EventSource comes back by itself


@define(eq=False)
class Follower:
    """Who waits for one job, and the job as he knows it."""

    identity: Identity
    job: Variant
    is_revoked: bool = field(default=False, init=False)
    _has_news: asyncio.Event = field(factory=asyncio.Event, init=False)

    @property
    def user(self) -> UserId:
        return self.identity.user.id

    @property
    def known(self) -> Progress:
        return Progress(self.job.status, self.job.attempts)

    def wake(self) -> None:
        self._has_news.set()

    async def news(self, seconds: float) -> bool:
        """Whether there are any within the time."""
        try:
            await asyncio.wait_for(self._has_news.wait(), seconds)
        except TimeoutError:
            return False
        self._has_news.clear()
        return True


@define(eq=False)
class Watching:
    """Belongs to one event loop, and each method but ``stop`` is called there."""

    threads: Threads
    use_cases: UseCases
    most: int = field(kw_only=True)  # followers at once
    most_of_one: int = field(kw_only=True)  # of one user
    heartbeat: float = field(default=_HEARTBEAT_EVERY, kw_only=True)  # seconds
    _followers: set[Follower] = field(factory=set, init=False)
    _of_user: Counter[UserId] = field(factory=Counter, init=False)
    _looking: asyncio.Task[None] | None = field(default=None, init=False)
    _is_stopping: bool = field(default=False, init=False)

    def stop(self) -> None:
        """Everybody is told within a moment how far his job has come, and waits no more. Safe from any thread."""
        self._is_stopping = True

    async def job(self, user: UserId, job_id: VariantId) -> Variant:
        """Raises VariantNotFound, also when the job is someone else's."""
        return await self.threads.run(Pool.READING, partial(self.use_cases.get_job, user, job_id))

    async def ended(self, request: Request, identity: Identity, job_id: VariantId, seconds: float) -> Variant:
        """The job at its end, or as it is so many seconds later, or when the client sends no more.

        Raises like ``job`` and ``follow``; TokenRevoked for who is known no more.
        """
        job = await self.job(identity.user.id, job_id)
        if job.finished_at is not None or not seconds:
            return job
        follower = self.follow(identity, job)
        until = asyncio.get_running_loop().time() + seconds
        try:
            while follower.job.finished_at is None and not self._is_stopping:
                left = until - asyncio.get_running_loop().time()
                if left <= 0:
                    break
                if await follower.news(min(left, 1.0)):
                    if follower.is_revoked:
                        raise TokenRevoked(_REVOKED)
                    follower.job = await self._job_of(follower)
                elif await request.is_disconnected():
                    raise ClientDisconnect
                elif request.scope["state"].get(HAS_ENDED):
                    break
        finally:
            self.leave(follower)
        return follower.job

    def follow(self, identity: Identity, job: Variant) -> Follower:
        """Raises TooManyWaiting, Busy. Whoever follows has to ``leave``."""
        user = identity.user.id
        if self._of_user[user] >= self.most_of_one:
            detail = f"you wait for {self._of_user[user]} jobs at once already, and may for no more"
            raise TooManyWaiting(detail, _RETRY_AFTER)
        if len(self._followers) >= self.most:
            raise Busy("too many wait for jobs already")
        follower = Follower(identity, job)
        self._followers.add(follower)
        self._of_user[user] += 1
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())
        return follower

    async def changes(self, follower: Follower) -> AsyncIterator[Variant | None]:
        """The job now and whenever it has changed; None where it has not for a while.

        Until it ends, or the follower is known no more. Raises VariantNotFound where it is gone.
        """
        until = asyncio.get_running_loop().time() + _MOST_SECONDS
        yield follower.job
        while follower.job.finished_at is None and asyncio.get_running_loop().time() < until:
            if not await follower.news(self.heartbeat):
                yield None
                continue
            if self._is_stopping or follower.is_revoked:
                return
            known = follower.known
            try:
                follower.job = await self._job_of(follower)
            except TokenRevoked:
                return
            except Busy:
                continue  # the next look finds the same news
            if follower.known != known:
                yield follower.job

    def leave(self, follower: Follower) -> None:
        self._followers.discard(follower)
        self._of_user[follower.user] -= 1
        if not self._of_user[follower.user]:
            del self._of_user[follower.user]

    async def _look(self) -> None:
        """For as long as there is anybody."""
        now = asyncio.get_running_loop().time
        asked_at = now()
        while self._followers:
            await asyncio.sleep(_LOOK_EVERY * max(1.0, len(self._followers) / 100))
            try:
                await self._tell()
                if now() - asked_at >= _ASK_EVERY:
                    await self._let_go()
                    asked_at = now()
            except Busy:
                pass  # the database is away, and says so elsewhere
            except Exception:
                logger.exception("jobs that are waited for could not be looked at")

    async def _tell(self) -> None:
        wanted = list({one.job.id for one in self._followers})
        found: Mapping[VariantId, Progress] = {}
        if not self._is_stopping:
            found = await self.threads.run(Pool.READING, partial(self.use_cases.watch_jobs, wanted))
        for one in self._followers:
            # Who came meanwhile was not looked for.
            if self._is_stopping or (one.job.id in wanted and found.get(one.job.id) != one.known):
                one.wake()

    async def _job_of(self, follower: Follower) -> Variant:
        """Raises VariantNotFound; TokenRevoked where the job went with the account of who follows it."""
        try:
            return await self.job(follower.user, follower.job.id)
        except VariantNotFound:
            # An account is given up before its jobs go, so this is never too early to ask.
            if await self._revoked({follower.identity}):
                raise TokenRevoked(_REVOKED) from None
            raise

    async def _let_go(self) -> None:
        """Those who are known no more."""
        revoked = await self._revoked({one.identity for one in self._followers})
        for one in self._followers:
            if one.identity in revoked:
                one.is_revoked = True
                one.wake()

    async def _revoked(self, identities: Collection[Identity]) -> set[Identity]:
        return await self.threads.run(Pool.READING, partial(self.use_cases.find_revoked, identities))
