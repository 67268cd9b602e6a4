"""A large shop, written by SQL alone: `fill`, for `benchmarks/desk.py`.

Every table is one INSERT of a series of numbers. Values follow from the number, so that each run is the same.
"""

import time
from datetime import UTC, datetime

from monitor.model.terms import Terms
from storage.column_types import microseconds
from storage.engine import Database, Transaction
from storage.schema import metadata
from storage.terms import dump_terms

NOW = datetime(2026, 11, 1, 8, tzinfo=UTC)
MINUTE = 60_000_000
BATCH = 200_000
MILLION = 1_000_000
SMALL = 1000
"""Tables of fewer rows have as many in every shop."""

COLUMNS = {
    "targets": (
        800_000,
        "target_id, link, kind, key, metric, source, request_key, next_due_at, last_look_at, last_count",
        (
            "n, 'https://www.instagram.com/user' || n || '/', 'profile', 'user' || n, "
            "CASE WHEN n % 50 = 0 THEN 'views' WHEN n % 10 < 2 THEN 'likes' ELSE 'followers' END, "
            "'simulated', 'user' || n, {now} + n, {now} - n % 360 * {minute}, 1000 + n % 5000"
        ),
    ),
    "orders": (
        1_000_000,
        (
            "order_id, target_id, service, link_typed, quantity, remains, status, completed_at, listed_at, "
            "start_count, terms, provider, customer, price, currency, imported_at, updated_at"
        ),
        (
            "CAST(n AS TEXT), n * 7919 % {targets} + 1, "
            "CASE WHEN n % 25000 = 0 THEN 'rare' ELSE 'service ' || (n * 31 % 61) END, '', 1000, 0, "
            "CASE WHEN n % 50 = 1 THEN 'Pending' WHEN n % 50 < 4 THEN 'Partial' ELSE 'Completed' END, "
            "CASE WHEN n % 50 = 1 THEN NULL ELSE {now} - ({orders} - n) * {minute} / 4 END, "
            "CASE WHEN n % 50 = 1 THEN 0 ELSE {now} - ({orders} - n) * {minute} / 4 END, "
            "500, '{terms}', CASE WHEN n % 9 = 0 THEN NULL ELSE 'provider ' || (n * 17 % 11) END, "
            "CASE WHEN n % 3 = 0 THEN 'reseller' ELSE 'customer ' || (n * 13 % 50000) END, '2.50', 'USD', "
            "{now} - ({orders} - n) * {minute} / 4, {now}"
        ),
    ),
    "order_flags": (
        6_000,
        "order_id, flag, set_at",
        "CAST(n * 150 AS TEXT), CASE WHEN n % 3 = 0 THEN 'dispute' ELSE 'hold' END, {now}",
    ),
    "drops": (
        1_000_000,
        (
            'drop_id, order_id, state, opened_at, looks, confirmed_at, closed_at, claim, "count", line, '
            "decision, reason"
        ),
        (
            "n, CAST(n AS TEXT), CASE WHEN n % 50 = 0 THEN 'waiting' WHEN n % 50 = 1 THEN 'refused' "
            "WHEN n % 20 = 3 THEN 'held' WHEN n % 5 = 0 THEN 'recovered' ELSE 'refilled' END, "
            "{now} - ({orders} - n) * {minute} / 8, 2, {now}, {now}, 100 + n % 400, 1000, 1400, 'refill', "
            "CASE WHEN n % 40 = 3 THEN 'mass_drop' ELSE 'drop_confirmed' END"
        ),
    ),
    "decisions": (
        1_000_000,
        'decision_id, drop_id, order_id, at, decision, reason, quantity, "count", line, claim',
        (
            "n, n, CAST(n AS TEXT), {now} - ({orders} - n) * {minute} / 8, 'refill', "
            "CASE WHEN n % 40 = 3 THEN 'mass_drop' ELSE 'drop_confirmed' END, 100, 1000, 1400, 100"
        ),
    ),
    "refills": (
        700_000,
        (
            "refill_id, order_id, number, drop_id, metric, quantity, reason, state, attempt, created_at, "
            "queued_at, available_at, lease_token, leased_until, completed_at, external_id"
        ),
        (
            "n, CAST(n AS TEXT), 1, n, CASE WHEN n % 10 < 2 THEN 'likes' ELSE 'followers' END, "
            "100 + n % 400, CASE WHEN n % 20 = 3 THEN 'mass_drop' ELSE 'drop_confirmed' END, {state}, 1, "
            "{now} - ({orders} - n) * {minute} / 8, {now}, {now} - n, "
            "CASE WHEN {state} = 'claimed' THEN 't' ELSE NULL END, "
            "CASE WHEN {state} = 'claimed' THEN {now} ELSE NULL END, "
            "CASE WHEN {state} = 'completed' THEN {now} ELSE NULL END, 'ext-' || n"
        ),
    ),
    "reviews": (
        40_000,
        "review_id, order_id, cause, units, share, currency, opened_at, closed_at, note",
        (
            "n, CAST(n * 20 AS TEXT), 'short_delivery', 100, '0.25', 'USD', "
            "{now} - (40000 - n) * {minute}, CASE WHEN n % 12 = 0 THEN NULL ELSE {now} END, ''"
        ),
    ),
    "events": (
        3_000_000,
        (
            "event_id, at, kind, version, severity, status, dedup_key, order_id, service, provider, payload, "
            "actor, alert, dispatched, routed_at"
        ),
        (
            "n, {now} - ({events} - n) * {minute} / 20, "
            "CASE WHEN n % 10 = 0 THEN 'drop.held' ELSE 'order.updated' END, 0, 'info', 'occurred', "
            "'k' || n, CAST(n % {orders} AS TEXT), "
            "CASE WHEN n % 500000 = 0 THEN 'rare' ELSE 'service ' || (n % 61) END, 'provider 1', '{{}}', "
            "CASE WHEN n % 1000 = 0 THEN 'cli root' ELSE 'job sampling' END, "
            "CASE WHEN n % 10000 = 0 THEN 'failed' WHEN n % 10 = 0 THEN 'sent' ELSE 'none' END, {true}, {now}"
        ),
    ),
    "webhook_endpoints": (
        4,
        "endpoint_id, url, kinds, services, providers, metrics, description, created_at",
        "n, 'https://hooks.test/', '[]', '[]', '[]', '[]', '', {now}",
    ),
    "webhook_deliveries": (
        500_000,
        "delivery_id, endpoint_id, event_id, state, attempts, created_at, finished_at",
        "n, n % 4 + 1, n, CASE WHEN n % 20000 = 4 THEN 'failed' ELSE 'delivered' END, 1, {now}, {now}",
    ),
    "snapshots": (
        10_000_000,
        'target_id, at, outcome, "count", source, count_kind, detail',
        (
            "CASE WHEN n <= 50000 THEN 7920 % {targets} ELSE n / 13 + 1 END, {now} - n * {minute} / 10, "
            "'count', 1000 + n % 700, 'simulated', 'follower_count', ''"
        ),
    ),
}
"""The number of rows in a shop of a million orders, their columns, and their values."""
STATE = (
    "CASE WHEN n % 20 = 3 THEN 'held' WHEN n > {refills} - 5000 THEN 'queued' "
    "WHEN n % 3500 = 0 THEN 'claimed' WHEN n % 350 = 1 THEN 'dead' WHEN n % 2000 = 7 THEN 'cancelled' "
    "ELSE 'completed' END"
)


def fill(database: Database, orders: int) -> None:
    """Write the shop, unless there is one."""
    with database.read() as tx:
        if tx.exec_driver_sql("SELECT 1 FROM orders LIMIT 1").first() is not None:
            return
    rows = {
        table: number * orders // MILLION if number > SMALL else number
        for table, (number, *_) in COLUMNS.items()
    }
    for table, number in rows.items():
        began = time.perf_counter()
        for first in range(1, number + 1, BATCH):
            with database.write() as tx:
                _insert(tx, table, first, min(first + BATCH - 1, number), rows)
        print(f"{table}: {number:,} rows in {time.perf_counter() - began:.0f} s", flush=True)
    with database.write() as tx:
        _continue_sequences(tx)
    database.checkpoint()


def _insert(tx: Transaction, table: str, first: int, last: int, rows: dict[str, int]) -> None:
    _, columns, values = COLUMNS[table]
    server = tx.dialect.name == "postgresql"
    facts = {name: str(number) for name, number in rows.items()}
    facts |= {"now": str(microseconds(NOW)), "minute": str(MINUTE), "true": "TRUE" if server else "1"}
    terms = dump_terms(Terms()).replace("'", "''")
    text = values.format(**facts, terms=terms, state=STATE.format(**facts))
    series = f"generate_series(CAST({first} AS bigint), {last}) AS series(n)"
    if not server:
        numbers = f"SELECT {first} AS n UNION ALL SELECT n + 1 FROM series WHERE n < {last}"
        series = f"(WITH RECURSIVE series(n) AS ({numbers}) SELECT n FROM series)"
    statement = f"INSERT INTO {table} ({columns}) SELECT {text} FROM {series}"
    tx.exec_driver_sql(statement.replace("%", "%%") if server else statement)


def _continue_sequences(tx: Transaction) -> None:
    """Give the next rows ids behind these, and let the database look at its tables."""
    if tx.dialect.name == "postgresql":
        for table in COLUMNS:
            key = next(iter(metadata.tables[table].primary_key))
            if metadata.tables[table].autoincrement_column is not None:
                tx.exec_driver_sql(
                    f"SELECT setval(pg_get_serial_sequence('{table}', '{key.name}'), max({key.name})) "
                    f"FROM {table}"
                )
        tx.exec_driver_sql("ANALYZE")
