"""Checks that the audit trail tells every move of every refill: by whom, from which state, to which, why."""

from collections.abc import Iterator
from itertools import groupby
from typing import Any

from sqlalchemy import select

from monitor.events.changes import REFILL_KINDS
from monitor.events.kind import EventKind
from storage import events
from storage.alert_tables import events as event_table
from storage.engine import Database, Transaction
from storage.schema import refill_events, refills

_h, _e = refill_events.c, event_table.c
_KINDS = [*REFILL_KINDS.values(), EventKind.REFILL_DEAD]


def moves_of(database: Database) -> list[tuple[str, str, str]]:
    """Each move in the audit trail, oldest first: actor, state before (empty for a new refill), state after.

    Fails if a refill moved otherwise than the trail tells, or if the trail leaves out who or why.
    """
    with database.read() as tx:
        told = list(_told(tx))
        for refill_id, rows in groupby(sorted(told, key=lambda one: one[0]), key=lambda one: one[0]):
            states = [after for _, _, _, after in rows]
            query = select(_h.state).where(_h.refill_id == refill_id).order_by(_h.event_id)
            assert [str(one) for one in tx.execute(query).scalars()] == states, refill_id
            now = tx.execute(select(refills.c.state).where(refills.c.refill_id == refill_id)).scalar_one()
            assert states[-1] == str(now), refill_id
        moved = set(tx.execute(select(_h.refill_id)).scalars())
    assert {refill_id for refill_id, *_ in told} == moved
    return [(actor, before, after) for _, actor, before, after in told]


def _told(tx: Transaction) -> Iterator[tuple[int, str, str, str]]:
    state: dict[int, Any] = {}
    query = select(*events.COLUMNS).where(_e.kind.in_(_KINDS)).order_by(_e.event_id)
    for row in map(events.event_row, tx.execute(query)):
        refill_id, payload = row.subject.refill_id, row.payload
        assert refill_id is not None
        assert payload["before"] == state.get(refill_id), row
        assert row.actor, row
        assert payload.get("why") or payload.get("error"), row
        state[refill_id] = payload["after"]
        yield refill_id, row.actor, payload["before"] or "", payload["after"]
