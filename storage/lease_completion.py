"""Completions: on PostgreSQL one statement, whatever the number of refills; on SQLite three, of no wait.

For a single refill each engine has a shorter one, whose plan it keeps.
"""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, TextClause, text

from monitor.model.refill import RefillState
from storage import refill_audit
from storage.bulk import read
from storage.lease_calls import Complete
from storage.transfers import MOVED

_STATE, _ACTION = RefillState.COMPLETED, "complete"
_CHANGE = f"""
    UPDATE refills {{hint}} SET state = '{_STATE}', completed_at = :at, external_id = {{given}}external_id,
        delivered = {{given}}delivered, last_error = NULL, lease_token = NULL, leased_until = NULL,
        done_token = {{given}}token, done_action = '{_ACTION}', done_state = '{_STATE}'
    {{rows}}
    WHERE refills.refill_id = {{given}}id AND refills.state = 'claimed'
        AND refills.lease_token = {{given}}token AND NOT {MOVED}
    RETURNING refills.refill_id, refills.metric, refills.quantity, refills.delivered
"""  # noqa: S608  # of constants only
_FIELDS = ("id", "token", "external_id", "delivered")
_CALLS = f"""FROM (
    SELECT {", ".join(f"json_extract(value, '$.{name}') AS {name}" for name in _FIELDS)}
    FROM json_each(:calls)
) AS given"""  # noqa: S608  # of names
_MANY = """SELECT * FROM json_to_recordset(CAST(:calls AS JSON))
            AS given (id BIGINT, token TEXT, external_id TEXT, delivered BIGINT)"""
_ONE = """SELECT CAST(:id AS BIGINT) AS id, CAST(:token AS TEXT) AS token,
            CAST(:external_id AS TEXT) AS external_id, CAST(:delivered AS BIGINT) AS delivered"""
"""PostgreSQL keeps the plan of this one, and plans the other anew each time."""
_LOCKED = "FROM given JOIN locked ON locked.refill_id = given.id"


def _on_postgresql(given: str, locked: str) -> TextClause:
    return text(f"""
        WITH given AS ({given}),
        locked AS MATERIALIZED (
            SELECT refill_id, refills.order_id, link, service, provider
            FROM refills JOIN orders ON orders.order_id = refills.order_id
                JOIN targets ON targets.target_id = orders.target_id
            WHERE {locked} ORDER BY refill_id FOR UPDATE OF refills
        ),
        done AS (
            {_CHANGE.format(hint="", given="given.", rows=_LOCKED)},
                refills.order_id, link, service, provider
        ),
        {refill_audit.clauses(_STATE, "done")}
        SELECT refill_id, metric, quantity, delivered FROM done
    """)  # noqa: S608  # of names and constants


def _on_sqlite(given: str, rows: str) -> TextClause:
    return text(_CHANGE.format(hint="NOT INDEXED", given=given, rows=rows))  # by the key


_STATEMENTS = {
    ("sqlite", True): _on_sqlite(":", ""),
    ("sqlite", False): _on_sqlite("given.", _CALLS),
    ("postgresql", True): _on_postgresql(_ONE, "refill_id = CAST(:id AS BIGINT)"),
    ("postgresql", False): _on_postgresql(_MANY, "refill_id = ANY (:ids)"),
}
"""By engine, and whether the statement is for a single refill."""


class Completed(NamedTuple):
    """A refill that a statement has completed."""

    refill_id: int
    metric: str
    quantity: int
    delivered: int | None


def complete(
    connection: Connection, calls: Iterable[Complete], locked: Sequence[int], now: datetime
) -> list[Completed]:
    """Complete the refills whose leases the calls own, each refill at most once; the others do not change.

    On PostgreSQL all the refills of `locked` are locked in the order of their ids, so that two transactions
    which do so never wait for each other. Nothing is completed if the work goes on in another database.
    """
    named = [
        {
            "id": call.refill_id,
            "token": call.token,
            "external_id": call.external_id,
            "delivered": call.delivered,
        }
        for call in calls
    ]
    audit = refill_audit.audit_of(RefillState.CLAIMED, _STATE, _ACTION, now)
    engine, one = connection.dialect.name, len(locked) == 1
    given = named[0] if one else {"calls": json.dumps(named), "ids": list(locked)}
    done = [Completed(*row) for row in read(connection, _STATEMENTS[engine, one], {**audit, **given})]
    if done and engine == "sqlite":
        refill_audit.record(connection, _STATE, [row.refill_id for row in done], audit)
    return done
