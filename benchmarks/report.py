"""Measures how long `refilld report` reads: `python benchmarks/report.py`.

A shop of 100,000 orders and 1,000,000 snapshots on SQLite: ten looks at each target, of which four are in the
period, a drop for every second order, a refill for most drops, and a customer's request for every fiftieth.
"""

import argparse
import resource
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import insert

from monitor.model.decision import Action, Reason
from monitor.model.drop import DropState
from monitor.model.link import LinkKind
from monitor.model.order import OrderStatus
from monitor.model.refill import RefillState
from monitor.model.snapshot import Outcome
from monitor.model.target import Metric
from monitor.model.terms import Terms
from refilld.report.load import load
from refilld.report.text import render_text
from refilld.settings.settings import Settings
from storage import migrate
from storage.engine import Database
from storage.schema import metadata
from storage.terms import dump_terms

NOW = datetime(2026, 11, 1, 8, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
ORDERS = 100_000
LOOKS = 10
BATCH = 10_000
TERMS = [dump_terms(Terms(name=f"R{days}", window=days * DAY)) for days in (7, 30, 60, 90, 365)]


def target(i: int) -> dict[str, Any]:
    return {
        "target_id": i, "link": f"https://www.instagram.com/user{i}/", "kind": LinkKind.PROFILE,
        "key": f"user{i}", "metric": Metric.FOLLOWERS, "source": "simulated", "request_key": f"user{i}",
        "next_due_at": NOW + (i % 12 - 1) * HOUR, "last_look_at": NOW - i % 6 * HOUR,
    }  # fmt: skip


def order(i: int) -> dict[str, Any]:
    completed = NOW - (i % 59 + 1) * DAY
    return {
        "order_id": str(i), "target_id": i, "service": f"service {i % 40}", "link_typed": "",
        "quantity": 1000, "remains": 0,
        "status": OrderStatus.COMPLETED, "completed_at": completed, "start_count": 500,
        "terms": TERMS[i % 5], "provider": f"provider {i % 9}", "customer": f"customer {i % 1000}",
        "price": f"{i % 7 + 1}.50", "currency": ("USD", "EUR")[i // 2 % 2], "imported_at": completed,
        "updated_at": completed,
    }  # fmt: skip


def snapshot(i: int) -> dict[str, Any]:
    at, look = NOW - i % LOOKS * 6 * HOUR - i // LOOKS % 6 * HOUR, i // LOOKS + 1
    failed = i % 50 == 0
    return {
        "target_id": look, "at": at, "outcome": Outcome.TRANSIENT if failed else Outcome.COUNT,
        "count": None if failed else i, "source": "simulated", "count_kind": "follower_count", "detail": "",
    }  # fmt: skip


def drop(i: int) -> dict[str, Any]:
    at = NOW - i % 240 * HOUR
    return {
        "drop_id": i, "order_id": str(2 * i),
        "state": DropState.WAITING if i % 9 == 0 else DropState.REFILLED,
        "opened_at": at, "looks": 2, "confirmed_at": at, "claim": 100, "count": 1, "line": 1,
        "decision": Action.REFILL, "reason": Reason.DROP_CONFIRMED,
    }  # fmt: skip


def refill(i: int) -> dict[str, Any]:
    state = (RefillState.COMPLETED, RefillState.QUEUED, RefillState.HELD, RefillState.DEAD)[i % 40 // 10]
    at = NOW - i % 240 * HOUR
    return {
        "refill_id": i, "order_id": str(2 * i), "number": 1, "drop_id": i, "metric": Metric.FOLLOWERS,
        "quantity": 100, "reason": Reason.DROP_CONFIRMED, "state": state, "created_at": at, "queued_at": at,
        "available_at": at, "completed_at": at if state is RefillState.COMPLETED else None,
    }  # fmt: skip


def request(i: int) -> dict[str, Any]:
    return {"order_id": str(50 * i), "at": NOW - i % 240 * HOUR, "answered_at": None if i % 2 else NOW}


ROWS = {
    "targets": (target, ORDERS),
    "orders": (order, ORDERS),
    "drops": (drop, ORDERS // 2),
    "refills": (refill, ORDERS // 2 - 10_000),
    "requests": (request, ORDERS // 50),
}


def fill(database: Database) -> None:
    """Write the shop."""
    for table, (row, number) in ROWS.items():
        with database.write() as tx:
            tx.execute(insert(metadata.tables[table]), [row(i) for i in range(1, number + 1)])
    for first in range(0, ORDERS * LOOKS, BATCH):
        with database.write() as tx:
            tx.execute(
                insert(metadata.tables["snapshots"]), [snapshot(i) for i in range(first, first + BATCH)]
            )
    database.checkpoint()


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=5)
    given = options.parse_args()
    with TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{Path(folder) / 'refilld.db'}")
        migrate.upgrade(database)
        fill(database)
        for _ in range(given.rounds):
            began = time.perf_counter()
            with database.read() as tx:
                text = render_text(load(tx, Settings(), NOW, DAY))
            print(f"{time.perf_counter() - began:.2f} s")
        print(f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MiB at most\n\n{text}")
        database.close()


if __name__ == "__main__":
    main()
