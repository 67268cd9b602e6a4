"""Sampling: look at the targets that are due, as far as each source's budget and breaker allow."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from jobs import account
from jobs.eye import Eye
from jobs.judging import Policy, Recorded, record
from monitor.snapshot import Snapshot
from monitor.sources.budget import Purpose
from storage import targets
from storage.engine import Database, Transaction
from storage.targets import TargetRow

log = structlog.get_logger()
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
            pause = account.closed_for(tx, eye, now)
            proving = pause is None and account.canary_due(tx, eye)
            if proving:
                account.pay(tx, eye, now, 0, Purpose.CANARY)
            due = [] if pause or proving else self._take(tx, eye, now)
        if pause:
            return pause <= self.patience and not self.wait(pause)
        if proving:
            account.prove(self.database, eye, self.clock)
            return True
        if due:
            self.look(eye, due)
        return bool(due)

    def _take(self, tx: Transaction, eye: Eye, now: datetime) -> list[TargetRow]:
        due = targets.take_due(tx, eye.source.metrics, now, now + LOOK_AGAIN, eye.source.batch)
        if due:
            account.pay(tx, eye, now, len(due))
        return due

    def look(self, eye: Eye, due: list[TargetRow], purpose: Purpose = Purpose.LOOK) -> list[Recorded]:
        """Look at targets whose request is paid for, and write down what follows, one transaction each."""
        reading = eye.source.read([row.target for row in due], self.clock())
        with self.database.write() as tx:
            account.settle(tx, eye, reading, self.clock(), purpose)
        return [self._record(row, shot) for row, shot in zip(due, reading.snapshots, strict=True)]

    def _record(self, row: TargetRow, snapshot: Snapshot) -> Recorded:
        with self.database.write() as tx:
            recorded = record(tx, row.target_id, snapshot, self.policy)
        _log(recorded)
        return recorded


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
