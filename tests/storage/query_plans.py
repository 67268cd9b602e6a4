"""Query plans of statements as both engines explain them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from storage.engine import Database
from tests.storage.shop import statements_of

UNNAMED = {
    "sqlite_autoindex_deliveries_1": "pk_deliveries",
    "sqlite_autoindex_notification_events_1": "pk_notification_events",
    "sqlite_autoindex_problems_1": "pk_problems",
    "sqlite_autoindex_routed_alerts_1": "pk_routed_alerts",
    "sqlite_autoindex_virtual_times_1": "pk_virtual_times",
    "sqlite_autoindex_refills_1": "uq_refills_order_id_number",
    "sqlite_autoindex_targets_1": "uq_targets_link_metric",
}
"""SQLite's own names for the indexes behind UNIQUE constraints."""
QUEUES_ONLY = {
    "ix_targets_unrouted", "ix_refills_held", "ix_refills_queued", "ix_refills_queued_part",
    "ix_refills_leases",
    "uq_reviews_one_open_per_order", "ix_reviews_open", "ix_events_unrouted", "ix_events_undispatched",
    "ix_notifications_pending", "ix_problems_inhibiting",
}  # fmt: skip
"""Partial indexes that contain only waiting rows: SQLite reports a read from their start as a scan."""

PARTITIONS = """SELECT part.relname, whole.relname FROM pg_inherits
JOIN pg_class part ON part.oid = inhrelid JOIN pg_class whole ON whole.oid = inhparent"""
"""Partitions of tables and of indexes, each with the table or index that it is a part of."""
EMPTY_PARTITIONS = "SELECT relname FROM pg_class WHERE relispartition AND relkind = 'r' AND reltuples <= 0"
"""PostgreSQL reads these from end to end, which costs nothing."""

_READING = ("SELECT", "UPDATE", "DELETE", "WITH", "INSERT")


@dataclass(frozen=True)
class Plan:
    """The query plan of a statement."""

    indexes: frozenset[str]
    scanned: frozenset[str]
    """Tables with a full scan."""
    sorts: bool


def explained(connection: Connection, statement: str, parameters: Any) -> Plan:
    if connection.dialect.name == "sqlite":
        return _sqlite_plan(connection, statement, parameters)
    found = connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {statement}", parameters).scalar_one()
    whole: dict[str, str] = dict(map(tuple, connection.exec_driver_sql(PARTITIONS)))
    empty = frozenset(connection.exec_driver_sql(EMPTY_PARTITIONS).scalars())
    nodes = list(_nodes(found[0]["Plan"], empty))
    indexes = [node["Index Name"] for node in nodes if "Index Name" in node]
    scanned = [node["Relation Name"] for node in nodes if node["Node Type"] == "Seq Scan"]
    return Plan(
        frozenset(whole.get(name, name) for name in indexes),
        frozenset(whole.get(name, name) for name in scanned),
        any("Sort" in node["Node Type"] for node in nodes),
    )


def _nodes(plan: dict[str, Any], empty: frozenset[str]) -> Iterator[dict[str, Any]]:
    """The nodes of a plan, without those that only read empty partitions."""
    parts = [node for part in plan.get("Plans", ()) for node in _nodes(part, empty)]
    if plan.get("Relation Name") not in empty and (parts or not plan.get("Plans")):
        yield plan
        yield from parts


def _sqlite_plan(connection: Connection, statement: str, parameters: Any) -> Plan:
    rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
    steps = [row[3].split() for row in rows]
    named = [step[step.index("INDEX") + 1] for step in steps if "INDEX" in step]
    return Plan(
        frozenset(UNNAMED.get(name, name) for name in named)
        | frozenset(f"pk_{step[1]}" for step in steps if "PRIMARY" in step),
        frozenset(step[1] for step in steps if step[0] == "SCAN" and not QUEUES_ONLY & {*step}),
        any("B-TREE" in step for step in steps),
    )


def plans_of(database: Database, work: Callable[[Connection], object]) -> list[Plan]:
    """Record the statements of some work, roll it back, and return the plans of those that read rows."""
    with database.write() as connection:
        undone = connection.begin_nested()
        heard = statements_of(connection, lambda: work(connection))
        undone.rollback()
        asked = [(said, how) for said, how in heard if said.lstrip().startswith(_READING)]
        return [explained(connection, said, how) for said, how in asked if not isinstance(how, list)]
