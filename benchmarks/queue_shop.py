"""Databases with refills, for `benchmarks/queue.py`."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from sqlalchemy import insert

from monitor.model.decision import Action, Reason
from monitor.model.drop import DropState
from monitor.model.link import LinkKind
from monitor.model.order import OrderStatus
from monitor.model.refill import RefillState
from monitor.model.target import Metric
from monitor.model.terms import Terms
from storage import migrate
from storage.engine import Database
from storage.schema import metadata
from storage.terms import dump_terms
from tests.postgres_server import new_database, own_server, url_of

NOW = datetime(2026, 11, 1, 8, tzinfo=UTC)
TERMS = dump_terms(Terms(name="R30", window=timedelta(days=30)))
BATCH = 10_000


def rows_of(i: int, *, done: bool = False) -> dict[str, dict[str, Any]]:
    """A refill, queued or completed, with all that it belongs to."""
    at = NOW - timedelta(hours=1) + timedelta(milliseconds=i)
    name, count = f"user{i}", {"quantity": 1000, "remains": 0}
    order = {"order_id": f"{i}", "target_id": i, "service": f"{i % 40}", "link_typed": "", **count}
    order |= {"status": OrderStatus.COMPLETED, "completed_at": at, "terms": TERMS, "provider": "acme"}
    drop = {"drop_id": i, "order_id": f"{i}", "state": DropState.REFILLED, "opened_at": at, "looks": 2}
    refill = {"refill_id": i, "order_id": f"{i}", "number": 1, "drop_id": i, "metric": Metric.FOLLOWERS}
    refill |= {
        "quantity": 100,
        "reason": Reason.DROP_CONFIRMED,
        "state": RefillState.COMPLETED if done else RefillState.QUEUED,
    }
    return {
        "targets": {
            "target_id": i, "link": f"https://www.instagram.com/{name}/", "kind": LinkKind.PROFILE,
            "key": name, "metric": Metric.FOLLOWERS,
        },
        "orders": order | {"imported_at": at, "updated_at": at},
        "drops": drop | {"claim": 100, "count": 1, "line": 1, "decision": Action.REFILL},
        "refills": refill | {
            "created_at": at, "queued_at": at, "available_at": at, "completed_at": NOW if done else None,
        },
        "refill_events": {"refill_id": i, "at": at, "state": RefillState.QUEUED, "detail": "drop_confirmed"},
    }  # fmt: skip


def filled(url: str, queued: int, completed: int = 0) -> Database:
    """A migrated database with so many queued refills, and older ones that are completed."""
    database = Database(url)
    migrate.upgrade(database)
    every = completed + queued
    for first in range(1, every + 1, BATCH):
        rows = [rows_of(i, done=i <= completed) for i in range(first, min(first + BATCH, every + 1))]
        for table in rows[0]:
            with database.write() as tx:
                tx.execute(insert(metadata.tables[table]), [row[table] for row in rows])
    with database.write() as tx:
        tx.exec_driver_sql("ANALYZE")
    database.checkpoint()
    return database


class Place:
    """Where databases are made: files in a directory, or a durable server of its own."""

    def __init__(self, engine: str, directory: Path, stack: ExitStack) -> None:
        self._directory, self._stack = directory, stack
        self._server = stack.enter_context(own_server(durable=directory)) if engine == "postgresql" else None

    def url(self) -> str:
        """The URL of an empty database."""
        if self._server is None:
            return f"sqlite:///{self._directory / uuid4().hex}.db"
        return self._stack.enter_context(new_database(url_of(self._server)))


@contextmanager
def place(engine: str, directory: Path) -> Iterator[Place]:
    with ExitStack() as stack:
        yield Place(engine, directory, stack)
