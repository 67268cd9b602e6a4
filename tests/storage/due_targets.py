"""Queries of due targets by the simulated source, each in a transaction of its own."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from monitor.cadence.schedule import Priority
from monitor.evaluation.target_state import TargetState
from storage import due
from storage.due import DueTarget
from storage.engine import Database
from tests.builders import DAY, MINUTE, NOW
from tests.storage.shop import put_target

UNTIL = NOW + 10 * MINUTE


SOURCE = "simulated"


def put(
    database: Database,
    name: str,
    at: datetime | None = NOW,
    priority: Priority = Priority.ROUTINE,
    **changes: Any,
) -> int:
    with database.write() as connection:
        return put_target(connection, name, at, priority, **changes)


def put_in_queue(
    database: Database, name: str, value: float, service_queue: str = "young s", **changes: Any
) -> int:
    """Put a target into the virtual queue, with a distant date."""
    queue_position = {"virtual_due": value, "service_queue": service_queue, "not_before": NOW - DAY} | changes
    return put(database, name, NOW + 90 * DAY, Priority.MAX_INTERVAL, **queue_position)


def request_keys(heads: Sequence[DueTarget]) -> list[str]:
    return [head.request_key for head in heads]


def due_by_date(
    database: Database, priority: Priority = Priority.ROUTINE, limit: int = 100
) -> list[DueTarget]:
    with database.read() as connection:
        return due.due_by_date(connection, SOURCE, priority, NOW, limit)


def final_looks(database: Database, slot: int = 7, value: float = 0.0, limit: int = 100) -> list[DueTarget]:
    with database.read() as connection:
        return due.final_looks(connection, SOURCE, slot, value, NOW, limit)


def by_virtual_time(
    database: Database, service_queue: str = "young s", now: datetime = NOW, limit: int = 100
) -> list[DueTarget]:
    with database.read() as connection:
        return due.by_virtual_time(connection, SOURCE, service_queue, now, limit)


def by_request_key(database: Database, *names: str) -> list[TargetState]:
    with database.write() as connection:
        return due.lock_by_request(connection, SOURCE, names, NOW)


def claim_targets(database: Database, *target_ids: int, until: datetime = UNTIL) -> None:
    with database.write() as connection:
        due.claim_targets(connection, target_ids, until)
