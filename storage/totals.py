"""Totals of the whole database."""

from sqlalchemy import Connection, func, select

from storage.alert_tables import events
from storage.column_types import AnySelect
from storage.schema import decisions, drops, orders, refills, snapshots, targets


def counts(connection: Connection) -> dict[str, int]:
    """Numbers of orders, targets, looks, drops and alerts."""
    tables = {"orders": orders, "targets": targets, "looks": snapshots, "drops": drops, "alerts": events}
    return {
        name: connection.execute(select(func.count()).select_from(table)).scalar_one()
        for name, table in tables.items()
    }


def looks_by_outcome(connection: Connection) -> list[tuple[str, int]]:
    """Numbers of looks by outcome, most frequent first."""
    return _grouped(connection, select(snapshots.c.outcome, func.count()).group_by(snapshots.c.outcome))


def drops_by_state(connection: Connection) -> list[tuple[str, int]]:
    """Numbers of drops by state, most frequent first."""
    return _grouped(connection, select(drops.c.state, func.count()).group_by(drops.c.state))


def refills_by_state(connection: Connection) -> list[tuple[str, int]]:
    """Numbers of refills by state, most frequent first."""
    return _grouped(connection, select(refills.c.state, func.count()).group_by(refills.c.state))


def decisions_by_reason(connection: Connection) -> list[tuple[str, int]]:
    """Numbers of decisions by action and reason, most frequent first."""
    c = decisions.c
    rows = connection.execute(select(c.decision, c.reason, func.count()).group_by(c.decision, c.reason))
    return sorted(((f"{action}: {reason}", n) for action, reason, n in rows), key=lambda pair: -pair[1])


def units_refilled(connection: Connection) -> int:
    """Units delivered by all completed refills."""
    units = func.coalesce(refills.c.delivered, refills.c.quantity)
    query = select(func.coalesce(func.sum(units), 0)).where(refills.c.completed_at.is_not(None))
    return int(connection.execute(query).scalar_one())


def _grouped(connection: Connection, query: AnySelect) -> list[tuple[str, int]]:
    return sorted(((str(word), n) for word, n in connection.execute(query)), key=lambda pair: -pair[1])
