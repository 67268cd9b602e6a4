"""Measures what partitions by month cost: `python -m benchmarks.partitions --url URL`.

Prints how long frequent statements take on a table with partitions and on one without that has the same rows,
and the ratio. `--url` is an empty database on PostgreSQL; with PgBouncer between, no statement is prepared.
"""

import argparse
import statistics
import time
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection

from storage import migrate, partitions
from storage.column_types import microseconds
from storage.engine import Database

PER_DAY = 4
ROUNDS = 200
PLAIN = {"snapshots": "snapshots_plain", "events": "events_plain"}
FILL = """
INSERT INTO {snapshots} (target_id, at, outcome, count, source, count_kind, detail)
SELECT target_id, {start} + step * {interval}, 'count', 1000, 'graph', 'follower_count', ''
FROM generate_series(1, {steps}) step, targets;
INSERT INTO {events} (at, kind, version, severity, status, dedup_key, payload, actor, alert, dispatched)
SELECT
    {start} + step * {interval}, 'refill.completed', 1, 'info', 'occurred', 'k', '{{}}', 'job', 'none', true
FROM generate_series(1, {steps}) step, generate_series(1, 20);
ANALYZE {snapshots}; ANALYZE {events}
"""
STATEMENTS = {
    "save 100 looks": (
        "INSERT INTO {snapshots} (target_id, at, outcome, count, source, count_kind, detail) "
        "SELECT target_id, %(now)s::bigint + %(round)s, 'count', 1, 'graph', '', '' FROM targets "
        "WHERE target_id > %(target)s ORDER BY 1 LIMIT 100"
    ),
    "the newest 20 looks of a target": (
        "SELECT * FROM {snapshots} WHERE target_id = %(target)s ORDER BY at DESC LIMIT 20"
    ),
    "looks of a target in a month": (
        "SELECT count(*) FROM {snapshots} WHERE target_id = %(target)s AND at >= %(now)s - 2592000000000"
    ),
    "an event by its id": "SELECT * FROM {events} WHERE event_id = %(target)s::bigint * 50",
    "the newest 50 events": "SELECT * FROM {events} ORDER BY at DESC, event_id DESC LIMIT 50",
}


def build(connection: Connection, months: int, targets: int) -> dict[str, int]:
    """Fill both tables with the looks and events of so many months; returns the values of the statements."""
    begin = datetime.now(UTC)
    now = begin + timedelta(days=30 * months)
    for table, plain in PLAIN.items():
        for day in range(30 * months + 1):
            partitions.create_next(connection, table, begin + timedelta(days=day))
        connection.exec_driver_sql(f"CREATE TABLE {plain} (LIKE {table} INCLUDING ALL)")
    connection.exec_driver_sql(
        "INSERT INTO targets (link, kind, key, metric) SELECT 'l' || i, 'profile', 'k' || i, 'followers' "
        f"FROM generate_series(1, {targets}) i"
    )
    foreign_key = "FOREIGN KEY (target_id) REFERENCES targets (target_id)"
    connection.exec_driver_sql(f"ALTER TABLE snapshots_plain ADD {foreign_key}")
    step = timedelta(days=1) / PER_DAY
    values = {
        "start": microseconds(begin),
        "interval": step // timedelta.resolution,
        "steps": (now - begin) // step,
    }
    for names in (PLAIN, {table: table for table in PLAIN}):
        for statement in FILL.format(**names, **values).split(";"):
            connection.exec_driver_sql(statement)
    return {"now": microseconds(now), "targets": targets}


def compare(connection: Connection, name: str, values: dict[str, int]) -> str:
    """A line of the result: the seconds of one statement on both tables, in turns."""
    taken: tuple[list[float], list[float]] = ([], [])
    for number in range(1, ROUNDS + 1):
        row = {"now": values["now"], "round": number, "target": number % max(1, values["targets"] - 100)}
        for names, seconds in zip((PLAIN, {table: table for table in PLAIN}), taken, strict=True):
            statement = STATEMENTS[name].format(**names)
            used = {key: value for key, value in row.items() if f"%({key})s" in statement}
            began = time.perf_counter()
            connection.exec_driver_sql(statement, used)
            seconds.append(time.perf_counter() - began)
    plain, parted = (statistics.quantiles(seconds, n=10)[0] for seconds in taken)  # whatever else runs
    return f"{name:34} {plain * 1000:7.2f} ms {parted * 1000:7.2f} ms {parted / plain:6.2f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", required=True)
    parser.add_argument("--months", type=int, default=24)
    parser.add_argument("--targets", type=int, default=500)
    arguments = parser.parse_args()
    database = Database(arguments.url)
    migrate.upgrade(database)
    with database.write() as connection:
        connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
        values = build(connection, arguments.months, arguments.targets)
        rows = connection.exec_driver_sql("SELECT count(*) FROM snapshots").scalar_one()
        count = len(partitions.listed(connection, "snapshots"))
        print(f"{rows:,} snapshots in {count} partitions; the fastest tenth of {ROUNDS}, in one transaction")
        print(f"{'':34} {'plain':>10} {'months':>10} {'ratio':>6}")
        for name in STATEMENTS:
            print(compare(connection, name, values), flush=True)
    database.close()


if __name__ == "__main__":
    main()
