"""The alerts that fire now: problems that last, with what each receiver knows of them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, func, select

from monitor.alerts.reasons import AlertReason
from monitor.events.catalogue import CATALOGUE
from monitor.events.severity import Severity
from storage import events as event_rows
from storage.alert_history import Acknowledgement
from storage.alert_tables import events
from storage.events import EventRow
from storage.pages import CappedCount
from storage.pipeline_tables import problems, routed_alerts
from storage.walks import COUNTED

_CRITICAL = [kind for kind, entry in CATALOGUE.items() if entry.severity is Severity.CRITICAL]
_e = events.c
_p = problems.c
_r = routed_alerts.c


@dataclass(frozen=True, slots=True)
class ToldReceiver:
    """What one receiver was told of an alert, or why not."""

    receiver: str
    reason: AlertReason
    detail: str


@dataclass(frozen=True, slots=True)
class FiringAlert:
    """A problem that lasts."""

    event: EventRow
    acknowledgement: Acknowledgement | None
    told: Sequence[ToldReceiver]


def newest(connection: Connection, limit: int) -> list[FiringAlert]:
    """The problems that last, critical ones first, then the newest."""
    critical = _p.kind.in_(_CRITICAL)
    found = _event_ids(connection, critical, limit)
    if len(found) < limit:
        found += _event_ids(connection, ~critical, limit - len(found))
    return _loaded(connection, found)


def counted(connection: Connection) -> CappedCount:
    """The number of problems that last."""
    capped = select(_p.event_id).limit(COUNTED + 1).subquery()
    number = connection.execute(select(func.count()).select_from(capped)).scalar_one()
    return CappedCount(min(number, COUNTED), number <= COUNTED)


def _event_ids(connection: Connection, which: ColumnElement[bool], limit: int) -> list[int]:
    query = select(_p.event_id).where(which).order_by(_p.event_id.desc()).limit(limit)
    return list(connection.execute(query).scalars())


def _loaded(connection: Connection, event_ids: Sequence[int]) -> list[FiringAlert]:
    """The alerts of these events, in their order."""
    query = (
        select(*event_rows.COLUMNS, _p.acknowledged_at, _p.acknowledged_by)
        .join(problems, _p.event_id == _e.event_id)
        .where(_e.event_id.in_(event_ids))
    )
    told = _told(connection, event_ids)
    found = {
        row.event_id: FiringAlert(
            event_rows.event_row(row),
            Acknowledgement(row.acknowledged_at, row.acknowledged_by) if row.acknowledged_at else None,
            told[row.event_id],
        )
        for row in connection.execute(query)
    }
    return [found[event_id] for event_id in event_ids if event_id in found]


def _told(connection: Connection, event_ids: Iterable[int]) -> Mapping[int, list[ToldReceiver]]:
    query = (
        select(_r.event_id, _r.receiver, _r.reason, _r.detail)
        .where(_r.event_id.in_(event_ids))
        .order_by(_r.receiver)
    )
    found: defaultdict[int, list[ToldReceiver]] = defaultdict(list)
    for event_id, *told in connection.execute(query):
        found[event_id].append(ToldReceiver(*told))
    return found
