"""The refill queue by the driver alone, for `benchmarks/queue.py`: the work of claim and complete.

On the tables of refilld, with their constraints: a lease token for each refill, one row of history for each
change, and what a consumer needs in answer to a claim. With `told` also the event that refilld stores for
webhooks and the audit trail.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from secrets import token_urlsafe
from typing import Any

import psycopg
from sqlalchemy import make_url

US = 1_000_000
NEEDED = """
    SELECT r.refill_id, r.order_id, r.metric, r.quantity, r.reason, r.attempt, r.queued_at, r.available_at,
        t.link, o.service, o.provider
    FROM refills r JOIN orders o ON o.order_id = r.order_id JOIN targets t ON t.target_id = o.target_id
"""
SUBJECT = f"{NEEDED} WHERE r.refill_id = ?"
READY = f"""{NEEDED}
    WHERE r.state = 'queued' AND NOT r.hidden AND r.claim_rank IN (0, 1) AND r.available_at <= {{now}}
    ORDER BY r.claim_rank, r.available_at, r.refill_id LIMIT {{limit}}
"""
CLAIM = """
    UPDATE refills SET state = 'claimed', attempt = attempt + 1, lease_token = ?, leased_until = ?,
        consumer = ?
    WHERE refill_id = ? AND state = 'queued'
"""
COMPLETE = """
    UPDATE refills SET state = 'completed', completed_at = ?, lease_token = NULL, leased_until = NULL
    WHERE refill_id = ? AND state = 'claimed' AND lease_token = ?
"""
EVENTS = """
    INSERT INTO events (at, kind, version, severity, status, dedup_key, order_id, refill_id, link, metric,
        service, provider, payload, actor, alert)
"""
EVENT = "'refill.moved', 1, 'info', 'occurred', 'refill.moved/1764000000000000'"
PAYLOAD = '{"before": "queued", "after": "claimed", "quantity": 100, "why": "raw"}'
TELL = f"{EVENTS} VALUES (?, {EVENT}, ?, ?, ?, ?, ?, ?, '{PAYLOAD}', '', 'none')"
HISTORY = "INSERT INTO refill_events (refill_id, at, state, detail) VALUES (?, ?, ?, ?)"
PG_CLAIM = f"""
    WITH ready AS MATERIALIZED ({READY.format(now="%(now)s", limit="{limit}")} FOR UPDATE OF r SKIP LOCKED),
    numbered AS (SELECT *, row_number() OVER () AS n FROM ready),
    claimed AS (
        UPDATE refills SET state = 'claimed', attempt = refills.attempt + 1,
            lease_token = (%(tokens)s::text[])[n], leased_until = %(until)s, consumer = 'raw'
        FROM numbered WHERE refills.refill_id = numbered.refill_id
        RETURNING refills.refill_id, refills.lease_token, refills.order_id, refills.metric, refills.quantity,
            refills.reason, refills.attempt, refills.queued_at, link, service, provider
    ),
    history AS (INSERT INTO refill_events (refill_id, at, state, detail)
        SELECT refill_id, %(now)s, 'claimed', 'raw' FROM claimed){{told}}
    SELECT * FROM claimed
"""
PG_TELL = f""", told AS ({EVENTS}
    SELECT %(now)s, {EVENT}, order_id, refill_id, link, metric, service, provider, '{PAYLOAD}', '', 'none'
    FROM {{rows}})
"""
PG_DONE = "done JOIN orders USING (order_id) JOIN targets USING (target_id)"
PG_COMPLETE = """
    WITH given AS (SELECT unnest(%(ids)s::bigint[]) AS id, unnest(%(tokens)s::text[]) AS token),
    done AS (
        UPDATE refills SET state = 'completed', completed_at = %(now)s, lease_token = NULL,
            leased_until = NULL
        FROM given WHERE refill_id = id AND state = 'claimed' AND lease_token = token
        RETURNING refill_id, order_id
    ),
    history AS (INSERT INTO refill_events (refill_id, at, state, detail)
        SELECT refill_id, %(now)s, 'completed', 'complete' FROM done){told}
    SELECT refill_id FROM done
"""


class RawSQLite:
    """One connection of the driver."""

    def __init__(self, url: str, *, told: bool = False) -> None:
        self._told = told
        self._connection = sqlite3.connect(
            make_url(url).database or "", isolation_level=None, timeout=60, check_same_thread=False
        )
        for pragma in (
            "journal_mode = WAL",
            "synchronous = FULL",
            "foreign_keys = ON",
            "cache_size = -32768",
        ):
            self._connection.execute(f"PRAGMA {pragma}").close()

    @contextmanager
    def _write(self) -> Iterator[sqlite3.Connection]:
        self._connection.execute("BEGIN IMMEDIATE")
        yield self._connection
        self._connection.execute("COMMIT")

    def claim(self, now: int, limit: int) -> list[tuple[int, str]]:
        with self._write() as tx:
            rows = tx.execute(READY.format(now="?", limit="?"), (now, limit)).fetchall()
            found = [(row[0], token_urlsafe(18), row) for row in rows]
            tx.executemany(CLAIM, [(token, now + 3600 * US, "raw", i) for i, token, _ in found])
            tx.executemany(HISTORY, [(i, now, "claimed", "raw") for i, *_ in found])
            self._tell(tx, now, [row for _, _, row in found])
        return [(i, token) for i, token, _ in found]

    def complete(self, now: int, done: list[tuple[int, str]]) -> None:
        with self._write() as tx:
            changed = tx.executemany(COMPLETE, [(now, i, token) for i, token in done]).rowcount
            tx.executemany(HISTORY, [(i, now, "completed", "complete") for i, _ in done])
            if self._told:
                self._tell(tx, now, [tx.execute(SUBJECT, (i,)).fetchone() for i, _ in done])
        assert changed == len(done)

    def _tell(self, tx: sqlite3.Connection, now: int, rows: list[tuple[Any, ...]]) -> None:
        if self._told:
            tx.executemany(TELL, [(now, row[1], row[0], row[8], row[2], row[9], row[10]) for row in rows])

    def close(self) -> None:
        self._connection.close()


class RawPostgreSQL:
    """One connection of the driver: one statement, which is one transaction, for each action."""

    def __init__(self, url: str, *, told: bool = False) -> None:
        self._claim = PG_CLAIM.replace("{told}", PG_TELL.replace("{rows}", "claimed") if told else "")
        self._complete = PG_COMPLETE.replace("{told}", PG_TELL.replace("{rows}", PG_DONE) if told else "")
        plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        self._connection: psycopg.Connection[Any] = psycopg.connect(plain, autocommit=True)

    def claim(self, now: int, limit: int) -> list[tuple[int, str]]:
        tokens = [token_urlsafe(18) for _ in range(limit)]
        given = {"now": now, "until": now + 3600 * US, "tokens": tokens}
        claim = self._claim.replace("{limit}", str(limit))  # planned anew each time if it is a parameter
        return [row[:2] for row in self._connection.execute(claim, given)]

    def complete(self, now: int, done: list[tuple[int, str]]) -> None:
        given = {"now": now, "ids": [i for i, _ in done], "tokens": [token for _, token in done]}
        assert len(self._connection.execute(self._complete, given).fetchall()) == len(done)

    def close(self) -> None:
        self._connection.close()
