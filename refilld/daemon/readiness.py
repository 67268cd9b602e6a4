"""Readiness of the process: its database and its jobs."""

from collections.abc import Callable

from monitor.errors import RefilldError
from refilld.api.health import Health
from refilld.services.database_check import DatabaseCheck
from storage.engine import Database
from storage.queue_pauses import QueuePause


def health(database: Database, check: DatabaseCheck, late: Callable[[], tuple[str, ...]]) -> Health:
    """Check that the database is ready, and that the jobs make progress."""
    faults = [f"job {job} makes no progress" for job in late()]
    pauses: tuple[QueuePause, ...] = ()
    try:
        pauses = check.pauses()
    except RefilldError as error:
        faults.append(str(error))
    if database.storage_fault is not None:
        faults.append(f"cannot write: {database.storage_fault}")
    return Health(tuple(faults), writable=database.storage_fault is None, pauses=pauses)
