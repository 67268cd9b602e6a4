"""Turn: when the next look at an order's target is to be expected."""

from datetime import datetime

from monitor.cadence import Lane
from monitor.hazard import Hazards
from monitor.learned import expected_turn
from storage import lessons
from storage.engine import Transaction
from storage.targets import TargetRow


def expected_look(tx: Transaction, target: TargetRow, now: datetime) -> datetime | None:
    """When a target is looked at next, as far as can be told.

    What has a date of its own has it; a turn in the virtual queue comes when the price of a request says so,
    which changes with the budget and with what else is at stake.
    """
    if target.next_due_at is None or target.lane is not Lane.LONGEST or not target.source:
        return target.next_due_at
    if target.stream is None:
        return target.next_due_at
    price = lessons.clock(tx, target.source).price
    turn = expected_turn(target.memo, Hazards(lessons.load(tx)), price)
    return None if turn is None else max(turn, now)
