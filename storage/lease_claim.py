"""Claims: on PostgreSQL one statement, whatever the number of refills; on SQLite four, of no wait."""

from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from operator import itemgetter
from secrets import token_bytes
from typing import Any, NamedTuple

from sqlalchemy import Connection, Dialect, text

from monitor.model.refill import RefillState
from storage import refill_audit
from storage.bulk import compiled, execute_many, read
from storage.claim_selection import ClaimFilter, Selection, selections
from storage.column_types import AnySelect, microseconds
from storage.lease_rows import SELECTED, LeaseRow
from storage.schema import orders, refills, targets
from storage.transfers import MOVED

_TOKEN = 24
"""Characters of a lease token, which are random bytes in base 64."""
_STATE = RefillState.CLAIMED
_COLUMNS = ", ".join(
    f"{'refills' if column.table.name == 'refills' else 'ready'}.{column.name}" for column in SELECTED
)
_CHANGE = f"UPDATE refills SET state = '{_STATE}', leased_until = :until, consumer = :consumer"  # noqa: S608  # of constants
_TAKE = text(_CHANGE + ", attempt = attempt + 1, lease_token = :lease_token WHERE refill_id = :refill_id")
_TAKE_SELECTED = text(f"""
    ready AS (SELECT *, row_number() OVER () AS place FROM selected),
    claimed AS (
        {_CHANGE}, attempt = refills.attempt + 1, lease_token = (CAST(:tokens AS TEXT[]))[place]
        FROM ready WHERE refills.refill_id = ready.refill_id RETURNING {_COLUMNS}, place
    ),
    {refill_audit.clauses(_STATE, "claimed")}
    SELECT json_build_array({", ".join(column.name for column in SELECTED)}, place) FROM claimed
""")  # noqa: S608  # of names and constants


def claim(
    connection: Connection, now: datetime, wanted: ClaimFilter, limit: int, lease: timedelta, consumer: str
) -> list[LeaseRow]:
    """Claim up to `limit` refills, in the order of their selection; none if the work goes on elsewhere."""
    audit = refill_audit.audit_of(RefillState.QUEUED, _STATE, consumer or "claimed", now)
    given = _Given(limit, microseconds(now + lease), consumer, audit)
    take = _by_one_statement if connection.dialect.name == "postgresql" else _one_after_the_other
    for selection in selections(connection, now, wanted, limit):
        found = take(connection, selection, given)
        if found:
            return found
    return []


class _Given(NamedTuple):
    """What all refills of a claim get."""

    limit: int
    until: int
    consumer: str
    audit: Mapping[str, object]


def _by_one_statement(connection: Connection, selection: Selection, given: _Given) -> list[LeaseRow]:
    """Each row comes as JSON: to describe thirty columns would take the client longer than to read them."""
    statement = _statement(selection.query, connection.dialect)
    lease = {"until": given.until, "consumer": given.consumer, "tokens": _tokens(given.limit)}
    rows = connection.exec_driver_sql(statement, {**selection.values, **given.audit, **lease}).scalars()
    return [LeaseRow(*row[:-1]) for row in sorted(rows, key=itemgetter(-1))]


@lru_cache(64)
def _statement(query: AnySelect, dialect: Dialect) -> str:
    selected, taken = compiled(_with_all(query), dialect), compiled(_TAKE_SELECTED, dialect)
    return f"WITH selected AS MATERIALIZED ({selected.text}), {taken.text}"


def _one_after_the_other(connection: Connection, selection: Selection, given: _Given) -> list[LeaseRow]:
    """On SQLite, which has one writer."""
    found = read(connection, _with_all(selection.query), selection.values)
    rows = [
        row._replace(
            state=str(_STATE),
            attempt=row.attempt + 1,
            lease_token=token,
            leased_until=given.until,
            consumer=given.consumer,
        )
        for row, token in zip(map(_made, found), _tokens(len(found)), strict=True)
    ]
    lease = {"until": given.until, "consumer": given.consumer}
    ids = [row.refill_id for row in rows]
    taken = [{**lease, "refill_id": row.refill_id, "lease_token": row.lease_token} for row in rows]
    execute_many(connection, _TAKE, taken)
    refill_audit.record(connection, _STATE, ids, given.audit)
    return rows


@lru_cache(64)
def _with_all(query: AnySelect) -> AnySelect:
    return (
        query.with_only_columns(*SELECTED)
        .join(orders, orders.c.order_id == refills.c.order_id)
        .join(targets, targets.c.target_id == orders.c.target_id)
        .where(text(f"NOT {MOVED}"))
    )


def _made(row: Sequence[Any]) -> LeaseRow:
    return LeaseRow(*row)


def _tokens(number: int) -> list[str]:
    random = urlsafe_b64encode(token_bytes(number * _TOKEN * 3 // 4)).decode()
    return [random[at : at + _TOKEN] for at in range(0, len(random), _TOKEN)]
