"""Targets: which one is due, what is known of its series, and when to look next."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, case, select, update

from monitor.cadence.schedule import Lane, NextLook, Seat
from monitor.guarantee.gone_detection import Absence
from monitor.guarantee.noop_bounds import Calm
from monitor.guarantee.series import Series
from monitor.model.link import Link
from monitor.model.snapshot import Outcome, Snapshot
from monitor.model.target import Metric, Target
from monitor.model.target_problem import Trouble
from storage.column_types import AnyRow
from storage.engine import insert_into
from storage.errors import NotFoundError
from storage.schema import orders, targets


@dataclass(frozen=True, slots=True)
class TargetRow:
    """A target with what the database knows of it."""

    target_id: int
    target: Target
    series: Series
    next_due_at: datetime | None
    why: str
    last_look_at: datetime | None
    last_outcome: Outcome | None
    last_count_at: datetime | None
    failures: int
    private_since: datetime | None
    absence: Absence
    told: Trouble | None
    """What the operator has been told of the target, and has not passed since."""
    source: str | None = None
    """Which source looks at it; None until that is found out, empty where none can."""
    together: str = ""
    """What that source asks for to see it."""
    cannot: frozenset[str] = frozenset()
    """Sources that have not found it lately."""
    cannot_since: datetime | None = None
    lane: Lane = Lane.ROUTINE
    memo: str = ""
    """What the cadence has noted for itself; see `monitor.cadence.observation_state`."""
    stream: str | None = None
    """Its stream in the virtual queue; None where it has no place there."""
    calm: Calm | None = None
    """How long, and down to which count, nothing can follow from a look; None when that is not known."""


_t = targets.c
_BY_ID = select(targets).where(_t.target_id == bindparam("target_id"))
_LOCKED = _BY_ID.with_for_update()
_LOCK_IDS = (
    select(_t.target_id)
    .where(_t.target_id.in_(bindparam("target_ids", expanding=True)))
    .order_by(_t.target_id)
    .with_for_update()
)
_ALL_LOCKED = (
    select(targets)
    .where(_t.target_id.in_(bindparam("target_ids", expanding=True)))
    .order_by(_t.target_id)
    .with_for_update()
)
_WAKE = (
    update(targets)
    .where(_t.target_id == bindparam("id"))
    .where(_t.next_due_at.is_(None) | (_t.next_due_at > bindparam("at")) | (_t.lane > bindparam("urgency")))
    .values(
        next_due_at=case((_t.next_due_at < bindparam("at"), _t.next_due_at), else_=bindparam("at")),
        lane=case(
            (_t.next_due_at.is_not(None) & (_t.lane < bindparam("urgency")), _t.lane),
            else_=bindparam("urgency"),
        ),
        why=bindparam("because"),
    )
)
_AROUSE = (
    update(targets).where(_t.target_id == bindparam("id"), _t.calm_until.is_not(None)).values(calm_until=None)
)
_LOOKED = (
    update(targets)
    .where(_t.target_id == bindparam("id"))
    .values(
        {
            name: bindparam(name)
            for name in (
                "next_due_at",
                "lane",
                "why",
                "last_look_at",
                "last_outcome",
                "failures",
                "last_count",
                "last_count_at",
                "counted",
                "zero_seen",
                "private_since",
                "account",
                "username_now",
                "absences",
                "absent_since",
                "gone_at",
                "told",
                "source",
                "together",
                "unread_by",
                "unread_since",
                "counted_by",
                "shift",
                "virtual_due",
                "stream",
                "rests_until",
                "taken_until",
                "over_at",
                "last_call_slot",
                "last_call_value",
                "memo",
                "calm_least",
                "calm_until",
                "judged_from",
                "judged_until",
            )
        }
    )
)
_OF_LINKS = select(_t.target_id, _t.link, _t.metric).where(_t.link.in_(bindparam("links", expanding=True)))


def get(connection: Connection, target_id: int, *, lock: bool = False) -> TargetRow:
    """One target; with `lock` nobody else can judge it, or change its orders' flags, until the commit."""
    row = connection.execute(_LOCKED if lock else _BY_ID, {"target_id": target_id}).one_or_none()
    if row is None:
        raise NotFoundError(f"there is no target {target_id}")
    return row_of(row)


def lock(connection: Connection, target_ids: Sequence[int]) -> None:
    """Lock targets in the order of their ids, which all do who lock many; SQLite has one writer anyway."""
    if target_ids and connection.dialect.name == "postgresql":
        connection.execute(_LOCK_IDS, {"target_ids": target_ids})


def locked(connection: Connection, target_ids: Sequence[int]) -> dict[int, TargetRow]:
    """Targets by their ids, locked in one order, so that no two who judge many block each other."""
    rows = connection.execute(_ALL_LOCKED, {"target_ids": target_ids}) if target_ids else ()
    return {row.target_id: row_of(row) for row in rows}


def of_order(connection: Connection, order_id: str, *, lock: bool = False) -> TargetRow:
    """The target of an order; raises NotFoundError when there is no such order."""
    query = select(orders.c.target_id).where(orders.c.order_id == order_id)
    target_id = connection.execute(query).scalar()
    if target_id is None:
        raise NotFoundError(f"there is no order {order_id}")
    return get(connection, target_id, lock=lock)


def wake(
    connection: Connection, target_ids: Iterable[int], at: datetime, why: str, lane: Lane = Lane.ROUTINE
) -> None:
    """Make targets due at `at` and as urgent as said; never later, and never less urgent, than they are."""
    ids = list(target_ids)
    if ids:
        rows = [{"id": target_id, "at": at, "because": why, "urgency": int(lane)} for target_id in ids]
        connection.execute(_WAKE, rows)
        arouse(connection, ids)


def arouse(connection: Connection, target_ids: Iterable[int]) -> None:
    """Have the next count of targets judged, however calm they were: something about their orders changed."""
    rows = [{"id": target_id} for target_id in target_ids]
    if rows:
        connection.execute(_AROUSE, rows)


@dataclass(frozen=True, slots=True)
class Looked:
    """What a look leaves behind; `row` has all that the look has changed as it is after it."""

    row: TargetRow
    snapshot: Snapshot
    following: NextLook | None
    seat: Seat | None = None
    """Place in its source's virtual queue."""
    calm: Calm | None = None


def looked(connection: Connection, looks: Sequence[Looked]) -> None:
    """Write down looks, and when to look again."""
    if looks:
        connection.execute(_LOOKED, [_after(look) for look in looks])


def _after(look: Looked) -> dict[str, object]:
    row, snapshot, following = look.row, look.snapshot, look.following
    counted = snapshot.outcome is Outcome.COUNT
    private = snapshot.outcome is Outcome.PRIVATE
    since = row.private_since or (snapshot.at if private else None)
    return {
        "id": row.target_id,
        "next_due_at": following.at if following else None,
        "lane": int(following.lane if following else Lane.ROUTINE),
        "why": following.why if following else "no order is covered",
        "last_look_at": snapshot.at,
        "last_outcome": snapshot.outcome,
        "failures": row.failures,
        "last_count_at": snapshot.at if counted else row.last_count_at,
        "private_since": None if counted else since,
        "username_now": _name_now(row, snapshot),
        "told": row.told if following else None,  # an order to come must be told of it anew
        "source": row.source,
        "together": row.together,
        "unread_by": " ".join(sorted(row.cannot)),
        "unread_since": row.cannot_since,
        "memo": row.memo if following else "",
        "taken_until": None,
        **_series(row.series),
        **_absent(row.absence),
        **seat_values(look.seat),
        **_calm(look.calm),
    }


def _series(series: Series) -> dict[str, object]:
    return {
        "last_count": series.last_count,
        "counted": series.counted,
        "zero_seen": series.zero_seen,
        "account": series.account or None,
        "counted_by": series.source,
        "shift": series.shift,
    }


def seat_values(seat: Seat | None) -> dict[str, object]:
    """The columns of a target's place in the virtual queue."""
    call = seat.call if seat else None
    return {
        "virtual_due": seat.due if seat else None,
        "stream": seat.stream if seat else "",
        "rests_until": seat.rests_until if seat else None,
        "over_at": seat.over_at if seat else None,
        "last_call_slot": call.slot if call else None,
        "last_call_value": call.value if call else None,
    }


def _calm(calm: Calm | None) -> dict[str, object]:
    return {
        "calm_least": calm.count if calm else None,
        "calm_until": calm.until if calm else None,
        "judged_from": calm.judged_from if calm else None,
        "judged_until": calm.judged_until if calm else None,
    }


def _name_now(row: TargetRow, snapshot: Snapshot) -> str | None:
    """A look that showed the series' account knows its name; any other leaves it as it was."""
    if snapshot.account and snapshot.account == row.series.account:
        return snapshot.username or None
    return row.target.username_now


def _absent(absence: Absence) -> dict[str, object]:
    return {"absences": absence.looks, "absent_since": absence.since, "gone_at": absence.gone_at}


def ensure(connection: Connection, wanted: Sequence[Target]) -> Mapping[tuple[str, Metric], int]:
    """Create the missing targets, and add a missing owner; gives the ids of all, by link and metric."""
    if not wanted:
        return {}
    rows: dict[tuple[str, Metric], dict[str, object]] = {}
    for target in sorted(wanted, key=lambda t: t.owner is None):  # who names an owner goes first
        rows.setdefault((target.link.url, target.metric), _new(target))
    insert = insert_into(connection, targets)
    owner = insert.excluded.owner
    statement = insert.on_conflict_do_update(
        index_elements=["link", "metric"],
        set_={"owner": owner, "source": None},  # who names the owner may open another way to see it
        where=_t.owner.is_(None) & owner.is_not(None),
    )
    connection.execute(statement, [rows[key] for key in sorted(rows)])
    found = connection.execute(_OF_LINKS, {"links": [url for url, _ in rows]})
    return {(row.link, row.metric): row.target_id for row in found}


def _new(target: Target) -> dict[str, object]:
    link = target.link
    return {
        "link": link.url, "kind": link.kind, "key": link.key, "metric": target.metric, "owner": target.owner,
    }  # fmt: skip


def row_of(row: AnyRow) -> TargetRow:
    """The target of a whole row."""
    return TargetRow(
        target_id=row.target_id,
        target=Target(Link(row.kind, row.key), row.metric, row.owner, row.account, row.username_now),
        series=Series(
            row.last_count, row.counted, row.zero_seen, row.account or "", row.counted_by, row.shift
        ),
        next_due_at=row.next_due_at,
        why=row.why,
        last_look_at=row.last_look_at,
        last_outcome=row.last_outcome,
        last_count_at=row.last_count_at,
        failures=row.failures,
        private_since=row.private_since,
        absence=Absence(row.absences, row.absent_since, row.gone_at),
        told=row.told,
        source=row.source,
        together=row.together,
        cannot=frozenset(row.unread_by.split()),
        cannot_since=row.unread_since,
        lane=Lane(row.lane),
        memo=row.memo,
        stream=None if row.virtual_due is None else row.stream,
        calm=_calm_of(row),
    )


def _calm_of(row: AnyRow) -> Calm | None:
    if row.calm_until is None:
        return None
    return Calm(row.calm_least, row.calm_until, row.judged_from, row.judged_until)
