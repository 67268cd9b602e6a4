"""The new start after a restore (docs/backup.md).

A database that continues from an earlier state does not know what has been delivered since. It gives out no
id of that time again, and holds its open refills until what was delivered is in the counts (RULES 5).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, case, literal, select, update

from monitor.model.decision import Action, Decision, Reason
from monitor.model.refill import RefillState
from monitor.model.terms import Terms
from storage import drops, refills, row_numbers, transfers
from storage.column_types import Instant
from storage.schema import drops as drop_table
from storage.schema import orders, targets
from storage.schema import refills as table
from storage.terms import load_terms
from storage.transfer_action import TransferAction

_r = table.c
_NUMBERS = (drop_table.c["count"], drop_table.c.line, drop_table.c.claim)


@dataclass(frozen=True, slots=True)
class NewStart:
    """What a start after a restore has changed."""

    first_id: int
    held: int
    """Open refills that are held until `hold_until`, and then decided anew."""
    hold_until: datetime


def start_anew(
    connection: Connection,
    action: TransferAction,
    place: str,
    now: datetime,
    known_ids: Iterable[int] = (),
) -> NewStart:
    """Continue from an earlier state: with ids that are new, and with open refills held; recorded.

    `known_ids` are the last ids of the database that is replaced.
    """
    first_id = row_numbers.begin_epoch(connection, now, known_ids)
    settle = max((load_terms(terms).settle for terms in _terms(connection)), default=Terms().settle)
    start = NewStart(first_id, _hold_open(connection, now, now + settle), now + settle)
    connection.execute(update(targets).values(noop_until=None))  # as every change of orders does
    transfers.record(connection, action, place, now, start.first_id, start.hold_until)
    return start


def _terms(connection: Connection) -> list[str]:
    return list(connection.execute(select(orders.c.terms).distinct()).scalars())


def _hold_open(connection: Connection, now: datetime, until: datetime) -> int:
    """Let no open refill leave before a time; returns the number of those that are decided anew then.

    Queued and claimed refills are held. A refill that was held until a time is held at least that long, for
    the reason that it had. One that waits for an operator goes on waiting.
    """
    in_queue = _r.state.in_((RefillState.QUEUED, RefillState.CLAIMED))
    query = select(_r.refill_id, _r.order_id, _r.drop_id, _r.quantity, *_NUMBERS)
    query = query.join(drop_table, drop_table.c.drop_id == _r.drop_id)
    found = connection.execute(query.where(in_queue)).mappings().all()
    timed = update(table).where(_r.state == RefillState.HELD, _r.release_at.is_not(None))
    later = case((_r.release_at > until, _r.release_at), else_=literal(until, Instant))
    number = connection.execute(timed.values(release_at=later)).rowcount
    hold = {"state": RefillState.HELD, "reason": Reason.RESTORED, "lease_token": None, "leased_until": None}
    connection.execute(update(table).where(in_queue).values(**hold, release_at=until))
    ids = [row["refill_id"] for row in found]
    refills.add_events(connection, ids, RefillState.HELD, now, "the database was restored")
    for row in found:
        numbers = [row[name] for name in ("quantity", "count", "line", "claim")]
        decision = Decision(row["order_id"], now, Action.HOLD, Reason.RESTORED, *numbers)
        drops.add_decision(connection, row["drop_id"], decision)
    return number + len(found)
