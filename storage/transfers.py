"""The record of restores and copies of the database, and whether the work goes on in another one."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Boolean, Connection, insert, literal_column, select

from monitor.events.changes import DatabaseReplaced
from monitor.events.event import Event
from monitor.events.kind import EventKind
from storage import events
from storage.transfer_action import TransferAction
from storage.transfer_tables import transfers as table

_MARKS = (
    TransferAction.MOVED,
    TransferAction.REOPENED,
    TransferAction.RESTORED,
    TransferAction.COPIED,  # from a database that was marked as moved before
)
_QUOTED = ", ".join(f"'{mark}'" for mark in _MARKS)
_LAST_MARK = f"SELECT max(transfer_id) FROM transfers WHERE action IN ({_QUOTED})"  # noqa: S608  # constants
MOVED = (
    f"EXISTS (SELECT 1 FROM transfers WHERE transfer_id = ({_LAST_MARK})"  # noqa: S608  # constants
    f" AND action = '{TransferAction.MOVED}')"
)
"""The condition that the work goes on in another database."""
IS_MOVED = literal_column(MOVED, Boolean()).label("moved")
"""The column that says `moved`, without parameters."""


@dataclass(frozen=True, slots=True)
class TransferRow:
    """One restore or copy."""

    transfer_id: int
    at: datetime
    action: TransferAction
    place: str
    """The backup, or the other database, without secrets."""
    first_id: int | None
    """From here on ids were given out since; None if they simply continue."""
    hold_until: datetime | None
    """Until when refills are held."""


def listed(connection: Connection) -> list[TransferRow]:
    """All transfers, oldest first."""
    rows = connection.execute(select(table).order_by(table.c.transfer_id))
    return [TransferRow(**row._asdict()) for row in rows]


def moved(connection: Connection) -> TransferRow | None:
    """The move of this database to another one; None while the work goes on in this one."""
    marks = select(table).where(table.c.action.in_(_MARKS))
    row = connection.execute(marks.order_by(table.c.transfer_id.desc()).limit(1)).first()
    found = None if row is None else TransferRow(**row._asdict())
    return found if found is not None and found.action is TransferAction.MOVED else None


def record(
    connection: Connection,
    action: TransferAction,
    place: str,
    now: datetime,
    first_id: int | None = None,
    hold_until: datetime | None = None,
) -> None:
    """Record a transfer."""
    row = {"at": now, "action": action, "place": place, "first_id": first_id, "hold_until": hold_until}
    connection.execute(insert(table), row)
    if action is not TransferAction.COPIED:  # a copy has the same rows as its source
        event = Event(EventKind.DATABASE_REPLACED, DatabaseReplaced(action, place))
        events.add(connection, event, now)
