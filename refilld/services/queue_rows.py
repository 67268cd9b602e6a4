"""The refills of one page of the queue, with their price, and what an operator may do with them."""

from collections.abc import Sequence
from dataclasses import dataclass

from monitor.model.bulk_action import REFILL_ACTIONS, BulkAction
from monitor.model.refill import RefillState
from monitor.model.sums import Sum, item_of, summed
from storage import operator_actions, refill_selection
from storage.engine import Transaction
from storage.refills import RefillRow


@dataclass(frozen=True, slots=True)
class QueueRow:
    """One refill, and its share of the price of its order."""

    refill: RefillRow
    price: Sum


def actions_on(state: RefillState | None) -> tuple[BulkAction, ...]:
    """What operators may do with many refills in a state, or in any."""
    return tuple(
        action
        for action in BulkAction
        if action in REFILL_ACTIONS
        and (state is None or state in operator_actions.ACTIONS[action.operator_action][0])
    )


def with_prices(tx: Transaction, rows: Sequence[RefillRow]) -> list[QueueRow]:
    """The refills with what their units were sold for."""
    sold = {row.refill_id: row for row in refill_selection.named(tx, [row.refill_id for row in rows])}
    found = []
    for row in rows:
        order = sold[row.refill_id]
        item = item_of(1, row.units, order.price, order.currency, order.ordered)
        found.append(QueueRow(row, summed([item])))
    return found
