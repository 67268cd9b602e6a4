"""Stored retention curves: a run writes them one by one, and they are read once it is finished."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BindParameter, Connection, bindparam, delete, func, insert, select, update

from monitor.survival.curve import CurvePoint, SurvivalCurve
from monitor.survival.curve_name import CurveName
from monitor.survival.grid import CELL
from storage.engine import advisory_lock
from storage.survival_tables import guarantee_costs, survival_curves, survival_points, survival_runs

_r, _c, _p = survival_runs.c, survival_curves.c, survival_points.c
GIVEN_UP = timedelta(hours=2)
"""A run that is not finished so long after its beginning has died."""
_NEWEST = select(survival_runs).where(_r.finished_at.is_not(None)).order_by(_r.run_id.desc()).limit(1)
_IDS: BindParameter[int] = bindparam("ids", expanding=True)
_POINTS = (
    select(_p.curve_id, _p.point, _p.share, _p.low, _p.high)
    .where(_p.curve_id.in_(_IDS))
    .order_by(_p.curve_id, _p.point)
)
_SOME = _POINTS.where(_p.point.in_(bindparam("points", expanding=True)))
_LAST = select(func.max(_p.point)).where(_p.curve_id == _c.curve_id).scalar_subquery()
_ENDS = select(_c.curve_id, _LAST).where(_c.curve_id.in_(_IDS))
_OLD_CURVES = select(_c.curve_id).where(_c.run_id < bindparam("run")).limit(bindparam("limit"))


@dataclass(frozen=True, slots=True)
class SurvivalRun:
    """One computation of all curves."""

    run_id: int
    started_at: datetime
    finished_at: datetime | None
    completed_since: datetime
    """Orders that were completed before this time were left out."""
    cell_hours: int
    """Hours between two points of the grid."""


@dataclass(frozen=True, slots=True)
class StoredCurve:
    """A curve without its points."""

    curve_id: int
    name: CurveName
    orders: int
    units: int


def begin_run(
    connection: Connection, now: datetime, completed_since: datetime, every: timedelta
) -> int | None:
    """Begin a run, unless another one is under way or began less than `every` ago; None then."""
    advisory_lock(connection, "refilld survival run")
    last = connection.execute(select(survival_runs).order_by(_r.run_id.desc()).limit(1)).first()
    if last is not None and last.started_at <= now:  # else the clock was ahead
        wait = GIVEN_UP if last.finished_at is None else every
        if now - last.started_at < wait:
            return None
    row = {"started_at": now, "completed_since": completed_since, "cell_hours": CELL // timedelta(hours=1)}
    run_id: int = connection.execute(insert(survival_runs).returning(_r.run_id), row).scalar_one()
    return run_id


def abandon_run(connection: Connection, run_id: int) -> None:
    """Delete a run that will not be finished, so that another one may begin at once."""
    connection.execute(delete(survival_runs).where(_r.run_id == run_id))


def save(connection: Connection, run_id: int, name: CurveName, curve: SurvivalCurve) -> None:
    """Store a curve of a run."""
    row = {
        "run_id": run_id,
        "metric": name.metric,
        "service": name.service,
        "provider": name.provider,
        "orders": curve.orders,
        "units": curve.units,
    }
    curve_id: int = connection.execute(insert(survival_curves).returning(_c.curve_id), row).scalar_one()
    connection.execute(
        insert(survival_points),
        [
            {"curve_id": curve_id, "point": one.point, "share": one.share, "low": one.low, "high": one.high}
            for one in curve.points
        ],
    )


def finish_run(connection: Connection, run_id: int, now: datetime) -> None:
    """From now on the curves of this run are read."""
    connection.execute(update(survival_runs).where(_r.run_id == run_id).values(finished_at=now))


def delete_older(connection: Connection, run_id: int, limit: int) -> bool:
    """Delete some curves of the runs before this one; return whether there are more."""
    ids = list(connection.execute(_OLD_CURVES, {"run": run_id, "limit": limit}).scalars())
    if ids:
        connection.execute(delete(survival_curves).where(_c.curve_id.in_(ids)))
        return True
    connection.execute(delete(guarantee_costs).where(guarantee_costs.c.run_id < run_id))
    connection.execute(delete(survival_runs).where(_r.run_id < run_id))
    return False


def newest_run(connection: Connection) -> SurvivalRun | None:
    """The newest run that is finished; None before the first."""
    row = connection.execute(_NEWEST).first()
    return None if row is None else SurvivalRun(*row)


def listed(
    connection: Connection, run_id: int, service: str | None = None, provider: str | None = None
) -> list[StoredCurve]:
    """The curves of a run, those with the most units first.

    With a service or provider only its curves; ALL gives those of all services or providers together.
    """
    query = select(_c.curve_id, _c.metric, _c.service, _c.provider, _c.orders, _c.units).where(
        _c.run_id == run_id
    )
    if service is not None:
        query = query.where(_c.service == service)
    if provider is not None:
        query = query.where(_c.provider == provider)
    ordered = query.order_by(_c.metric, _c.units.desc(), _c.service, _c.provider)
    return [
        StoredCurve(curve_id, CurveName(*name), orders, units)
        for curve_id, *name, orders, units in connection.execute(ordered)
    ]


def load(connection: Connection, stored: Sequence[StoredCurve]) -> list[SurvivalCurve]:
    """Curves with all their points."""
    points = _by_curve(connection.execute(_POINTS, {"ids": _ids(stored)}))
    return [SurvivalCurve(one.orders, one.units, tuple(points[one.curve_id])) for one in stored]


def some_points(
    connection: Connection, stored: Sequence[StoredCurve], points: Sequence[int]
) -> list[list[CurvePoint]]:
    """These points of each curve, as far as it goes."""
    found = _by_curve(connection.execute(_SOME, {"ids": _ids(stored), "points": points}))
    return [found[one.curve_id] for one in stored]


def ends(connection: Connection, stored: Sequence[StoredCurve]) -> list[int]:
    """The last point of each curve."""
    found = {row[0]: row[1] for row in connection.execute(_ENDS, {"ids": _ids(stored)})}
    return [found[one.curve_id] for one in stored]


def _ids(stored: Sequence[StoredCurve]) -> list[int]:
    return [one.curve_id for one in stored]


def _by_curve(rows: Iterable[Sequence[Any]]) -> defaultdict[int, list[CurvePoint]]:
    found: defaultdict[int, list[CurvePoint]] = defaultdict(list)
    for curve_id, point, share, low, high in rows:
        found[curve_id].append(CurvePoint(point, share, low, high))
    return found
