"""Order states: the orders of targets with their flags, drops, refills and requests, in five queries."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, bindparam, func, select, text

from monitor.model.drop import Drop
from monitor.model.link import Link
from monitor.model.order import Flag, Order
from monitor.model.order_state import OrderState
from monitor.model.refill import Refill
from monitor.model.target import Target
from monitor.model.terms import TermsOrigin
from storage.column_types import AnyRow, AnySelect
from storage.schema import OPEN_DROP, drops, order_flags, orders, refills, requests, targets
from storage.terms import load_terms
from storage.transfer_tables import transfers

_THE_TARGETS = orders.c.target_id.in_(bindparam("target_ids", expanding=True))
JOINED = (
    select(orders, targets.c.link, targets.c.kind, targets.c.key, targets.c.metric, targets.c.owner)
    .join(targets, targets.c.target_id == orders.c.target_id)
)  # fmt: skip
"""Orders with their targets, for `order_of`."""
_NO_FLAGS: frozenset[Flag] = frozenset()
_HOLD_UNTIL = select(func.max(transfers.c.hold_until)).scalar_subquery().label("hold_until")
_ORDERS = (
    JOINED.add_columns(_HOLD_UNTIL)
    .where(_THE_TARGETS)
    .order_by(orders.c.completed_at, orders.c.order_id)
)  # fmt: skip
_ONE_ORDER = JOINED.where(orders.c.order_id == bindparam("order_id"))
_UNFLAGGED = JOINED.where(
    orders.c.order_id.in_(bindparam("order_ids", expanding=True)),
    ~select(order_flags.c.flag).where(order_flags.c.order_id == orders.c.order_id).exists(),
)
_FLAGS = select(order_flags).join(orders, orders.c.order_id == order_flags.c.order_id).where(_THE_TARGETS)
_DROPS = (
    select(drops)
    .join(orders, orders.c.order_id == drops.c.order_id)
    .where(_THE_TARGETS, text(f"drops.{OPEN_DROP}"))
)
_REFILLS = (
    select(
        refills.c.order_id,
        refills.c.quantity,
        refills.c.state,
        refills.c.completed_at,
        refills.c.delivered,
        refills.c.release_at,
        refills.c.created_at,
    )
    .join(orders, orders.c.order_id == refills.c.order_id)
    .where(_THE_TARGETS)
)
_REQUESTS = (
    select(requests.c.order_id)
    .join(orders, orders.c.order_id == requests.c.order_id)
    .where(_THE_TARGETS, requests.c.answered_at.is_(None))
)


def of_target(connection: Connection, target_id: int) -> tuple[OrderState, ...]:
    """The states of all orders of a target, in the order of their completion."""
    return of_targets(connection, [target_id])[target_id]


def of_targets(connection: Connection, target_ids: Sequence[int]) -> dict[int, tuple[OrderState, ...]]:
    """The states of all orders of targets, by target, in the order of their completion."""
    if not target_ids:
        return {}

    def run(query: AnySelect) -> Sequence[AnyRow]:
        return connection.execute(query, {"target_ids": target_ids}).all()

    flags: defaultdict[str, set[Flag]] = defaultdict(set)
    for row in run(_FLAGS):
        flags[row.order_id].add(row.flag)
    fills: defaultdict[str, list[Refill]] = defaultdict(list)
    for row in run(_REFILLS):
        fills[row.order_id].append(
            Refill(
                row.order_id, row.quantity, row.state, row.completed_at, row.delivered, row.release_at,
                row.created_at,
            )
        )  # fmt: skip
    open_drops = {row.order_id: _drop(row) for row in run(_DROPS)}
    asked = {row.order_id for row in run(_REQUESTS)}
    found: dict[int, list[OrderState]] = {target_id: [] for target_id in target_ids}
    for row in run(_ORDERS):
        found[row.target_id].append(
            OrderState(
                order=order_of(row),
                flags=frozenset(flags[row.order_id]) if row.order_id in flags else _NO_FLAGS,
                drop=open_drops.get(row.order_id),
                refills=tuple(fills[row.order_id]) if row.order_id in fills else (),
                request_pending=row.order_id in asked,
                settled_look=row.settled_look_at is not None,
                hold_until=row.hold_until,
                backlog=row.backlog,
                summary_pending=row.backlog_id is not None,
            )
        )
    return {target_id: tuple(group) for target_id, group in found.items()}


def targets_of_several_orders(connection: Connection) -> list[int]:
    """The ids of the targets that have more than one delivered order."""
    delivered = select(orders.c.target_id).where(orders.c.completed_at.is_not(None))
    several = delivered.group_by(orders.c.target_id).having(func.count() > 1).order_by(orders.c.target_id)
    return list(connection.execute(several).scalars())


def carries_guarantee(connection: Connection, order_id: str) -> bool:
    """Whether an order is guaranteed by its status and terms and has no flag; its window is not checked."""
    return order_id in guaranteed_of(connection, [order_id])


def guaranteed_of(connection: Connection, order_ids: Iterable[str]) -> set[str]:
    """Those of the orders that are guaranteed by status and terms and have no flag, whatever their window."""
    given = {"order_ids": list(order_ids)}
    rows = connection.execute(_UNFLAGGED, given) if given["order_ids"] else ()
    return {row.order_id for row in rows if order_of(row).guaranteed}


def one_order(connection: Connection, order_id: str) -> Order:
    """One order, which must exist."""
    return order_of(connection.execute(_ONE_ORDER, {"order_id": order_id}).one())


def order_of(row: AnyRow) -> Order:
    """The order in a row of `JOINED`."""
    return Order(
        order_id=row.order_id,
        service=row.service,
        target=Target(Link(row.kind, row.key), row.metric, row.owner),
        quantity=row.quantity,
        status=row.status,
        terms=load_terms(row.terms),
        remains=row.remains,
        completed_at=row.completed_at,
        start_count=row.start_count,
        start_measured=row.start_measured,
        start_corrected=row.start_corrected,
        created_at=row.created_at,
        base_lowered=row.base_lowered,
        base_at=row.base_at,
        counted_at=row.counted_at,
        link_typed=row.link_typed,
        provider=row.provider,
        customer=row.customer,
        price=row.price,
        currency=row.currency,
        language=row.language,
        terms_from=TermsOrigin(row.terms_from),
    )


def _drop(row: AnyRow) -> Drop:
    return Drop(
        order_id=row.order_id,
        state=row.state,
        opened_at=row.opened_at,
        looks=row.looks,
        confirmed_at=row.confirmed_at,
        closed_at=row.closed_at,
        drop_id=row.drop_id,
        backlog=row.backlog,
        last_decision=None if row.decision is None else (row.decision, row.reason),
    )
