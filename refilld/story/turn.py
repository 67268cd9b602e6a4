"""Turn: when the next look at an order's target is to be expected, and why then."""

from datetime import datetime

from monitor.cadence import Lane
from monitor.hazard import Hazards
from monitor.learned import Turn, expected_turn
from storage import lessons
from storage.engine import Transaction
from storage.targets import TargetRow


def expected_look(tx: Transaction, target: TargetRow, now: datetime) -> tuple[datetime | None, str]:
    """When a target is looked at next, as far as can be told, and why.

    What has a date of its own has it. A turn comes when a look is worth as much as others are, which changes
    with the budget and with what else is at stake.
    """
    if target.lane is not Lane.LONGEST or target.stream is None or not target.source:
        return target.next_due_at, target.why
    price = lessons.clock(tx, target.source).price
    turn = expected_turn(target.memo, Hazards(lessons.load(tx)), price)
    if turn is None:
        return target.next_due_at, target.why
    return None if turn.at is None else max(turn.at, now), f"{target.why}: {_in_words(turn)}"


def _in_words(turn: Turn) -> str:
    return (
        f"{turn.units:,} units at stake, {turn.used:.0%} of the threshold used, "
        f"{turn.daily:.1%} a day to lose them"
    )
