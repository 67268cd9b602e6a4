"""Checking: a customer asks about an order; look at once if the budget allows, and answer."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from jobs.eye import Eye
from jobs.sampling import LOOK_AGAIN, Sampling, closed_for
from monitor.answers import Answer, LastLook, answer, is_gone
from monitor.cadence import Lane
from monitor.watched import Watched
from storage import drops, refills, requests, snapshots, sources, targets, watched
from storage.engine import Database, Transaction
from storage.targets import TargetRow

_LOOKS = 100
"""How far back a link is looked for; a day of hourly looks, and some."""


@dataclass(frozen=True, slots=True)
class Checking:
    """Answers to customers' requests."""

    database: Database
    sampling: Sampling
    clock: Callable[[], datetime]

    def check(self, order_id: str) -> tuple[Answer, bool]:
        """Record the request, look if that is possible now, and answer; says whether there was a look.

        An order that is not covered needs no look; where the budget has none to give now, the target
        goes to the head of the queue. The request of a covered order stands until a judged look finds
        nothing undecided: an old or a failed look is no answer. Raises NotFoundError.
        """
        now = self.clock()
        with self.database.write() as tx:
            row = targets.of_order(tx, order_id, lock=True)
            requests.ask(tx, order_id, now)
            wanted = _mine(tx, row, order_id).covered(now)
            eye = self._eye_for(tx, row, now) if wanted else None
            if wanted and eye is None:
                targets.wake(tx, [row.target_id], now, f"asked for {order_id}", Lane.FIRST)
        if eye is not None:
            self.sampling.look(eye, [row])
        with self.database.write() as tx:
            if not wanted:
                requests.answered(tx, order_id, self.clock())
            return _answer(tx, order_id, self.clock()), eye is not None

    def _eye_for(self, tx: Transaction, row: TargetRow, now: datetime) -> Eye | None:
        """An eye that may look at the target now, its request paid for."""
        for eye in self.sampling.eyes:
            if row.target.metric in eye.source.metrics and closed_for(tx, eye, now) is None:
                targets.take(tx, row.target_id, now + LOOK_AGAIN)
                sources.note_requests(tx, eye.source.name, now, 1)
                return eye
        return None


def _mine(tx: Transaction, row: TargetRow, order_id: str) -> Watched:
    return next(w for w in watched.of_target(tx, row.target_id) if w.order.order_id == order_id)


def _answer(tx: Transaction, order_id: str, now: datetime) -> Answer:
    row = targets.of_order(tx, order_id)
    group = watched.of_target(tx, row.target_id)
    mine = next(w for w in group if w.order.order_id == order_id)
    newest = [(shot.at, shot.outcome) for shot in snapshots.newest(tx, row.target_id, _LOOKS)]
    look = LastLook(row.series.last_count, row.last_count_at, row.last_outcome, is_gone(newest))
    reason = drops.last_reason(tx, order_id) or refills.held_reason(tx, order_id)
    return answer(mine, group, look, reason, now)
