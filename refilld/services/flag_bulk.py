"""Setting or lifting a flag on several orders: planned on a fixed set of ids, then done one by one."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from monitor.model.order import Flag
from monitor.model.refill import RefillState
from monitor.model.sums import Item, Sum, grouped, item_of, summed
from refilld.services.left_out import LeftOut
from storage import flags, orders, refill_selection
from storage.engine import Database, Transaction
from storage.errors import NotFoundError
from storage.orders import StoredOrder
from storage.refill_selection import SelectedRefill


@dataclass(frozen=True, slots=True)
class FlagPlan:
    """The orders that will be flagged or not any more, and those that are left out."""

    flag: Flag
    sets: bool
    planned: tuple[StoredOrder, ...]
    cancelled: tuple[SelectedRefill, ...]
    """Held and queued refills that setting the flag cancels."""
    left_out: tuple[LeftOut, ...]

    @property
    def by_service(self) -> list[tuple[str | None, Sum]]:
        return grouped((row.order.service, _sold(row)) for row in self.planned)

    @property
    def refills(self) -> Sum:
        return summed(
            item_of(1, row.quantity, row.price, row.currency, row.ordered) for row in self.cancelled
        )


def plan_flag(tx: Transaction, order_ids: Sequence[str], flag: Flag, *, sets: bool) -> FlagPlan:
    """Plan to set a flag on orders, or to lift it."""
    planned, left_out = [], []
    for order_id in dict.fromkeys(order_ids):
        try:
            row = orders.get(tx, order_id)
        except NotFoundError:
            left_out.append(LeftOut(order_id, "there is no such order"))
            continue
        if (flag in flags.of_order(tx, order_id)) is sets:
            left_out.append(LeftOut(order_id, f"{'already' if sets else 'not'} flagged {flag}"))
        else:
            planned.append(row)
    ids = [row.order_id for row in planned] if sets else []
    waiting = refill_selection.in_states(tx, ids, RefillState.HELD, RefillState.QUEUED)
    return FlagPlan(flag, sets, tuple(planned), tuple(waiting), tuple(left_out))


def carry_out_flag(
    database: Database, plan: FlagPlan, clock: Callable[[], datetime]
) -> Iterator[tuple[str, bool]]:
    """Set or lift the flag, each in its own transaction; yields the order ids, and whether it changed."""
    change = flags.set_flag if plan.sets else flags.lift_flag
    for row in plan.planned:
        with database.write() as tx:
            changed = change(tx, row.order_id, plan.flag, clock())
        yield row.order_id, changed


def _sold(row: StoredOrder) -> Item:
    order = row.order
    return item_of(1, order.delivered, order.price, order.currency, order.quantity)
