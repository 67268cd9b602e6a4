"""Refills as leases read and change them: as they are stored, with few statements of the driver's own.

Claiming and giving back are the hottest queries: SQLAlchemy's handling of them takes longer than the database
does. Times are integers here, in microseconds as in the database.
"""

import json
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, Column, Connection, bindparam, select, text

from storage.bulk import read
from storage.claim_columns import ASKED_FOR
from storage.column_types import AnySelect, EnumText, Instant, instant, microseconds
from storage.schema import orders, refills, targets
from storage.transfers import IS_MOVED


class LeaseRow(NamedTuple):
    """A refill that this transaction has locked; `storage.refills.RefillRow` explains the fields."""

    refill_id: int
    order_id: str
    number: int
    drop_id: int
    metric: str
    quantity: int
    reason: str
    state: str
    attempt: int
    created_at: int
    queued_at: int | None
    available_at: int
    lease_token: str | None
    leased_until: int | None
    consumer: str | None
    completed_at: int | None
    delivered: int | None
    external_id: str | None
    last_error: str | None
    done_token: str | None
    done_action: str | None
    done_state: str | None
    release_at: int | None
    claim_rank: int
    link: str
    username_now: str | None
    service: str
    provider: str | None
    moved: bool = False
    """Whether the work goes on in another database."""

    def __repr__(self) -> str:
        """Without the tokens, so that no log and no traceback has them."""
        return f"LeaseRow(refill_id={self.refill_id}, state={self.state!r}, attempt={self.attempt})"

    def typed(self) -> list[Any]:
        """The values of a `RefillRow`, in the order of its fields."""
        return [value if made is None else made(value) for made, value in zip(_READERS, self, strict=False)]


_r = refills.c
_COLUMNS = {column.name: column for table in (orders, targets, refills) for column in table.c}
SELECTED = [_COLUMNS[name] for name in LeaseRow._fields[:-1]]
"""The columns of a LeaseRow, without the last."""
_JOINED = (
    select(*SELECTED, IS_MOVED)
    .join_from(refills, orders, orders.c.order_id == _r.order_id)
    .join(targets, targets.c.target_id == orders.c.target_id)
)
_ENDED = (
    _JOINED.where(text("refills.state = 'claimed'"), _r.leased_until <= bindparam("now", type_=BigInteger()))
    .order_by(_r.leased_until)
    .limit(bindparam("limit"))
    .with_for_update(skip_locked=True, of=refills)
)
_BY_ID = {
    "sqlite": _JOINED.where(text("refills.refill_id IN (SELECT value FROM json_each(:ids))")),
    "postgresql": _JOINED.where(text("refills.refill_id = ANY (:ids)"))
    .order_by(_r.refill_id)
    .with_for_update(of=refills),
}


def ended(connection: Connection, now: datetime, limit: int) -> list[LeaseRow]:
    """Lock refills whose lease has ended; those that another transaction locks are skipped."""
    return _rows(connection, _ENDED, {"now": microseconds(now), "limit": limit})


def locked(connection: Connection, refill_ids: Iterable[int]) -> dict[int, LeaseRow]:
    """Lock these refills, as far as they exist."""
    name, ids = connection.dialect.name, list(refill_ids)
    rows = _rows(connection, _BY_ID[name], {"ids": json.dumps(ids) if name == "sqlite" else ids})
    return {row.refill_id: row for row in rows}


def _rows(connection: Connection, query: AnySelect, values: dict[str, object]) -> list[LeaseRow]:
    return [LeaseRow._make(row) for row in read(connection, query, values)]


def _reader(column: Column[Any]) -> Callable[[Any], Any] | None:
    """What makes the program's value of a stored one; None if they are the same."""
    if isinstance(column.type, Instant):
        return instant
    if column is _r.claim_rank:
        return ASKED_FOR.__eq__
    if isinstance(column.type, EnumText):
        return {str(word): word for word in column.type.words}.get
    return None


_READERS = [_reader(column) for column in SELECTED]
