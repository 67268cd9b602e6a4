"""What mass drops held: numbers, units and prices of the refills that were decided while they were on."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Boolean, Connection, func, literal, literal_column, select

from monitor.model.decision import Reason
from monitor.model.sums import Item, Sum, item_of, summed
from storage.column_types import Instant
from storage.schema import mass_drops, orders, refills
from storage.sqlite_hints import indexed_by
from storage.sums import total

_m = mass_drops.c
_r = refills.c
_o = orders.c
_HELD = literal_column("refills.state = 'held'", Boolean)
_ENDED_AT = func.coalesce(_m.ended_at, literal(datetime.max.replace(tzinfo=UTC), Instant))
"""The end of a mass drop; far away while it is on."""


@dataclass(frozen=True, slots=True)
class MassDropSums:
    """Refills that were held for a mass drop."""

    all: Sum
    still_held: Sum


def of(connection: Connection, mass_drop_ids: Sequence[int]) -> dict[int, MassDropSums]:
    """What each of these mass drops held; what a daily cap holds meanwhile is not counted any more."""
    group = _m.mass_drop_id, _HELD, _o.price, _o.currency, _o.quantity
    query = (
        select(*group, func.count(), total(_r.quantity))
        .join_from(mass_drops, refills, _r.metric == _m.metric)
        .join(orders, _o.order_id == _r.order_id)
        .where(_m.mass_drop_id.in_(mass_drop_ids), _r.reason == Reason.MASS_DROP)
        .where(_r.created_at >= _m.started_at, _r.created_at < _ENDED_AT)
        .group_by(*group)
        .with_hint(refills, indexed_by("ix_refills_created_at"), "sqlite")
    )
    items: defaultdict[tuple[int, bool], list[Item]] = defaultdict(list)
    for mass_drop_id, is_held, price, currency, ordered, number, units in connection.execute(query):
        items[mass_drop_id, bool(is_held)].append(item_of(number, units, price, currency, ordered))
    return {one: _sums(items[one, True], items[one, False]) for one in mass_drop_ids}


def _sums(held: list[Item], others: list[Item]) -> MassDropSums:
    return MassDropSums(summed([*held, *others]), summed(held))
