"""Levels: the counts that mattered to an order at one moment."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime

from monitor.guarantee.customer_answers import claim_at
from monitor.model.order import Flag
from monitor.model.order_state import OrderState
from refilld.timeline.load import Timeline


@dataclass(frozen=True, slots=True)
class Levels:
    """Where an order was whole, where a drop opened, and what the target had without it."""

    line: int
    opens: int | None
    """The highest count at which a drop opens, nothing being in flight and no other order paying.

    None where it never does, because less was delivered than the threshold.
    """
    floor: int


def levels_of(timeline: Timeline, at: datetime) -> Levels | None:
    """The levels at a moment, from the orders and flags that are known now; None where it was not judged."""
    standing = {(row.order_id, row.flag) for row in timeline.flags if row.set_at <= at}
    group = [_as_of(w, standing) for w in timeline.group]
    mine = next(w for w in group if w.order.order_id == timeline.order.order_id)
    claim = claim_at(mine, group, timeline.target.series.last_count, at)
    if claim is None:
        return None
    order = mine.order
    threshold = order.terms.threshold(order.delivered)
    return Levels(claim.line, claim.line - threshold if threshold <= order.delivered else None, claim.floor)


def _as_of(state: OrderState, standing: AbstractSet[tuple[str, Flag]]) -> OrderState:
    """An order with the flags that stood then."""
    kept = frozenset(flag for flag in state.flags if (state.order.order_id, flag) in standing)
    return replace(state, flags=kept)
