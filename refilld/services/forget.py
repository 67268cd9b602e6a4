"""Forgetting a customer: planned on a fixed set of targets and orders, then done target by target."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from monitor.model.order_state import OrderState
from monitor.model.refill import RefillState
from monitor.model.sums import Sum, item_of, summed
from storage import forgetting, order_states, refill_selection
from storage.chunks import chunks
from storage.daemon_lock import daemon_lock
from storage.engine import Database, Transaction
from storage.errors import DaemonRunningError, NotFoundError, UnreachableError, WrongStateError
from storage.forgetting import CustomerTarget

_CHUNK = 500


@dataclass(frozen=True, slots=True)
class ForgetPlan:
    """What is removed with a customer, and what ends by that."""

    customer: str
    targets: tuple[CustomerTarget, ...]
    ending: Sum
    """Running guarantees that end, because the link of the order is removed; with the units delivered."""
    cancelled: Sum
    """Held and queued refills of these orders."""
    claimed: int
    """Claimed refills of them, which are left to their consumer."""

    @property
    def orders(self) -> int:
        return sum(len(one.order_ids) for one in self.targets)

    @property
    def shared(self) -> int:
        """Links that stay, because orders of others use them."""
        return sum(one.shared for one in self.targets)


def plan_forgetting(tx: Transaction, customer: str, now: datetime) -> ForgetPlan:
    """Plan to forget a customer; raises NotFoundError if no order has it."""
    found = forgetting.targets_of_customer(tx, customer)
    if not found:
        raise NotFoundError(
            "no order has this customer; if it was being forgotten when the command was interrupted, "
            "run: refilld db compact"
        )
    own = [one.target_id for one in found if not one.shared]
    states = list(_states(tx, own))
    ids = [state.order.order_id for state in states]
    waiting = refill_selection.in_states(tx, ids, RefillState.HELD, RefillState.QUEUED)
    claimed = refill_selection.in_states(tx, ids, RefillState.CLAIMED)
    orders = [state.order for state in states if state.covered(now)]
    return ForgetPlan(
        customer,
        tuple(found),
        summed(item_of(1, o.delivered, o.price, o.currency, o.quantity) for o in orders),
        summed(item_of(1, row.quantity, row.price, row.currency, row.ordered) for row in waiting),
        len(claimed),
    )


def forget(database: Database, plan: ForgetPlan, clock: Callable[[], datetime]) -> Iterator[str | None]:
    """Forget target by target, each in its own transaction; yields None, or why one was refused."""
    for one in plan.targets:
        error = None
        try:
            with database.write() as tx:
                forgetting.forget(tx, plan.customer, one, clock())
        except WrongStateError as refused:
            error = str(refused)
        yield error


@contextmanager
def erasing(database: Database) -> Iterator[None]:
    """Erase what is deleted inside from the SQLite file; raises if a daemon or another process uses it."""
    try:
        with daemon_lock(database):
            if not database.empty_log():
                raise UnreachableError(f"{database.place} is in use; stop what uses it, and try again")
            yield
            try:
                database.compact()
            except UnreachableError:
                raise UnreachableError(
                    "the names are removed, but the file may still hold them, because it is in use;"
                    " stop what uses it and run: refilld db compact"
                ) from None
    except DaemonRunningError:
        raise DaemonRunningError(
            f"nothing is changed: a daemon works on {database.place}, whose file is rewritten; stop it first"
        ) from None


def _states(tx: Transaction, target_ids: list[int]) -> Iterator[OrderState]:
    for some in chunks(target_ids, _CHUNK):
        for states in order_states.of_targets(tx, some).values():
            yield from states
