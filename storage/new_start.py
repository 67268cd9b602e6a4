"""The new start after a restore (docs/backup.md).

A database that continues from an earlier state does not know what has been delivered since. It gives out no
id of that time again, and holds its open refills until what was delivered is in the counts (RULES 5).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, RowMapping, delete, select, text, update

from monitor.model.decision import Action, Decision, Reason
from monitor.model.refill import RefillState
from monitor.model.terms import Terms
from storage import bulk_actions, drops, refill_moves, refills, row_numbers, transfers, user_sessions
from storage.daemon_table import daemons, job_holders
from storage.schema import OPEN_REFILL, orders, targets
from storage.schema import drops as drop_table
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
    for table_of_processes in (daemons, job_holders):
        connection.execute(delete(table_of_processes))  # processes of the time of the backup
    user_sessions.end_all(connection)  # some may have been ended since
    bulk_actions.stop_all(connection, now)  # their rows may have been carried out since
    transfers.record(connection, action, place, now, start.first_id, start.hold_until)
    return start


def _terms(connection: Connection) -> list[str]:
    return list(connection.execute(select(orders.c.terms).distinct()).scalars())


def _hold_open(connection: Connection, now: datetime, until: datetime) -> int:
    """Replace each open refill by a held one with a new id; returns how many of them a time releases.

    The id of before may have been passed on with a delivery that this database does not know.
    """
    is_open = text(f"refills.{OPEN_REFILL}")
    columns = (
        _r.refill_id,
        _r.order_id,
        _r.drop_id,
        _r.metric,
        _r.quantity,
        _r.state,
        _r.reason,
        _r.release_at,
    )
    query = select(*columns, *_NUMBERS).join(drop_table, drop_table.c.drop_id == _r.drop_id)
    found = connection.execute(query.where(is_open).order_by(_r.refill_id)).mappings().all()
    ended = {"state": RefillState.CANCELLED, "lease_token": None, "leased_until": None, "release_at": None}
    connection.execute(update(table).where(is_open).values(ended))
    refill_moves.add(
        connection,
        [row["refill_id"] for row in found],
        RefillState.CANCELLED,
        now,
        "the database was restored",
    )
    held = [(row, _hold(row, now, until)) for row in found]
    for row, decision in held:
        drops.add_decision(connection, row["drop_id"], decision)
        refills.create(connection, row["drop_id"], decision, row["metric"])
    return sum(decision.release_at is not None for _, decision in held)


def _hold(row: RowMapping, now: datetime, until: datetime) -> Decision:
    """The decision to hold a refill of the backup.

    What was in the queue is held until then. What was held until a time is held at least as long, for the
    reason that it had. What waits for an operator goes on waiting.
    """
    reason, release_at = Reason.RESTORED, until
    if row["state"] is RefillState.HELD:
        reason = row["reason"]
        release_at = row["release_at"] and max(row["release_at"], until)
    numbers = {name: row[name] for name in ("quantity", "count", "line", "claim")}
    return Decision(row["order_id"], now, Action.HOLD, reason, release_at=release_at, **numbers)
