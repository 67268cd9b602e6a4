"""Statistics of the adaptive cadence, summed over all daemons: hazards, virtual times and unit prices."""

from collections.abc import Mapping

from sqlalchemy import Connection, bindparam, select

from monitor.cadence.hazard import Cell
from monitor.cadence.virtual_time import VirtualTime
from monitor.model.target import Metric
from storage.engine import insert_into
from storage.source_tables import hazard_cells, unit_prices, virtual_times

_h = hazard_cells.c
_c = virtual_times.c
_KEY = ["service", "age", "margin", "slope", "span"]
_VIRTUAL_TIME = select(_c.state).where(_c.source == bindparam("source"))


def load(connection: Connection) -> dict[Cell, tuple[float, float]]:
    """Return events and hours of exposure of every hazard cell."""
    rows = connection.execute(select(hazard_cells))
    return {
        Cell(row.service, row.age, row.margin, row.slope, row.span): (row.events, row.exposure)
        for row in rows
    }


def add(connection: Connection, learned: Mapping[Cell, tuple[float, float]]) -> None:
    """Add events and hours to the hazard cells, in sorted order to avoid deadlocks."""
    if not learned:
        return
    insert = insert_into(connection, hazard_cells)
    statement = insert.on_conflict_do_update(
        index_elements=_KEY,
        set_={
            "events": _h.events + insert.excluded.events,
            "exposure": _h.exposure + insert.excluded.exposure,
        },
    )
    rows = [
        {**cell._asdict(), "events": events, "exposure": exposure}
        for cell, (events, exposure) in sorted(learned.items())
    ]
    connection.execute(statement, rows)


def virtual_time(connection: Connection, source: str) -> VirtualTime:
    """Return the virtual time of a source; to change it, hold `sources.lock_source`."""
    return VirtualTime.load(connection.execute(_VIRTUAL_TIME, {"source": source}).scalar() or "")


def has_virtual_time(connection: Connection, source: str) -> bool:
    """Whether a source has a virtual time; a source that was never enabled has none."""
    return connection.execute(_VIRTUAL_TIME, {"source": source}).first() is not None


def save_virtual_time(connection: Connection, source: str, state: VirtualTime) -> None:
    """Save the virtual time of a source."""
    text = state.dump()
    row = insert_into(connection, virtual_times).values(source=source, state=text)
    connection.execute(row.on_conflict_do_update(index_elements=["source"], set_={"state": text}))


def add_sales(connection: Connection, sales: Mapping[tuple[str, Metric], tuple[float, float]]) -> None:
    """Add sold units and amounts to the unit prices of their currency and metric."""
    if not sales:
        return
    insert = insert_into(connection, unit_prices)
    g = unit_prices.c
    statement = insert.on_conflict_do_update(
        index_elements=["currency", "metric"],
        set_={"units": g.units + insert.excluded.units, "amount": g.amount + insert.excluded.amount},
    )
    rows = [
        {"currency": currency, "metric": metric, "units": units, "amount": amount}
        for (currency, metric), (units, amount) in sorted(sales.items())
    ]
    connection.execute(statement, rows)


def average_prices(connection: Connection) -> dict[tuple[str, Metric], float]:
    """Return the average price of a unit, by currency and metric."""
    rows = connection.execute(select(unit_prices))
    return {(row.currency, row.metric): row.amount / row.units for row in rows if row.units > 0}
