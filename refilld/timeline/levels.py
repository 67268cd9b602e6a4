"""The levels that an order was judged by at one time."""

from collections.abc import Set as AbstractSet
from dataclasses import replace
from datetime import datetime

from monitor.guarantee.customer_answers import claim_at
from monitor.model.order import Flag
from monitor.model.order_state import OrderState
from refilld.charts.levels import Levels
from refilld.timeline.load import Timeline


def levels_of(timeline: Timeline, at: datetime) -> Levels | None:
    """The levels at a time, from the orders and flags known now; None if the order was not judged then."""
    flagged = {(row.order_id, row.flag) for row in timeline.flags if row.set_at <= at}
    group = [_with_flags(state, flagged) for state in timeline.group]
    mine = next(state for state in group if state.order.order_id == timeline.order.order_id)
    claim = claim_at(mine, group, timeline.target.series.last_count, at)
    if claim is None:
        return None
    order = mine.order
    threshold = order.terms.threshold(order.delivered)
    return Levels(claim.line, claim.line - threshold if threshold <= order.delivered else None, claim.floor)


def _with_flags(state: OrderState, flagged: AbstractSet[tuple[str, Flag]]) -> OrderState:
    """An order with only these flags."""
    kept = frozenset(flag for flag in state.flags if (state.order.order_id, flag) in flagged)
    return replace(state, flags=kept)
