"""Sampling: look at the targets that are due, within each source's budget and breaker."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from jobs import request_accounting, routing
from jobs.configured_source import ConfiguredSource
from jobs.look_recording import RecordedLook, record_looks
from jobs.sampling_observer import SamplingObserver
from jobs.target_selection import CLAIMED_FOR, FixedSelection, TargetSelection
from monitor.evaluation.evaluate import LookPolicy
from monitor.evaluation.target_state import TargetState
from monitor.model.snapshot import Snapshot
from monitor.sources.budget import Purpose
from storage import due as due_targets
from storage.engine import Database, Transaction
from storage.errors import UnreachableError
from storage.sources import lock_source

log = structlog.get_logger()
RETRIES_WHEN_CLAIMED = 4
"""Number of requests that are tried when all targets of the first one are claimed by other processes."""
_NOTHING_DUE = timedelta.max
"""Pause of a source without a due target."""


@dataclass(frozen=True, slots=True)
class Sampling:
    """The sampling job."""

    database: Database
    sources: tuple[ConfiguredSource, ...]
    policy: LookPolicy
    clock: Callable[[], datetime]
    wait: Callable[[timedelta], bool]
    """Waits for a duration, or less when the daemon is stopping; returns whether it is stopping."""
    max_wait: timedelta
    """Longest time that a round waits for the budget."""
    heartbeat: Callable[[], None]
    """Called after every step, so that a long round is not reported as stuck."""
    selection: TargetSelection = field(default_factory=FixedSelection)
    observer: SamplingObserver = field(default_factory=SamplingObserver)
    _unsaved: defaultdict[str, set[tuple[int, datetime]]] = field(
        default_factory=lambda: defaultdict(set), init=False, repr=False
    )
    """Targets and ends of the claims, by source, whose look may not be saved yet."""

    def run_once(self) -> None:
        """Look until nothing is due, the budget is spent, or the daemon stops.

        Each step routes new targets and sends one request per source, so that no source waits for another.
        """
        while not self.wait(timedelta(0)):
            routed = self._route()
            pauses = self._steps()
            self.heartbeat()
            if routed or None in pauses:
                continue
            soonest = min((pause for pause in pauses if pause is not None), default=_NOTHING_DUE)
            if soonest > self.max_wait or self.wait(soonest):
                break
        with self.database.write() as tx:
            self.selection.persist(tx, self.clock())

    def flush(self) -> None:
        """Learn from the last looks and save what was learned, before the process ends."""
        with self.database.write() as tx:
            self.selection.learn(tx, [configured.source.name for configured in self.sources])
        with self.database.write() as tx:
            self.selection.save(tx)

    def _route(self) -> int:
        """Route new targets; return their number."""
        router = self.policy.router
        if router is None:
            return 0
        with self.database.write() as tx:
            return routing.route_new(tx, router, self.selection.queue_position, self.clock())

    def _steps(self) -> list[timedelta | None]:
        """Send one request per source; return the pauses. An exception is raised after the last source."""
        pauses: list[timedelta | None] = []
        errors: list[Exception] = []
        for configured in self.sources:
            try:
                pauses.append(self._step(configured))
            except Exception as error:  # noqa: BLE001 - raised again below
                errors.append(error)
        if errors:
            raise errors[0]
        return pauses

    def _step(self, configured: ConfiguredSource) -> timedelta | None:
        """Give back what an earlier step could not save, then send one request; return the pause.

        The claims of a step stay noted only if the database failed: a fault of the source leaves its targets
        claimed, so that they do not keep others from being looked at.
        """
        unsaved = self._unsaved[configured.source.name]
        if unsaved:
            with self.database.write() as tx:
                due_targets.give_back(tx, unsaved)
            unsaved.clear()
        try:
            pause = self._send_next(configured)
        except UnreachableError:
            raise
        except BaseException:
            unsaved.clear()
            raise
        unsaved.clear()
        return pause

    def _send_next(self, configured: ConfiguredSource) -> timedelta | None:
        """Send one request if one is due; return the pause before the next one, None for no pause."""
        with self.database.write() as tx:
            lock_source(tx, configured.source.name)
            now = self.clock()  # after other daemons: an earlier time would let them go first again and again
            pause = request_accounting.closed_for(tx, configured, now)
            if pause is not None:
                return pause
            half_open = request_accounting.canary_due(tx, configured)
            if half_open:
                request_accounting.charge(tx, configured, now, 0, Purpose.CANARY)
            due = [] if half_open else self._claim_next(tx, configured, now)
        if half_open:
            self._probe_canary(configured)
        elif due:
            self.look(configured, due)
        else:
            return _NOTHING_DUE
        return None

    def _probe_canary(self, configured: ConfiguredSource) -> None:
        name = configured.source.name
        self.observer.requests_sent(name, Purpose.CANARY, 1)
        further = request_accounting.probe_canary(self.database, configured, self.clock)
        self.observer.requests_sent(name, Purpose.CANARY, further)

    def _claim_next(self, tx: Transaction, configured: ConfiguredSource, now: datetime) -> list[TargetState]:
        """Claim the targets of the next request, and charge it."""
        self.selection.persist(tx, now)
        self.selection.learn(tx, [configured.source.name])
        requests = self.selection.claim_next(tx, configured, now)
        if not requests:
            requests = self.selection.claim_next(tx, configured, now, tried=RETRIES_WHEN_CLAIMED)
        due = requests[0] if requests else []
        if due:
            self._unsaved[configured.source.name] |= {(state.target_id, now + CLAIMED_FOR) for state in due}
            request_accounting.charge(tx, configured, now, len(due))
        return due

    def look(
        self, configured: ConfiguredSource, due: Sequence[TargetState], purpose: Purpose = Purpose.LOOK
    ) -> list[RecordedLook]:
        """Look at targets whose request is charged, and record the looks in one transaction."""
        name = configured.source.name
        self.observer.requests_sent(name, purpose, 1)
        reading = configured.source.read([state.target for state in due], self.clock())
        with self.database.write() as tx:
            request_accounting.settle_reading(tx, configured, reading, self.clock(), purpose)
        self.observer.requests_sent(name, purpose, request_accounting.further_requests(reading))
        taken = {state.target_id: snapshot for state, snapshot in zip(due, reading.snapshots, strict=True)}
        return self._record(taken)

    def _record(self, taken: dict[int, Snapshot]) -> list[RecordedLook]:
        with self.database.write() as tx:
            recorded = record_looks(tx, taken, self.policy)
        self.selection.observe(observation for one in recorded for observation in one.observations)
        for one in recorded:
            self.observer.look_recorded(one)
            _log(one)
        return recorded


def _log(recorded: RecordedLook) -> None:
    snapshot = recorded.snapshot
    log.info(
        "look.taken",
        link=snapshot.target.link.url,
        metric=str(snapshot.target.metric),
        outcome=str(snapshot.outcome),
        count=snapshot.count,
        source=snapshot.source,
        detail=snapshot.detail,
        username=snapshot.username,
    )
    for decision in recorded.decisions:
        log.info(
            "drop.decided",
            order_id=decision.order_id,
            decision=str(decision.action),
            reason=str(decision.reason),
            quantity=decision.quantity,
            count=decision.count,
            line=decision.line,
            claim=decision.claim,
        )
