"""Orders: importing them in batches and reading them."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from operator import attrgetter

from sqlalchemy import Connection, bindparam, false, insert, select, update

from monitor.cadence.schedule import Priority
from monitor.errors import BadInputError
from monitor.events.changes import OrdersImported, order_updated
from monitor.events.event import Event
from monitor.events.kind import EventKind
from monitor.model.order import Order
from monitor.model.order_merge import merged
from monitor.model.target import Metric
from storage import backlogs, cadence_stats, claim_columns, drops, events, flags, routes, targets
from storage.bulk import execute_many
from storage.column_types import AnyRow, microseconds
from storage.engine import advisory_lock
from storage.errors import NotFoundError
from storage.order_states import JOINED, order_of
from storage.schema import decisions, orders
from storage.schema import targets as targets_table
from storage.terms import dump_terms

_o = orders.c
_KNOWN = JOINED.where(_o.order_id.in_(bindparam("ids", expanding=True)))
_TARGETS_BY_ORDER = select(_o.order_id, _o.target_id).where(_o.order_id.in_(bindparam("ids", expanding=True)))
_FORGOTTEN = select(_o.order_id).where(
    _o.order_id.in_(bindparam("ids", expanding=True)), _o.forgotten_at.is_not(None)
)
_TARGETS_AT = select(targets_table.c.target_id).where(
    targets_table.c.link.in_(bindparam("links", expanding=True))
)
_DECIDED = (
    select(decisions.c.order_id).distinct().where(decisions.c.order_id.in_(bindparam("ids", expanding=True)))
)
_PLAIN = (
    "service", "link_typed", "quantity", "remains", "start_count", "start_measured", "start_corrected",
    "base_lowered", "provider", "customer", "currency", "language",
)  # fmt: skip
_PLAIN_OF = attrgetter(*_PLAIN)
_TIMES = ("completed_at", "created_at", "base_at", "counted_at")
_TIMES_OF = attrgetter(*_TIMES)
_WRITTEN = (
    *_PLAIN,
    *_TIMES,
    "listed_at",
    "status",
    "price",
    "target_id",
    "terms",
    "terms_from",
    "updated_at",
)
"""The columns that an import may write."""
_INSERT = insert(orders).values({name: bindparam(name) for name in (*_WRITTEN, "order_id", "imported_at")})
_UPDATE = (
    update(orders)
    .where(_o.order_id == bindparam("id"))
    .values({name: bindparam(f"new_{name}") for name in _WRITTEN})
)
_BASE_COLUMNS = ("start_count", "start_measured", "base_lowered", "base_at", "counted_at")
_TARGETS_OF = select(_o.target_id).where(_o.order_id.in_(bindparam("ids", expanding=True)))
_MEASURED = (
    update(orders)
    .where(_o.order_id == bindparam("id"))
    .values({name: bindparam(f"new_{name}") for name in _BASE_COLUMNS})
)
_SETTLED_LOOK = (
    update(orders)
    .where(_o.order_id == bindparam("id"), _o.settled_look_at.is_(None))
    .values(settled_look_at=bindparam("now"))
)
_RESET_SETTLED_LOOK = (
    update(orders)
    .where(_o.order_id == bindparam("id"))
    .values(settled_look_at=None, backlog=false(), backlog_id=None)
)
"""For a new delivery, which has its own first look after it settled."""


class ImportResult(StrEnum):
    """The result of importing one row."""

    ADDED = "added"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    REFUSED = "refused"
    IGNORED = "ignored"
    """A row of a service that the configuration ignores; it does not come this far."""
    FORGOTTEN = "forgotten"
    """The customer of the order was forgotten: the row is skipped, so that no name comes back."""


@dataclass(frozen=True, slots=True)
class ImportedRow:
    """The result of one row, with the error if it was refused."""

    order_id: str
    result: ImportResult
    error: BadInputError | None = None


@dataclass(frozen=True, slots=True)
class StoredOrder:
    """An order with its bookkeeping in the database."""

    order: Order
    target_id: int
    imported_at: datetime
    updated_at: datetime
    settled_look_at: datetime | None
    """When a look first judged the order after its delivery settled."""
    forgotten_at: datetime | None = None
    """When its customer was forgotten."""

    @property
    def order_id(self) -> str:
        return self.order.order_id


def import_batch(
    connection: Connection, batch: Sequence[Order], now: datetime, backlog_id: int | None = None
) -> list[ImportedRow]:
    """Add and update orders in one transaction; returns one result per row, in their order.

    With a backlog, the orders that are under guarantee and were never judged belong to it.
    """
    advisory_lock(connection, "refilld import")  # no customer is forgotten meanwhile
    skipped = _forgotten(connection, [order.order_id for order in batch])
    known = iter(_import_known(connection, [o for o in batch if o.order_id not in skipped], now, backlog_id))
    found = [
        ImportedRow(o.order_id, ImportResult.FORGOTTEN) if o.order_id in skipped else next(known)
        for o in batch
    ]
    numbers = Counter(row.result for row in found)
    results = (ImportResult.ADDED, ImportResult.UPDATED, ImportResult.UNCHANGED)
    imported = OrdersImported(*(numbers[result] for result in results))
    if imported.added or imported.updated:
        events.add(connection, Event(EventKind.ORDERS_IMPORTED, imported), now)
    return found


def _forgotten(connection: Connection, order_ids: Sequence[str]) -> set[str]:
    """Those of these orders whose customer was forgotten."""
    return set(connection.execute(_FORGOTTEN, {"ids": order_ids}).scalars())


def _import_known(
    connection: Connection, batch: Sequence[Order], now: datetime, backlog_id: int | None
) -> list[ImportedRow]:
    ids = [order.order_id for order in batch]
    present, before = _locked(connection, ids, {order.target.link.url for order in batch})
    known = dict(before)
    results = _admit_all(connection, known, batch)
    admitted = [
        o.target
        for o, result in zip(batch, results, strict=True)
        if result.result is not ImportResult.REFUSED
    ]
    target_ids = targets.ensure(connection, admitted)
    added = [order for order_id, order in known.items() if order_id not in before]
    changed = [order for order_id, order in known.items() if before.get(order_id, order) != order]
    execute_many(connection, _INSERT, [_new(order, target_ids, now) for order in added])
    events.add_all(connection, [_update_event(before[order.order_id], order) for order in changed], now)
    left = _left_targets(connection, before, changed)
    execute_many(connection, _UPDATE, [_changes(order, target_ids, now) for order in changed])
    claim_columns.refresh(connection, [order.order_id for order in changed])
    ended = [order for order in changed if not order.guaranteed and before[order.order_id].guaranteed]
    flags.end_guarantees(connection, {one.order_id: f"order is {one.status}" for one in ended}, now)
    moved = [order for order in changed if _delivery(order) != _delivery(before[order.order_id])]
    if moved:
        connection.execute(_RESET_SETTLED_LOOK, [{"id": order.order_id} for order in moved])
        drops.leave_backlog(connection, [order.order_id for order in moved])
    sold = [(target_ids[_identity(order)], order) for order in (*added, *moved)]
    await_first_look(connection, sold, now, "order imported")
    seen = {target_ids[_identity(order)] for order in (*added, *changed)}
    targets.invalidate_fast_path(connection, (seen & present) | left)  # a new target has neither
    routes.reroute(connection, {target_id for target_id, _ in sold} & present)
    cadence_stats.add_sales(connection, _sales(added))
    if backlog_id is not None:
        covered = [one.order_id for one in known.values() if one.first_look(now) is not None]
        backlogs.add_orders(connection, backlog_id, covered)
    return results


def locked(connection: Connection, order_ids: Sequence[str], links: Iterable[str] = ()) -> dict[str, Order]:
    """The known ones of these orders, by id; their targets and those at the links are locked."""
    return _locked(connection, order_ids, links)[1]


def _locked(
    connection: Connection, order_ids: Sequence[str], links: Iterable[str]
) -> tuple[set[int], dict[str, Order]]:
    """The ids of the locked targets, and the known orders.

    All targets are locked at once, in the same order as evaluation locks them, to avoid a deadlock.
    """
    advisory_lock(connection, "refilld import")  # two imports of the same new order would conflict
    by_order = {
        row.order_id: row.target_id for row in connection.execute(_TARGETS_BY_ORDER, {"ids": order_ids})
    }
    found = set(connection.execute(_TARGETS_AT, {"links": list(links)}).scalars()) | set(by_order.values())
    targets.lock(connection, sorted(found))
    if not by_order:
        return found, {}
    known = connection.execute(_KNOWN, {"ids": list(by_order)})
    return found, {row.order_id: order_of(row) for row in known}


def await_first_look(
    connection: Connection, sold: Iterable[tuple[int, Order]], now: datetime, reason: str
) -> None:
    """Schedule the first look at orders, each given with its target's id: now or at completion."""
    due: defaultdict[tuple[datetime, Priority], set[int]] = defaultdict(set)
    for target_id, order in sold:
        at = order.first_look(now)
        if at is not None:  # a missing start count must be measured before units are lost
            priority = Priority.ROUTINE if order.start_count is None else Priority.MAX_INTERVAL
            due[at, priority].add(target_id)
    for (at, priority), ids in due.items():
        targets.schedule_by(connection, sorted(ids), at, reason, priority)


def _admit_all(connection: Connection, known: dict[str, Order], batch: Sequence[Order]) -> list[ImportedRow]:
    """Admit the rows one after the other; `known` then has the orders as they are after all of them."""
    ids = list(known)
    decided = set(connection.execute(_DECIDED, {"ids": ids}).scalars()) if ids else set()
    return [_admit(known, row, decided=row.order_id in decided) for row in batch]


def _left_targets(connection: Connection, before: Mapping[str, Order], changed: Sequence[Order]) -> set[int]:
    """The targets that orders leave, because the panel has edited their links before the delivery."""
    moved = [o.order_id for o in changed if _identity(o) != _identity(before[o.order_id])]
    return set(connection.execute(_TARGETS_OF, {"ids": moved}).scalars()) if moved else set()


def _admit(known: dict[str, Order], row: Order, *, decided: bool) -> ImportedRow:
    """Add the order to `known` or merge it into the known one; the error says why it is refused."""
    before = known.get(row.order_id)
    if before is None:
        known[row.order_id] = row
        return ImportedRow(row.order_id, ImportResult.ADDED)
    try:
        after = merged(before, row, decided=decided)
    except BadInputError as error:
        return ImportedRow(row.order_id, ImportResult.REFUSED, error)
    known[row.order_id] = after
    return ImportedRow(row.order_id, ImportResult.UNCHANGED if after == before else ImportResult.UPDATED)


def measured(connection: Connection, order: Order) -> None:
    """Store the start count of an order, its base, and when it was first counted."""
    values = {f"new_{name}": getattr(order, name) for name in _BASE_COLUMNS}
    connection.execute(_MEASURED, {"id": order.order_id} | values)


def settled_look(connection: Connection, order_id: str, now: datetime) -> None:
    """Store when a look first judged an order after its delivery settled."""
    connection.execute(_SETTLED_LOOK, {"id": order_id, "now": now})


def get(connection: Connection, order_id: str) -> StoredOrder:
    """One order; raises NotFoundError."""
    row = connection.execute(JOINED.where(_o.order_id == order_id)).one_or_none()
    if row is None:
        raise NotFoundError(f"there is no order {order_id}")
    return stored_order(row)


def some(connection: Connection, order_ids: Sequence[str]) -> dict[str, Order]:
    """Orders by id; unknown ids are skipped."""
    return {row.order_id: order_of(row) for row in connection.execute(_KNOWN, {"ids": order_ids})}


def stored_order(row: AnyRow) -> StoredOrder:
    """The order in a row of `JOINED`."""
    times = row.imported_at, row.updated_at, row.settled_look_at, row.forgotten_at
    return StoredOrder(order_of(row), row.target_id, *times)


def _sales(added: Iterable[Order]) -> dict[tuple[str, Metric], tuple[float, float]]:
    """Units and amounts of the orders that have a price, by currency and metric."""
    sales: dict[tuple[str, Metric], tuple[float, float]] = {}
    for order in added:
        if order.price and order.currency:
            key = order.currency, order.target.metric
            units, amount = sales.get(key, (0.0, 0.0))
            sales[key] = units + order.quantity, amount + float(order.price)
    return sales


def _update_event(before: Order, after: Order) -> Event:
    names = tuple(field.name for field in fields(Order))
    return order_updated(before, after, tuple(n for n in names if getattr(before, n) != getattr(after, n)))


def _delivery(order: Order) -> tuple[object, ...]:
    return order.status, order.remains, order.completed_at, order.start_count


def _identity(order: Order) -> tuple[str, Metric]:
    return order.target.link.url, order.target.metric


def _new(order: Order, target_ids: Mapping[tuple[str, Metric], int], now: datetime) -> dict[str, object]:
    values = _values(order, target_ids, now)
    values["order_id"], values["imported_at"] = order.order_id, values["updated_at"]
    return values


def _changes(order: Order, target_ids: Mapping[tuple[str, Metric], int], now: datetime) -> dict[str, object]:
    values = {f"new_{name}": value for name, value in _values(order, target_ids, now).items()}
    return values | {"id": order.order_id}


def _values(order: Order, target_ids: Mapping[tuple[str, Metric], int], now: datetime) -> dict[str, object]:
    """The columns that an import may write, as the database stores them."""
    values: dict[str, object] = dict(zip(_PLAIN, _PLAIN_OF(order), strict=True))
    times = zip(_TIMES, _TIMES_OF(order), strict=True)
    values.update({name: None if at is None else microseconds(at) for name, at in times})
    values["listed_at"] = values["completed_at"] or 0
    values["status"] = str(order.status)
    values["price"] = None if order.price is None else str(order.price)
    values["target_id"] = target_ids[_identity(order)]
    values["terms"] = dump_terms(order.terms)
    values["terms_from"] = str(order.terms_from)
    values["updated_at"] = microseconds(now)
    return values
