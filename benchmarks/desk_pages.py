"""Measures the operator's pages: `python benchmarks/desk_pages.py --directory DIR`.

The shop is that of `benchmarks/desk.py`, on SQLite in DIR or, with `--url`, on PostgreSQL. Each page is asked
for as a signed-in operator does, without the network, and timed with the statements that it sends.
"""

import argparse
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from statistics import median, quantiles

from desk_shop import NOW, fill
from flask.testing import FlaskClient
from sqlalchemy import Engine, event

from monitor.model.role import Role
from refilld.services.look_obstacle import enabled_sources
from refilld.settings.settings import Settings
from refilld.web.app import create_pages
from refilld.web.page import Desk
from refilld.web.registry import PAGES
from storage import migrate, user_sessions, users
from storage.engine import Database
from storage.user_sessions import SessionLife

NAME = "benchmark"
SIGN_IN = "/sign-in"
ORDER = "77"
MORE = (
    "/orders?service=rare",
    "/drops?state=held",
    "/queue?state=held",
    "/search?q=user77",
    "/audit?actor=cli",
)
MOST, STATEMENTS = 0.1, 30
"""Seconds and statements of a page."""


@dataclass(frozen=True, slots=True)
class MeasuredPage:
    """One page: its seconds, those of the processor, those within statements, their number, and its bytes."""

    p95: float
    cpu: float
    statements_time: float
    statements: int
    size: int

    def met(self, *, sqlite: bool) -> bool:
        """Within 100 ms and 30 statements; SQLite works in this process, so its time is the processor's."""
        return (self.cpu if sqlite else self.p95) <= MOST and self.statements <= STATEMENTS


def paths() -> Iterator[str]:
    """The paths of all pages whose objects the shop has, and of some filtered lists."""
    for page in PAGES:
        if "<" not in page.path and page.path != SIGN_IN:
            yield page.path
        elif "<order:order_id>" in page.path:
            yield page.path.replace("<order:order_id>", ORDER)
    known = {page.path for page in PAGES}
    yield from (path for path in MORE if path.partition("?")[0] in known)


@contextmanager
def timed_statements() -> Iterator[list[float]]:
    """The seconds of each statement that is sent meanwhile."""
    taken: list[float] = []
    began: list[float] = []

    def before(*_: object) -> None:
        began.append(time.perf_counter())

    def after(*_: object) -> None:
        taken.append(time.perf_counter() - began.pop())

    event.listen(Engine, "before_cursor_execute", before)
    event.listen(Engine, "after_cursor_execute", after)
    yield taken
    event.remove(Engine, "before_cursor_execute", before)
    event.remove(Engine, "after_cursor_execute", after)


def measured(client: FlaskClient, path: str, rounds: int) -> MeasuredPage:
    """Ask for a page several times; raises RuntimeError if it is not shown."""
    answer = client.get(path)
    if answer.status_code != HTTPStatus.OK:
        raise RuntimeError(f"{path}: {answer.status}")
    whole, cpu, within, number = [], [], [], 0
    for _ in range(rounds):
        with timed_statements() as statements:
            began, began_cpu = time.perf_counter(), time.thread_time()
            client.get(path)
            cpu.append(time.thread_time() - began_cpu)
            whole.append(time.perf_counter() - began)
        within.append(sum(statements))
        number = max(number, len(statements))
    return MeasuredPage(
        quantiles(whole, n=20)[-1], quantiles(cpu, n=20)[-1], median(within), number, len(answer.data)
    )


def signed_in(database: Database) -> FlaskClient:
    """A browser of an administrator."""
    desk = Desk(Settings(), {}, database, lambda: NOW, enabled=enabled_sources(Settings()))
    with database.write() as tx:
        found = users.named(tx, NAME)
        user_id = found.user_id if found else users.add(tx, NAME, Role.ADMIN, "no password", NOW)
        life = SessionLife(timedelta(hours=12), timedelta(days=14))
        session = user_sessions.begin(tx, user_id, "127.0.0.1", NAME, life, NOW)
    client = create_pages(desk).test_client()
    client.set_cookie("refilld", session)
    return client


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--directory", type=Path, help="Where the SQLite file is kept.")
    options.add_argument("--url", help="Of a PostgreSQL database instead.")
    options.add_argument("--orders", type=int, default=1_000_000)
    options.add_argument("--rounds", type=int, default=20)
    given = options.parse_args()
    database = Database(given.url or f"sqlite:///{given.directory / 'desk.db'}")
    migrate.upgrade(database)
    fill(database, given.orders)
    client, late = signed_in(database), []
    for path in paths():
        found = measured(client, path, given.rounds)
        met = found.met(sqlite=database.sqlite)
        times = (("p95", found.p95), ("processor", found.cpu), ("in statements", found.statements_time))
        shown = "  ".join(f"{what} {seconds * 1000:7.1f} ms" for what, seconds in times)
        more = f"{found.statements:2} statements  {found.size / 1024:5.1f} kB"
        print(f"{path:32} {shown}  {more}{'' if met else '  NOT MET'}", flush=True)
        late += [] if met else [path]
    print(f"{len(late)} not met: {', '.join(late)}" if late else "all met")
    database.close()


if __name__ == "__main__":
    print(f"started {datetime.now(UTC):%H:%M:%S}Z")
    main()
