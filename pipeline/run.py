"""The whole trip in one process: its lanes over one ledger. Read this file first.

    crawl     lease hosts → visit each: poll its due feeds, fetch its due pages    (many at once)
    extract   lease articles → extract in worker processes                         (a batch)
    enrich    lease articles → enrich in worker processes                          (a batch)
    group     lease articles → find copies and stories                             (one by one)
    index     lease articles → write documents                                     (a batch)
    events    what ended so → an index for dashboards, in a cluster only           (a batch)

Lanes share nothing but the ledger: what one commits, the next leases. A lane that finds nothing
waits until another has done something. While the index is away its articles wait in the ledger, and
when many do, nothing more is fetched. `once` ends when all lanes have looked at the same state
and none found work due; otherwise a run goes on until it is stopped. Stopping (`stop` is set)
cancels what is under way: its leases are given back, its work stays due, nothing is lost.

A run may do its `Share` of the trip only, so that a scheduler can spread it over processes: those
stages, the hosts of that shard first, and nothing new once its time is up.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog
from structlog.contextvars import bound_contextvars

from pipeline import stages
from pipeline.backpressure import Backpressure
from pipeline.deliver import DELIVER, Delivery, Matched, Told
from pipeline.doors import Doors
from pipeline.errors import AccessDenied, IndexUnavailable, LeaseLost
from pipeline.events import EXPORT, EventDelivery
from pipeline.journal import note_fetch, note_poll, note_steps
from pipeline.model import Stage
from pipeline.pushing import Pushed
from pipeline.visit import Visit
from pipeline.work import ArticleWork, FeedState, Lease, PollResult, StepResult

log = structlog.get_logger()

CRAWL = frozenset({Stage.POLL, Stage.FETCH})  # one lane: a visit to a host does both
#: Articles leased at a time. Small enough that a crash redoes little and the next lane starts soon;
#: the index gets more, since one commit of the embedded engine costs 0.1 s whatever it holds.
BATCH = {Stage.EXTRACT: 16, Stage.ENRICH: 32, Stage.GROUP: 100, Stage.INDEX: 500}
#: Pages asked of one host before the lease is given back, so that a large outlet's backlog does not
#: keep its feeds waiting: 30 pages at the default pace are one minute.
PAGES_A_VISIT = 30
#: How long an idle run waits before it looks whether something has fallen due.
IDLE_S = 1.0
#: Events gather for so long, lest every page's outcome be a request of its own.
GATHER_S = 1.0

Work = Callable[[Doors, Lease, Sequence[ArticleWork]], Awaitable[list[StepResult]]]


@dataclass(frozen=True, slots=True)
class Share:
    """Which part of the trip a run does; by default all of it."""

    stages: frozenset[Stage] = frozenset(Stage)
    shard: tuple[int, int] | None = None  # (i, n): hosts with crc32(host) % n == i come first
    run_id: str | None = None  # the run that this is a part of; None: one of its own
    deadline_s: float | None = None  # after so long nothing more is begun


class Observer:
    """What a run reports as it goes; the default says nothing."""

    def polled(self, state: FeedState, result: PollResult) -> None:
        """Say that one feed was polled; `state` is how it stood before."""

    def stepped(self, stage: Stage, results: Sequence[StepResult]) -> None:
        """Say that some items ended a stage."""

    def index_away(self, why: str) -> None:
        """Say that the index takes nothing at the moment; articles wait in the ledger."""

    def delivered(
        self, *, matched: Matched | None = None, told: Told | Pushed | None = None
    ) -> None:
        """Say what saved searches found, or who was told of what is new."""


@dataclass(slots=True)
class _Quiet:
    """Tells when every lane has looked at the same state of the ledger and found nothing to do."""

    lanes: int
    generation: int = 0
    seen: dict[str, int] = field(default_factory=dict)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def worked(self) -> None:
        """Note that a lane changed something: all others must look again."""
        self.generation += 1
        self.wake()

    def wake(self) -> None:
        """Let every waiting lane go on; later waits get an event of their own."""
        self.changed.set()
        self.changed = asyncio.Event()

    @property
    def everywhere(self) -> bool:
        """No lane has anything to do."""
        return len(self.seen) == self.lanes and set(self.seen.values()) == {self.generation}


class Run:
    """One run of the trip over the ledger."""

    def __init__(
        self,
        doors: Doors,
        *,
        once: bool,
        stop: asyncio.Event,
        observer: Observer | None = None,
        share: Share | None = None,
        delivery: Delivery | None = None,
    ) -> None:
        self.doors = doors
        self.once = once
        self.stop = stop
        self.observer = observer or Observer()
        self.share = share or Share()
        self.delivery = delivery
        self._quiet = _Quiet(lanes=0)
        self._pressure = Backpressure(doors.ledger, doors.config.index)
        self._ends_at_s = time.monotonic() + (self.share.deadline_s or float("inf"))

    async def go(self) -> str:
        """Run until quiet (once), stopped or out of time; return the run id."""
        ledger, clock = self.doors.ledger, self.doors.clock
        run_id = self._join() or ledger.start_run(clock.now())
        ledger.number_changes()  # a crash may have come between a commit and its numbering
        with bound_contextvars(run_id=run_id):
            lanes = [asyncio.ensure_future(lane) for lane in self._lanes()]
            self._quiet.lanes = len(lanes)
            stopper = asyncio.ensure_future(self.stop.wait())
            all_lanes = asyncio.gather(*lanes)
            ends: list[asyncio.Future[Any]] = [all_lanes, stopper, *lanes]
            try:
                await asyncio.wait(ends[:2], return_when=asyncio.FIRST_COMPLETED)
                if all_lanes.done():
                    all_lanes.result()  # a bug in a lane ends the run here
            finally:
                for end in ends:  # lanes too: after a bug in one the others would go on
                    end.cancel()
                await asyncio.gather(*ends, return_exceptions=True)
        if self.share.run_id is None:
            ledger.finish_run(run_id, clock.now())
        return run_id

    def _join(self) -> str | None:
        """Take part in the run that this is a share of, if it is one."""
        if self.share.run_id is not None:
            self.doors.ledger.join_run(self.share.run_id)
        return self.share.run_id

    def _lanes(self) -> list[Coroutine[Any, Any, None]]:
        works: dict[Stage, Work] = {
            Stage.EXTRACT: stages.extract,
            Stage.ENRICH: stages.enrich,
            Stage.GROUP: stages.group,
            Stage.INDEX: stages.index,
        }
        ours = self.share.stages
        lanes = [self._lane(stage, work) for stage, work in works.items() if stage in ours]
        if ours & CRAWL:
            lanes.insert(0, self._crawl_lane())
        if self.doors.events is not None:
            lanes.append(self._events_lane(EventDelivery(self.doors.ledger, self.doors.events)))
        if self.delivery is not None:
            lanes.append(self._deliver_lane(self.delivery))
        return lanes

    async def _lane(self, stage: Stage, work: Work) -> None:
        """Lease, work, repeat."""
        while not self._finished():
            generation = self._quiet.generation
            if not await self._batch(stage, work):
                await self._rest(stage, generation)

    async def _events_lane(self, delivery: EventDelivery) -> None:
        """Deliver what the other lanes have committed; none of them waits for it."""
        while not self._finished():
            generation = self._quiet.generation
            if await asyncio.to_thread(delivery.batch):
                continue
            await self._rest(EXPORT, generation)
            if not self._finished():
                await asyncio.sleep(GATHER_S)

    async def _deliver_lane(self, delivery: Delivery) -> None:
        """Match alerts with what the other lanes have indexed, and tell; nothing waits for it."""
        while not self._finished():
            generation = self._quiet.generation
            try:
                self.observer.delivered(matched=await delivery.match_all())
                self.observer.delivered(told=await delivery.tell_all())
                self.observer.delivered(told=await delivery.push_all())
            except (IndexUnavailable, AccessDenied) as error:
                log.warning("alerts_wait", detail=str(error))
            await self._rest(DELIVER, generation)
            if not self._finished():
                await asyncio.sleep(GATHER_S)

    async def _batch(self, stage: Stage, work: Work) -> bool:
        """Do one batch of a stage; tell whether there was any."""
        if stage is Stage.INDEX and self._pressure.index_rests:
            return False
        ledger = self.doors.ledger
        lease, works = ledger.lease_articles(
            stage,
            self.doors.clock.now(),
            limit=BATCH[stage],
            lease_s=self.doors.config.ledger.lease_s,
        )
        if not works:
            return False
        try:
            results = await work(self.doors, lease, works)
        except (IndexUnavailable, AccessDenied) as error:
            self._pressure.index_failed()
            log.warning("index_away", detail=str(error), waiting=ledger.waiting(Stage.INDEX))
            self.observer.index_away(str(error))
            return False
        finally:
            ledger.release(lease)
        if stage is Stage.INDEX:
            self._pressure.index_works()
        note_steps(stage, works, results)
        self._tell(stage, results)
        return True

    async def _crawl_lane(self) -> None:
        """Keep up to `concurrency` hosts under visit."""
        visits: set[asyncio.Task[None]] = set()
        try:
            while not self._finished():
                generation = self._quiet.generation
                visits |= self._start_visits(self.doors.config.fetch.concurrency - len(visits))
                if not visits and self._pressure.is_high and not self._pressure.index_rests:
                    await asyncio.sleep(IDLE_S)  # there may be work, once the index has caught up
                    continue
                if not visits:
                    await self._rest(Stage.POLL, generation)
                    continue
                done, visits = await asyncio.wait(
                    visits, timeout=IDLE_S, return_when=asyncio.FIRST_COMPLETED
                )
                for visit in done:
                    visit.result()  # a bug ends the run
            if not self.stop.is_set():
                await asyncio.gather(*visits)  # out of time: each ends after the request in hand
        finally:
            for visit in visits:
                visit.cancel()
            await asyncio.gather(*visits, return_exceptions=True)

    def _start_visits(self, free: int) -> set[asyncio.Task[None]]:
        """Lease hosts that have something due and start a visit to each.

        A shard helps the others once no visit of its own is left: what a feed lists may be on a
        host of a shard that has ended, or was never started.
        """
        started: set[asyncio.Task[None]] = set()
        if self._pressure.is_high:
            return started
        for shard in (self.share.shard, None):
            for stage in (Stage.POLL, Stage.FETCH):
                if free <= len(started):
                    return started
                leases = self.doors.ledger.lease_hosts(
                    stage,
                    self.doors.clock.now(),
                    limit=free - len(started),
                    lease_s=self.doors.config.ledger.lease_s,
                    shard=shard,
                )
                started |= {asyncio.ensure_future(self._visit(lease)) for lease in leases}
            if shard is None or started or free < self.doors.config.fetch.concurrency:
                break
        return started

    async def _visit(self, lease: Lease) -> None:
        """Do what is due on one host: feeds first, then pages, one request at a time."""
        visit = Visit(self.doors, lease)
        ledger, clock = self.doors.ledger, self.doors.clock
        try:
            for state in ledger.due_feeds(lease, clock.now()):
                if self._is_late or self._pressure.is_high or not visit.patient:
                    return
                visit.keep_lease()
                with bound_contextvars(feed_id=state.feed.feed_id):
                    polled = await stages.poll(visit, state)
                note_poll(state, polled)
                self.observer.polled(state, polled)
                self._quiet.worked()
            for due in ledger.due_pages(lease, clock.now(), limit=PAGES_A_VISIT):
                if self._is_late or self._pressure.is_high or not visit.patient:
                    return
                visit.keep_lease()
                with bound_contextvars(url_id=due.url_id, feed_id=due.feed_id):
                    fetched = await stages.fetch(visit, due)
                note_fetch(due, fetched)
                self._tell(Stage.FETCH, [fetched])
        except LeaseLost:
            log.warning("lease_lost", host=lease.host)
        finally:
            visit.close()
            self._quiet.worked()

    def _tell(self, stage: Stage, results: Sequence[StepResult]) -> None:
        """Let the observer and the other lanes know that items ended a stage."""
        self.observer.stepped(stage, results)
        self._quiet.worked()

    async def _rest(self, lane: str, generation: int) -> None:
        """Wait until another lane has done something or time has passed."""
        self._quiet.seen[lane] = generation
        if self._finished():
            self._quiet.wake()
            return
        try:
            await asyncio.wait_for(self._quiet.changed.wait(), IDLE_S)
        except TimeoutError:
            return  # something may have fallen due meanwhile

    @property
    def _is_late(self) -> bool:
        return time.monotonic() >= self._ends_at_s

    def _finished(self) -> bool:
        return self.stop.is_set() or self._is_late or (self.once and self._quiet.everywhere)
