"""Mass drops: numbers of judged and fallen targets by metric, and the current mass drop."""

from collections.abc import Container, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, case, func, insert, select, text, update

from monitor.evaluation.mass_drop_state import MassDropState
from monitor.guarantee.mass_drop import MassDropCounts
from monitor.model.drop import DropState
from monitor.model.sums import Sum, item_of, summed
from monitor.model.target import Metric
from storage.engine import advisory_lock
from storage.pages import CappedCount, Page, PageRequest
from storage.schema import drops, mass_drops, orders, targets
from storage.sums import total
from storage.walks import Walk, count, read_page


@dataclass(frozen=True, slots=True, kw_only=True)
class MassDropFilter:
    """Which mass drops are meant."""

    metric: Metric | None = None
    """None for all."""


@dataclass(frozen=True, slots=True)
class MassDropRow:
    """One mass drop of a metric."""

    mass_drop_id: int
    metric: Metric
    started_at: datetime
    judged: int
    """Targets that were judged in the window that ended when it started."""
    fallen: int
    """Those of them at which a drop opened."""
    ended_at: datetime | None
    """None while it lasts."""
    told: int
    """The number of fallen targets or held refills that the operator was last told."""


_m = mass_drops.c
_t = targets.c
_ON = text("mass_drops.ended_at IS NULL")
_CURRENT = select(_m.started_at).where(_m.metric == bindparam("metric"), _ON)
_COUNTS = select(
    func.count(), func.coalesce(func.sum(case((_t.drop_opened_at >= bindparam("since"), 1), else_=0)), 0)
).where(_t.metric == bindparam("metric"), _t.judged_at >= bindparam("since"))
_JUDGED = update(targets).where(_t.target_id == bindparam("id")).values(judged_at=bindparam("now"))
_OPENED = _JUDGED.values(drop_opened_at=bindparam("now"))


def note_judged(connection: Connection, judged: Mapping[int, datetime], opened: Container[int]) -> None:
    """Save when targets were judged, and on which of them a drop opened."""
    unfallen = [{"id": target_id, "now": at} for target_id, at in judged.items() if target_id not in opened]
    fallen = [{"id": target_id, "now": at} for target_id, at in judged.items() if target_id in opened]
    for statement, rows in ((_JUDGED, unfallen), (_OPENED, fallen)):
        if rows:
            connection.execute(statement, rows)


def state(connection: Connection, metric: Metric, since: datetime, *, enabled: bool) -> MassDropState:
    """Return the mass drop state of a metric, counting targets that were judged since `since`.

    Targets are not counted when mass drops are not `enabled` and none is on.
    """
    began = on_since(connection, metric)
    counted = tally(connection, metric, since) if enabled or began is not None else MassDropCounts(0, 0)
    return MassDropState(counted, began)


def tally(connection: Connection, metric: Metric, since: datetime) -> MassDropCounts:
    """Return the numbers of judged and fallen targets of a metric since `since`."""
    judged, fallen = connection.execute(_COUNTS, {"metric": metric, "since": since}).one()
    return MassDropCounts(judged, int(fallen))


def on_since(connection: Connection, metric: Metric) -> datetime | None:
    """Return the beginning of the current mass drop of a metric; None when none is on."""
    started_at: datetime | None = connection.execute(_CURRENT, {"metric": metric}).scalar()
    return started_at


def fallen_sum(connection: Connection, metric: Metric, since: datetime) -> Sum:
    """The drops of a metric that have opened since a time and not recovered: units, and their price."""
    group = orders.c.price, orders.c.currency, orders.c.quantity
    query = (
        select(func.count(), total(drops.c.claim), *group)
        .join_from(targets, orders, orders.c.target_id == _t.target_id)
        .join(drops, drops.c.order_id == orders.c.order_id)
        .where(_t.metric == metric, _t.judged_at >= since, _t.drop_opened_at >= since)
        .where(drops.c.opened_at >= since, drops.c.state != DropState.RECOVERED)
        .group_by(*group)
    )
    return summed(item_of(*row) for row in connection.execute(query))


def begin(connection: Connection, metric: Metric, counted: MassDropCounts, now: datetime) -> bool:
    """Save the beginning of a mass drop; False when another process has saved it already."""
    advisory_lock(connection, f"refilld mass drop {metric}")
    if on_since(connection, metric) is not None:
        return False
    row = {"metric": metric, "started_at": now, "judged": counted.judged}
    row |= {"fallen": counted.fallen, "told": counted.fallen}
    connection.execute(insert(mass_drops), row)
    return True


def note_told(connection: Connection, metric: Metric, held: int) -> bool:
    """Save that so many held refills are told; False unless that is twice what was last told."""
    change = update(mass_drops).where(_m.metric == metric, _ON, _m.told * 2 <= held).values(told=held)
    return connection.execute(change).rowcount > 0


def end(connection: Connection, metric: Metric, now: datetime) -> bool:
    """Save the end of a mass drop; False when another process has saved it already."""
    change = update(mass_drops).where(_m.metric == metric, _ON).values(ended_at=now)
    return connection.execute(change).rowcount > 0


def page(connection: Connection, wanted: MassDropFilter, request: PageRequest) -> Page[MassDropRow]:
    """One page of the mass drops that a filter finds, newest first."""
    return read_page(
        connection,
        _walk(wanted),
        select(mass_drops),
        request,
        lambda rows: [MassDropRow(*row[:-1]) for row in rows],
    )


def counted(connection: Connection, wanted: MassDropFilter) -> CappedCount:
    """The number of the mass drops that a filter finds."""
    return count(connection, _walk(wanted), select(mass_drops))


def _walk(wanted: MassDropFilter) -> Walk:
    return Walk(mass_drops, _m.mass_drop_id, None).equal((_m.metric, wanted.metric))


def since(connection: Connection, metric: Metric, start: datetime, limit: int) -> list[MassDropRow]:
    """The newest mass drops of a metric that lasted at a time or began later, oldest first."""
    lasted = (_m.ended_at.is_(None)) | (_m.ended_at >= start)
    query = select(mass_drops).where(_m.metric == metric, lasted).order_by(_m.started_at.desc()).limit(limit)
    return [MassDropRow(**row._asdict()) for row in reversed(connection.execute(query).all())]


def current(connection: Connection) -> list[MassDropRow]:
    """The mass drops that are on, at most one per metric."""
    query = select(mass_drops).where(_ON).order_by(_m.started_at)
    return [MassDropRow(**row._asdict()) for row in connection.execute(query)]
