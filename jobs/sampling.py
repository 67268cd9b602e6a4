"""Sampling: look at the targets that are due, as far as each source's budget and breaker allow."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from jobs.eye import Eye
from jobs.judging import Policy, Recorded, record
from monitor.alert import source_alert
from monitor.snapshot import Snapshot
from monitor.sources.breaker import LIKELY, SURE, WEATHER
from monitor.sources.contract import Reading
from storage import outbox, sources, targets
from storage.engine import Database, Transaction
from storage.targets import TargetRow

log = structlog.get_logger()
REFUSALS = SURE | LIKELY | WEATHER
"""What may close a breaker."""
LOOK_AGAIN = timedelta(minutes=10)
"""A look that does not come back, because the process was killed, is taken again after so long."""


@dataclass(frozen=True, slots=True)
class Sampling:
    """The sampling job."""

    database: Database
    eyes: tuple[Eye, ...]
    policy: Policy
    clock: Callable[[], datetime]
    wait: Callable[[timedelta], bool]
    """Waits that long, or less when the daemon is stopping; says whether it is."""
    patience: timedelta
    """A round waits for the budget only as long as this."""
    beat: Callable[[], None]
    """Called after every step, so that a long round is not taken for a dead one."""

    def run_once(self) -> None:
        """Look until nothing is due, the budget is spent, or the daemon stops."""
        for eye in self.eyes:
            while not self.wait(timedelta(0)) and self._step(eye):
                self.beat()

    def _step(self, eye: Eye) -> bool:
        """Take one request's worth of due targets; False ends the round for this eye."""
        now = self.clock()
        with self.database.write() as tx:
            pause = closed_for(tx, eye, now)
            due = [] if pause else self._take(tx, eye, now)
        if pause:
            return pause <= self.patience and not self.wait(pause)
        if due:
            self.look(eye, due)
        return bool(due)

    def _take(self, tx: Transaction, eye: Eye, now: datetime) -> list[TargetRow]:
        due = targets.take_due(tx, eye.source.metrics, now, now + LOOK_AGAIN, eye.source.batch)
        if due:
            sources.note_requests(tx, eye.source.name, now, 1)
        return due

    def look(self, eye: Eye, due: list[TargetRow]) -> list[Recorded]:
        """Look at targets whose request is paid for, and write down what follows, one transaction each."""
        reading = eye.source.read([row.target for row in due], self.clock())
        with self.database.write() as tx:
            _account(tx, eye, reading, self.clock())
        return [self._record(row, shot) for row, shot in zip(due, reading.snapshots, strict=True)]

    def _record(self, row: TargetRow, snapshot: Snapshot) -> Recorded:
        with self.database.write() as tx:
            recorded = record(tx, row.target_id, snapshot, self.policy)
        _log(recorded)
        return recorded


def closed_for(tx: Transaction, eye: Eye, now: datetime) -> timedelta | None:
    """How long the eye may not look yet, by its breaker and its budget; None when it may."""
    until = sources.breaker(tx, eye.source.name).closed_until(now)
    if until is None:
        latest = sources.latest_requests(tx, eye.source.name, eye.budget.requests_per_hour)
        until = eye.budget.free_at(latest)
    return until - now if until is not None and until > now else None


def _account(tx: Transaction, eye: Eye, reading: Reading, done: datetime) -> None:
    """Charge the requests beyond the one that was paid before, and let the breaker see how it went.

    When each of them went out is not known: they count from `done`, when the last one had.
    """
    name, now = eye.source.name, reading.snapshots[0].at
    sources.note_requests(tx, name, done, reading.requests - 1)
    before = after = sources.breaker(tx, name)
    for shot in reading.snapshots:
        if after.closed_until(now) is None or shot.outcome not in REFUSALS:  # one batch, one refusal
            after = after.after(shot.outcome, shot.target.link.url, now, eye.first_pause)
    if after == before:
        return
    sources.save_breaker(tx, name, after)
    if after.paused_until not in {None, before.paused_until}:
        until = "an operator resumes it" if after.stopped else f"{after.paused_until:%Y-%m-%d %H:%M:%S} UTC"
        log.warning("source.paused", source=name, reason=after.reason, until=until)
        if after.refusals > before.refusals:  # the weather is not worth a message
            outbox.add(tx, source_alert(name, after.reason, until), now)


def _log(recorded: Recorded) -> None:
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
            decision=str(decision.verb),
            reason=str(decision.reason),
            quantity=decision.quantity,
            count=decision.count,
            line=decision.line,
            claim=decision.claim,
        )
