"""What the guarantee cost: delivered refills by month, metric, service, provider and currency."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import Connection, bindparam, insert, select

from monitor.model.refill import RefillState
from monitor.model.target import Metric
from storage.column_types import AnySelect
from storage.schema import orders, refills
from storage.sums import DELIVERED_UNITS
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
_COSTS = select(
    _g.month, _g.metric, _g.service, _g.provider, _g.currency, _g.refills, _g.units, _g.price
).where(_g.run_id == bindparam("run"))


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
    metric: Metric | None = None,
    service: str | None = None,
    provider: str | None = None,
) -> list[GuaranteeCost]:
    """The costs of a run, the newest month first, then those of the most units; filtered if wanted."""
    query = _COSTS
    wanted: Iterable[tuple[str, str | None]] = (
        ("metric", metric),
        ("service", service),
        ("provider", provider),
    )
    for name, value in wanted:
        if value is not None:
            query = query.where(_g[name] == value)
    found = [GuaranteeCost(*row) for row in connection.execute(query, {"run": run_id})]
    return sorted(found, key=_order)


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
