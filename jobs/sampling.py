"""Sampling: look at the targets whose turn it is, as far as each source's budget and breaker allow."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from jobs import request_accounting, routing
from jobs.configured_source import ConfiguredSource
from jobs.look_recording import RecordedLook, record_looks
from jobs.target_selection import FixedSelection, TargetSelection
from monitor.evaluation.evaluate import LookPolicy
from monitor.evaluation.target_state import TargetState
from monitor.model.snapshot import Snapshot
from monitor.sources.budget import Purpose
from storage.engine import Database, Transaction

log = structlog.get_logger()
RETRIES_WHEN_CLAIMED = 4
"""So many requests are tried where the first one's targets are all in other hands."""
_NEVER = timedelta.max
"""Nothing is due: only time, or another process, changes that."""


@dataclass(frozen=True, slots=True)
class Sampling:
    """The sampling job."""

    database: Database
    sources: tuple[ConfiguredSource, ...]
    policy: LookPolicy
    clock: Callable[[], datetime]
    wait: Callable[[timedelta], bool]
    """Waits that long, or less when the daemon is stopping; says whether it is."""
    max_wait: timedelta
    """A round waits for the budget only as long as this."""
    heartbeat: Callable[[], None]
    """Called after every step, so that a long round is not taken for a dead one."""
    selection: TargetSelection = field(default_factory=FixedSelection)

    def run_once(self) -> None:
        """Look until nothing is due, the budget is spent, or the daemon stops.

        Sources take turns, one request each, so that none waits for another, and no new target for any.
        """
        while not self.wait(timedelta(0)):
            routed = self._route()
            pauses = self._steps()
            self.heartbeat()
            if routed or None in pauses:
                continue
            soonest = min((pause for pause in pauses if pause is not None), default=_NEVER)
            if soonest > self.max_wait or self.wait(soonest):
                break
        with self.database.write() as tx:
            self.selection.persist(tx, self.clock())

    def flush(self) -> None:
        """Learn from the last looks and save what was learned: the process ends."""
        with self.database.write() as tx:
            self.selection.learn(tx, [configured.source.name for configured in self.sources])
        with self.database.write() as tx:
            self.selection.save(tx)

    def _route(self) -> int:
        """Find out who looks at new targets."""
        router = self.policy.router
        if router is None:
            return 0
        with self.database.write() as tx:
            return routing.route_new(tx, router, self.selection.queue_position, self.clock())

    def _steps(self) -> list[timedelta | None]:
        """One request through each eye; one that breaks fails the round, but only after the others' turn."""
        pauses: list[timedelta | None] = []
        broken: list[Exception] = []
        for configured in self.sources:
            try:
                pauses.append(self._step(configured))
            except Exception as error:  # noqa: BLE001 - raised again below
                broken.append(error)
        if broken:
            raise broken[0]
        return pauses

    def _step(self, configured: ConfiguredSource) -> timedelta | None:
        """Send one request, if one is due; says how long until the next one may go out, None for at once."""
        now = self.clock()
        with self.database.write() as tx:
            pause = request_accounting.closed_for(tx, configured, now)
            if pause is not None:
                return pause
            half_open = request_accounting.canary_due(tx, configured)
            if half_open:
                request_accounting.charge(tx, configured, now, 0, Purpose.CANARY)
            due = [] if half_open else self._take(tx, configured, now)
        if half_open:
            request_accounting.probe_canary(self.database, configured, self.clock)
        elif due:
            self.look(configured, due)
        else:
            return _NEVER
        return None

    def _take(self, tx: Transaction, configured: ConfiguredSource, now: datetime) -> list[TargetState]:
        """The targets of the next request, which is paid for."""
        self.selection.persist(tx, now)
        self.selection.learn(tx, [configured.source.name])
        requests = self.selection.take(tx, configured, now)
        if not requests:
            requests = self.selection.take(tx, configured, now, RETRIES_WHEN_CLAIMED)
        due = requests[0] if requests else []
        if due:
            request_accounting.charge(tx, configured, now, len(due))
        return due

    def look(
        self, configured: ConfiguredSource, due: Sequence[TargetState], purpose: Purpose = Purpose.LOOK
    ) -> list[RecordedLook]:
        """Look at targets whose request is paid for, and write down what follows, in one transaction."""
        reading = configured.source.read([row.target for row in due], self.clock())
        with self.database.write() as tx:
            request_accounting.settle_reading(tx, configured, reading, self.clock(), purpose)
        shots = {row.target_id: shot for row, shot in zip(due, reading.snapshots, strict=True)}
        return self._record(shots)

    def _record(self, shots: dict[int, Snapshot]) -> list[RecordedLook]:
        with self.database.write() as tx:
            recorded = record_looks(tx, shots, self.policy)
        self.selection.observe(observation for one in recorded for observation in one.observations)
        for one in recorded:
            _log(one)
        return recorded


def _log(recorded: RecordedLook) -> None:
    shot = recorded.snapshot
    log.info(
        "look.taken",
        link=shot.target.link.url,
        metric=str(shot.target.metric),
        outcome=str(shot.outcome),
        count=shot.count,
        source=shot.source,
        detail=shot.detail,
        username=shot.username,
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
