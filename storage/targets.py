"""Targets: which one is due, what is known of its series, and when to look next."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, case, select, update

from monitor.absence import Absence
from monitor.alert import Trouble
from monitor.cadence import Lane, NextLook
from monitor.link import Link
from monitor.series import Series
from monitor.snapshot import Outcome, Snapshot
from monitor.target import Metric, Target
from storage.columns import AnyRow
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


_t = targets.c
_BY_ID = select(targets).where(_t.target_id == bindparam("target_id"))
_LOCKED = _BY_ID.with_for_update()
_DUE = (
    select(targets)
    .where(_t.lane == bindparam("lane"), _t.next_due_at <= bindparam("now"))
    .where(_t.metric.in_(bindparam("metrics", expanding=True)))
    .order_by(_t.next_due_at)
    .limit(bindparam("limit"))
    .with_for_update(skip_locked=True)
)
_PUSH = update(targets).where(_t.target_id == bindparam("id")).values(next_due_at=bindparam("until"))
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
    return _row(row)


def of_order(connection: Connection, order_id: str, *, lock: bool = False) -> TargetRow:
    """The target of an order; raises NotFoundError when there is no such order."""
    query = select(orders.c.target_id).where(orders.c.order_id == order_id)
    target_id = connection.execute(query).scalar()
    if target_id is None:
        raise NotFoundError(f"there is no order {order_id}")
    return get(connection, target_id, lock=lock)


def take_due(
    connection: Connection, metrics: Iterable[Metric], now: datetime, until: datetime, limit: int
) -> list[TargetRow]:
    """Take the targets that are due, urgent lane first; each is pushed to `until` meanwhile.

    A look that never comes back (a killed process) thus happens again at `until`.
    """
    taken: list[TargetRow] = []
    wanted = list(metrics)
    for lane in Lane:
        query = {"lane": int(lane), "now": now, "metrics": wanted, "limit": limit - len(taken)}
        taken += map(_row, connection.execute(_DUE, query))
        if len(taken) >= limit:
            break
    if taken:
        connection.execute(_PUSH, [{"id": row.target_id, "until": until} for row in taken])
    return taken


def take(connection: Connection, target_id: int, until: datetime) -> None:
    """Take one target, due or not; it is pushed to `until` meanwhile."""
    connection.execute(_PUSH, {"id": target_id, "until": until})


def wake(
    connection: Connection, target_ids: Iterable[int], at: datetime, why: str, lane: Lane = Lane.ROUTINE
) -> None:
    """Make targets due at `at` and as urgent as said; never later, and never less urgent, than they are."""
    rows = [{"id": target_id, "at": at, "because": why, "urgency": int(lane)} for target_id in target_ids]
    if rows:
        connection.execute(_WAKE, rows)


def looked(connection: Connection, row: TargetRow, snapshot: Snapshot, following: NextLook | None) -> None:
    """Write down a look, and when to look again.

    `row` already has series, absence, failures and `told` as they are after the look.
    """
    counted = snapshot.outcome is Outcome.COUNT
    private = snapshot.outcome is Outcome.PRIVATE
    since = row.private_since or (snapshot.at if private else None)
    connection.execute(
        _LOOKED,
        {
            "id": row.target_id,
            "next_due_at": following.at if following else None,
            "lane": int(following.lane if following else Lane.ROUTINE),
            "why": following.why if following else "no order is covered",
            "last_look_at": snapshot.at,
            "last_outcome": snapshot.outcome,
            "failures": row.failures,
            "last_count": row.series.last_count,
            "last_count_at": snapshot.at if counted else row.last_count_at,
            "counted": row.series.counted,
            "zero_seen": row.series.zero_seen,
            "private_since": None if counted else since,
            "account": row.series.account or None,
            "username_now": _name_now(row, snapshot),
            "told": row.told if following else None,  # an order to come must be told of it anew
            **_absent(row.absence),
        },
    )


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
        set_={"owner": owner},
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


def _row(row: AnyRow) -> TargetRow:
    return TargetRow(
        target_id=row.target_id,
        target=Target(Link(row.kind, row.key), row.metric, row.owner, row.account, row.username_now),
        series=Series(row.last_count, row.counted, row.zero_seen, row.account or ""),
        next_due_at=row.next_due_at,
        why=row.why,
        last_look_at=row.last_look_at,
        last_outcome=row.last_outcome,
        last_count_at=row.last_count_at,
        failures=row.failures,
        private_since=row.private_since,
        absence=Absence(row.absences, row.absent_since, row.gone_at),
        told=row.told,
    )
