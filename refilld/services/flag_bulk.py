"""Setting or lifting a flag on several orders: planned on a fixed set of ids, then done one by one."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from monitor.model.order import Flag
from monitor.model.refill import RefillState
from monitor.model.sums import Item, Sum, grouped, item_of, summed
from refilld.services.left_out import LeftOut
from storage import flags, order_list, refill_selection
from storage.engine import Database, Transaction
from storage.order_list import OrderListing
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
    found, missing = named_orders(tx, order_ids)
    planned, left_out = to_be_flagged(found, flag, sets=sets)
    waiting = cancelled_refills(tx, planned) if sets else []
    orders = tuple(row.stored for row in planned)
    return FlagPlan(flag, sets, orders, tuple(waiting), (*left_out, *missing))


def named_orders(tx: Transaction, order_ids: Sequence[str]) -> tuple[list[OrderListing], list[LeftOut]]:
    """The orders with these ids, in their order and each once; and the ids that no order has."""
    known = {row.order_id: row for row in order_list.named(tx, order_ids)}
    ids = dict.fromkeys(order_ids)
    missing = [LeftOut(i, "there is no such order") for i in ids if i not in known]
    return [known[i] for i in ids if i in known], missing


def to_be_flagged(
    found: Sequence[OrderListing], flag: Flag, *, sets: bool
) -> tuple[list[OrderListing], list[LeftOut]]:
    """Those that setting the flag, or lifting it, changes; and the others."""
    planned = [row for row in found if (flag in row.flags) is not sets]
    why = f"{'already' if sets else 'not'} flagged {flag}"
    return planned, [LeftOut(row.order_id, why) for row in found if (flag in row.flags) is sets]


def cancelled_refills(tx: Transaction, planned: Sequence[OrderListing]) -> list[SelectedRefill]:
    """The refills of orders that a flag cancels."""
    ids = [row.order_id for row in planned]
    return refill_selection.in_states(tx, ids, RefillState.HELD, RefillState.QUEUED)


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
