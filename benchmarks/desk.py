"""Measures what the operator's pages read: `python benchmarks/desk.py --directory DIR`.

A shop of 1,000,000 orders and 10,000,000 snapshots, written by SQL alone into DIR, or with `--url` into an
empty PostgreSQL database; a filled one is used again. Each list, search and timeline is timed as the program
reads it, and its statements as the driver runs them.
"""

import argparse
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from desk_shop import NOW, fill
from sqlalchemy import event

from monitor.model.decision import Reason
from monitor.model.drop import DropState
from monitor.model.order import Flag, OrderStatus
from monitor.model.refill import RefillState
from monitor.model.target import Metric
from refilld.services.look_obstacle import enabled_sources
from refilld.settings.settings import Settings
from refilld.timeline.load import load
from storage import (
    alert_list,
    decision_list,
    drop_list,
    event_list,
    known_values,
    migrate,
    order_list,
    refill_list,
    review_list,
    search,
    webhook_log,
)
from storage.alert_list import AlertFilter
from storage.decision_list import DecisionFilter
from storage.drop_list import DropFilter
from storage.engine import Database, Transaction
from storage.event_list import EventFilter
from storage.order_list import OrderFilter
from storage.pages import Cursor, PageRequest
from storage.refill_selection import RefillFilter
from storage.reviews import ReviewFilter, ReviewState
from storage.webhook_log import DeliveryFilter

DAY = timedelta(days=1)
WEEK = {"since": NOW - 7 * DAY}
OLD = {"before": NOW - 60 * DAY}
RARE = {"service": "rare"}
SOLD: dict[str, dict[str, Any]] = {
    "all": {},
    "service": {"service": "service 7"},
    "rare service": RARE,
    "provider": {"provider": "provider 3"},
    "service and provider": {"service": "service 7", "provider": "provider 3"},
    "customer": {"customer": "customer 4242"},
    "reseller": {"customer": "reseller"},
    "metric": {"metric": Metric.VIEWS},
    "link": {"link": "https://www.instagram.com/user77/"},
    "order": {"order_id": "77"},
    "week": WEEK,
    "old": OLD,
    "nothing": {"service": "service 7", "provider": "none"},
}
LISTS: dict[str, tuple[Any, Any, dict[str, dict[str, Any]]]] = {
    "orders": (
        order_list,
        OrderFilter,
        SOLD
        | {
            "status": {"status": OrderStatus.PARTIAL},
            "open drop": {"drop_state": DropState.WAITING},
            "flag": {"flag": Flag.DISPUTE},
            "flag and service": {"flag": Flag.HOLD, "service": "service 7"},
        },
    ),
    "drops": (
        drop_list,
        DropFilter,
        SOLD
        | {
            "open": {"open_only": True},
            "open and service": {"open_only": True, "service": "service 7"},
            "held and reason": {"state": DropState.HELD, "reason": Reason.MASS_DROP},
        },
    ),
    "decisions": (decision_list, DecisionFilter, SOLD | {"reason": {"reason": Reason.MASS_DROP}}),
    "refills": (
        refill_list,
        RefillFilter,
        SOLD
        | {
            "held": {"state": RefillState.HELD},
            "held and service": {"state": RefillState.HELD, "service": "service 7"},
            "dead": {"state": RefillState.DEAD},
            "cancelled": {"state": RefillState.CANCELLED},
        },
    ),
    "reviews": (review_list, ReviewFilter, SOLD | {"open": {"state": ReviewState.OPEN}}),
    "events": (
        event_list,
        EventFilter,
        {"all": {}, "actor": {"actor": "cli"}, "order": {"order_id": "77"}, "week": WEEK, "service": RARE},
    ),
    "alerts": (alert_list, AlertFilter, {"all": {}, "failed": {"state": "failed"}, "service": RARE}),
    "webhook deliveries": (
        webhook_log,
        DeliveryFilter,
        {"all": {}, "endpoint": {"endpoint_id": 1}, "failed": {"endpoint_id": 1, "state": "failed"}},
    ),
}
SEARCHES = (
    "77",
    "user77",
    "@user123456",
    "https://instagram.com/user77/",
    "customer 42",
    "res",
    "ext-9",
    "no",
)
MOST, SHORT = 0.1, 0.02
"""Seconds: the longest read, and one so short that its overhead says nothing."""
STATEMENTS = 30
Work = Callable[[Transaction], object]


@dataclass(frozen=True, slots=True)
class Measured:
    """One read: seconds of the program and of its statements alone, and the number of statements."""

    p95: float
    cpu: float
    """Of these, at the same quantile, those of the processor; a busy machine adds the others."""
    bare: float
    statements: int

    def met(self, *, sqlite: bool) -> bool:
        """Within 100 ms, 30 statements, and five times the bare statements; below 20 ms that says nothing.

        SQLite works in this process, so its time is that of the processor.
        """
        took = self.cpu if sqlite else self.p95
        return took <= MOST and self.statements <= STATEMENTS and took <= max(5 * self.bare, SHORT)


def works() -> Iterator[tuple[str, Work]]:
    """Every read, by its name."""
    for noun, (module, wanted, filters) in LISTS.items():
        for name, values in filters.items():
            chosen = wanted(**values)
            yield f"{noun}: {name}", lambda tx, m=module, w=chosen: m.page(tx, w, PageRequest())
            yield f"{noun}: {name}, deep page", lambda tx, m=module, w=chosen: deep(tx, m, w)
            yield f"{noun}: {name}, count", lambda tx, m=module, w=chosen: m.counted(tx, w)
    for text in SEARCHES:
        yield f"search: {text}", lambda tx, t=text: search.search(tx, t)
    yield "services and providers", lambda tx: (known_values.services(tx), known_values.providers(tx))
    enabled = enabled_sources(Settings())
    for order_id in ("1", "77", "4321"):
        yield f"timeline of order {order_id}", lambda tx, o=order_id: load(tx, o, NOW, enabled)


def deep(tx: Transaction, module: Any, wanted: Any) -> object:
    """A page in the middle of a list."""
    cursor = Cursor(NOW - 45 * DAY, "500000" if module is order_list else 300_000)
    return module.page(tx, wanted, PageRequest(cursor=cursor))


@contextmanager
def overheard(tx: Transaction) -> Iterator[list[tuple[str, Any]]]:
    """The statements that are sent meanwhile."""
    heard: list[tuple[str, Any]] = []

    def hear(_c: object, _cursor: object, statement: str, parameters: Any, *_: object) -> None:
        heard.append((statement, parameters))

    event.listen(tx, "before_cursor_execute", hear)
    yield heard
    event.remove(tx, "before_cursor_execute", hear)


def measured(database: Database, work: Work, rounds: int) -> Measured:
    """Time a read, and then its statements by the driver alone."""
    with database.read() as tx:
        with overheard(tx) as heard:
            work(tx)
        cursor = tx.connection.cursor()  # type: ignore[union-attr]  # it is open
        whole, cpu, bare = [], [], []
        for _ in range(rounds):
            began, began_cpu = time.perf_counter(), time.thread_time()
            work(tx)
            whole.append(time.perf_counter() - began)
            cpu.append(time.thread_time() - began_cpu)
            began = time.thread_time() if database.sqlite else time.perf_counter()
            for statement, parameters in heard:
                cursor.execute(statement, parameters)
                cursor.fetchall()
            bare.append((time.thread_time() if database.sqlite else time.perf_counter()) - began)
    return Measured(quantiles(whole, n=20)[-1], quantiles(cpu, n=20)[-1], median(bare), len(heard))


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--directory", type=Path, help="Where the SQLite file is kept.")
    options.add_argument("--url", help="Of a PostgreSQL database instead.")
    options.add_argument("--orders", type=int, default=1_000_000)
    options.add_argument("--rounds", type=int, default=20)
    options.add_argument("--only", default="", help="Reads whose name contains this.")
    given = options.parse_args()
    database = Database(given.url or f"sqlite:///{given.directory / 'desk.db'}")
    migrate.upgrade(database)
    fill(database, given.orders)
    late = []
    for name, work in works():
        if given.only in name:
            found = measured(database, work, given.rounds)
            met = found.met(sqlite=database.sqlite)
            times = (("p95", found.p95), ("processor", found.cpu), ("bare", found.bare))
            shown = "  ".join(f"{what} {seconds * 1000:7.1f} ms" for what, seconds in times)
            print(
                f"{name:42} {shown}  {found.statements:2} statements{'' if met else '  NOT MET'}", flush=True
            )
            late += [] if met else [name]
    print(f"{len(late)} not met: {', '.join(late)}" if late else "all met")
    database.close()


if __name__ == "__main__":
    print(f"started {datetime.now(UTC):%H:%M:%S}Z")
    main()
