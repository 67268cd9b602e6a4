"""Targets written and read, each in a transaction of its own."""

from datetime import datetime
from typing import Any

from monitor.cadence.schedule import Priority
from monitor.evaluation.target_state import TargetState
from storage import targets
from storage.engine import Database
from tests.builders import NOW
from tests.storage.shop import put_target


def put(
    database: Database,
    name: str,
    at: datetime | None = NOW,
    priority: Priority = Priority.ROUTINE,
    **changes: Any,
) -> int:
    with database.write() as connection:
        return put_target(connection, name, at, priority, **changes)


def get(database: Database, target_id: int) -> TargetState:
    with database.read() as connection:
        return targets.get(connection, target_id)
