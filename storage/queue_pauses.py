"""Pauses of the queue: parts whose refills no consumer gets until they are resumed."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, select

from monitor.events.changes import queue_pause_changed
from monitor.model.queue_part import PartKind, QueuePart
from storage import events
from storage.actor import actor
from storage.engine import insert_into
from storage.queue_tables import queue_pauses

_p = queue_pauses.c


@dataclass(frozen=True, slots=True)
class QueuePause:
    """A part of the queue that is paused."""

    part: QueuePart
    paused_at: datetime
    paused_by: str
    """Who paused it, such as `cli root`."""
    why: str


def listed(connection: Connection) -> list[QueuePause]:
    """All pauses in the order of their parts, that of the whole queue first."""
    whole_first = _p.part != PartKind.QUEUE
    rows = connection.execute(select(queue_pauses).order_by(whole_first, _p.part, _p.value))
    return [QueuePause(QueuePart(part, value), *rest) for part, value, *rest in rows]


def pause(connection: Connection, part: QueuePart, why: str, now: datetime) -> bool:
    """Pause a part; whether it was not paused before. The first pause stays as it is."""
    row = {"part": part.kind, "value": part.value, "paused_at": now, "paused_by": actor().name, "why": why}
    insert = insert_into(connection, queue_pauses).values(row).on_conflict_do_nothing()
    changed = connection.execute(insert.returning(_p.part)).first() is not None
    if changed:
        events.add(connection, queue_pause_changed(part, why, paused=True), now)
    return changed


def resume(connection: Connection, part: QueuePart, why: str, now: datetime) -> bool:
    """Resume a part; whether it was paused."""
    removal = delete(queue_pauses).where(_p.part == part.kind, _p.value == part.value)
    changed = connection.execute(removal).rowcount == 1
    if changed:
        events.add(connection, queue_pause_changed(part, why, paused=False), now)
    return changed
