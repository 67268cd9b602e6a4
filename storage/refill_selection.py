"""Refills that one command acts on: named by id or found by a filter, with what they were sold for."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import Connection, false, or_, select, text

from monitor.guarantee.owed_refills import NewestCount, Owed, owed_in_turn
from monitor.model.decision import Reason
from monitor.model.order_state import OrderState
from monitor.model.refill import RefillState
from storage import order_states, targets
from storage.chunks import chunks
from storage.column_types import AnySelect
from storage.operator_actions import newest_count
from storage.schema import orders, refills
from storage.schema import targets as targets_table
from storage.sold_filter import SoldFilter

_CHUNK = 500
"""Ids in one query."""
_r = refills.c
_o = orders.c
_t = targets_table.c
_SELECTED = select(
    _r.refill_id, _r.order_id, _o.target_id, _r.state, _r.reason, _r.quantity,
    _o.service, _o.provider, _o.price, _o.currency, _o.quantity.label("ordered"),
).join(orders, _o.order_id == _r.order_id).order_by(_r.refill_id)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class RefillFilter(SoldFilter):
    """Which refills are meant; a field that is None does not filter."""

    state: RefillState | None = None
    reason: Reason | None = None
    consumer: str | None = None
    since: datetime | None = None
    """Created at this time or later."""
    before: datetime | None = None
    """Created earlier than that."""


@dataclass(frozen=True, slots=True)
class SelectedRefill:
    """A refill as it is when it is selected."""

    refill_id: int
    order_id: str
    target_id: int
    state: RefillState
    reason: Reason
    quantity: int
    service: str
    provider: str | None
    price: Decimal | None
    currency: str | None
    ordered: int
    """Quantity of the order, for which the price was paid."""


def named(connection: Connection, refill_ids: Sequence[int]) -> list[SelectedRefill]:
    """The refills with these ids, in the order of their ids; unknown ids are skipped."""
    found: list[SelectedRefill] = []
    for chunk in chunks(sorted(set(refill_ids)), _CHUNK):
        found += _rows(connection, _SELECTED.where(_r.refill_id.in_(chunk)))
    return found


def found(
    connection: Connection,
    states: frozenset[RefillState],
    wanted: RefillFilter,
    limit: int | None = None,
    after: int | None = None,
) -> list[SelectedRefill]:
    """The refills in these states that a filter finds, oldest first; with `after` those with a larger id."""
    allowed = sorted(states if wanted.state is None else states & {wanted.state})
    in_states = [text(f"refills.state = '{state}'") for state in allowed]  # literal: partial indexes
    query = _SELECTED.join(targets_table, _t.target_id == _o.target_id).where(or_(false(), *in_states))
    query = query.where(*wanted.conditions).limit(limit)
    for condition in (
        None if wanted.reason is None else _r.reason == wanted.reason,
        None if wanted.consumer is None else _r.consumer == wanted.consumer,
        None if wanted.since is None else _r.created_at >= wanted.since,
        None if wanted.before is None else _r.created_at < wanted.before,
        None if after is None else _r.refill_id > after,
    ):
        if condition is not None:
            query = query.where(condition)
    return _rows(connection, query)


def in_states(connection: Connection, order_ids: Sequence[str], *states: RefillState) -> list[SelectedRefill]:
    """The refills of these orders that are in one of these states."""
    query = _SELECTED.where(_r.state.in_(states))
    parts = chunks(sorted(set(order_ids)), _CHUNK)
    return [row for chunk in parts for row in _rows(connection, query.where(_r.order_id.in_(chunk)))]


def owed(
    connection: Connection, selected: Sequence[SelectedRefill], *, discards_recovered: bool
) -> dict[int, Owed]:
    """What refills are owed, by id, if they are queued in this order; loads targets in sets."""
    by_target: defaultdict[int, list[SelectedRefill]] = defaultdict(list)
    for row in selected:
        by_target[row.target_id].append(row)
    owed: dict[int, Owed] = {}
    for chunk in chunks(sorted(by_target), _CHUNK):
        newest, states = _newest_counts(connection, chunk), order_states.of_targets(connection, chunk)
        for target_id in chunk:
            rows = by_target[target_id]
            units = _owed_of_target(rows, states[target_id], newest[target_id], discards_recovered)
            owed |= {row.refill_id: one for row, one in zip(rows, units, strict=True)}
    return owed


def _owed_of_target(
    rows: Sequence[SelectedRefill],
    states: Sequence[OrderState],
    newest: NewestCount | None,
    discards_recovered: bool,
) -> list[Owed]:
    asked = [(row.order_id, row.quantity) for row in rows]
    return owed_in_turn(states, asked, newest, discards_recovered=discards_recovered)


def _newest_counts(connection: Connection, target_ids: Sequence[int]) -> dict[int, NewestCount | None]:
    states = targets.some(connection, target_ids)
    return {target_id: newest_count(state) for target_id, state in states.items()}


def _rows(connection: Connection, query: AnySelect) -> list[SelectedRefill]:
    return [SelectedRefill(**row._asdict()) for row in connection.execute(query)]
