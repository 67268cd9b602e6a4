"""What the guarantee cost: delivered refills by month, metric, service, provider and currency."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import Connection, Text, bindparam, case, func, insert, select, type_coerce

from monitor.model.refill import RefillState
from monitor.model.target import Metric
from storage.column_types import AnySelect
from storage.schema import orders, refills
from storage.sums import DELIVERED_UNITS, total
from storage.survival_tables import guarantee_costs

_r, _o, _g = refills.c, orders.c, guarantee_costs.c
_REFILLS: AnySelect = (
    select(
        _r.refill_id, _r.state, _r.completed_at, _r.metric, _o.service, _o.provider, _o.price, _o.currency,
        _o.quantity, DELIVERED_UNITS,
    )
    .join_from(refills, orders, _o.order_id == _r.order_id)
    .where(_r.refill_id > bindparam("last"))
    .order_by(_r.refill_id)
    .limit(bindparam("limit"))
)  # fmt: skip
_COMMA = ","
_OF_RUN = _g.run_id == bindparam("run")
_COSTS: AnySelect = select(
    _g.month, _g.metric, _g.service, _g.provider, _g.currency, _g.refills, _g.units, _g.price
).where(_OF_RUN)
_PRICED_IN = case((_g.price.is_not(None), _g.currency))
_BY_MONTH: AnySelect = (
    select(
        _g.month,
        _PRICED_IN,
        total(_g.refills),
        total(_g.units),
        func.aggregate_strings(type_coerce(_g.price, Text), _COMMA),
    )
    .where(_OF_RUN, _g.month >= bindparam("since"))
    .group_by(_g.month, _PRICED_IN, _g.price.is_(None))
)
"""With all prices as one text, because SQLite cannot add decimal numbers, and rows take time."""


@dataclass(frozen=True, slots=True)
class PricedRefill:
    """A refill, with the price of its order; only a completed one cost anything."""

    refill_id: int
    state: RefillState
    completed_at: datetime | None
    metric: Metric
    service: str
    provider: str | None
    price: Decimal | None
    currency: str | None
    ordered: int
    """Quantity of the order, for which the price was paid."""
    units: int
    """Delivered units."""


@dataclass(frozen=True, slots=True)
class GuaranteeCost:
    """The refills that were delivered in one month, of one metric, service, provider and currency."""

    month: datetime
    """Its beginning (UTC)."""
    metric: Metric
    service: str
    provider: str | None
    currency: str | None
    refills: int
    units: int
    price: Decimal | None
    """What these units were sold for; None for orders without a price."""


@dataclass(frozen=True, slots=True)
class CostFilter:
    """Which costs are wanted; None is any."""

    metric: Metric | None = None
    service: str | None = None
    provider: str | None = None


EVERYTHING = CostFilter()


@dataclass(frozen=True, slots=True)
class MonthCost:
    """All refills of one month and currency."""

    month: datetime
    currency: str | None
    """None for orders without a price."""
    refills: int
    units: int
    price: Decimal | None


def next_refills(connection: Connection, last: int, limit: int) -> list[PricedRefill]:
    """The refills after an id, in the order of their ids."""
    return [PricedRefill(*row) for row in connection.execute(_REFILLS, {"last": last, "limit": limit})]


def save(connection: Connection, run_id: int, costs: Sequence[GuaranteeCost]) -> None:
    """Store some costs with a run."""
    if costs:
        connection.execute(insert(guarantee_costs), [{"run_id": run_id, **asdict(one)} for one in costs])


def of_run(
    connection: Connection,
    run_id: int,
    costs: CostFilter = EVERYTHING,
) -> list[GuaranteeCost]:
    """The costs of a run, the newest month first, then those of the most units; filtered if wanted."""
    query = _narrowed(_COSTS, costs)
    found = [GuaranteeCost(*row) for row in connection.execute(query, {"run": run_id})]
    return sorted(found, key=_order)


def of_month(
    connection: Connection, run_id: int, month: datetime, costs: CostFilter, limit: int
) -> list[GuaranteeCost]:
    """The costs of one month, those of the most units first; at most so many."""
    query = _narrowed(_COSTS.where(_g.month == month), costs)
    ordered = query.order_by(_g.units.desc(), _g.cost_id).limit(limit)
    return [GuaranteeCost(*row) for row in connection.execute(ordered, {"run": run_id})]


def by_month(connection: Connection, run_id: int, since: datetime, costs: CostFilter) -> list[MonthCost]:
    """The sums of each month since a time, the newest first; the currencies of a month by their names."""
    query = _narrowed(_BY_MONTH, costs)
    found = [
        MonthCost(month, currency, refills, units, _sum(prices))
        for month, currency, refills, units, prices in connection.execute(
            query, {"run": run_id, "since": since}
        )
    ]
    return sorted(found, key=lambda one: (-one.month.timestamp(), one.price is None, one.currency or ""))


def _sum(prices: str | None) -> Decimal | None:
    return None if prices is None else sum(map(Decimal, prices.split(_COMMA)), Decimal(0))


def _narrowed(query: AnySelect, costs: CostFilter) -> AnySelect:
    for name, value in asdict(costs).items():
        if value is not None:
            query = query.where(_g[name] == value)
    return query


def _order(cost: GuaranteeCost) -> tuple[object, ...]:
    """The same on both engines, which sort texts differently; what has no price comes last."""
    unpriced = cost.price is None
    return (
        -cost.month.timestamp(),
        -cost.units,
        unpriced,
        cost.service,
        cost.provider or "",
        cost.currency or "",
    )
