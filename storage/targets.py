"""Targets: which one is due, what is known of its series, and when to look next."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, case, select, update

from monitor.cadence.schedule import NextLook, Priority, QueuePosition
from monitor.evaluation.target_state import TargetSchedule, TargetState
from monitor.guarantee.gone_detection import Absence
from monitor.guarantee.noop_bounds import NoopBounds
from monitor.guarantee.series import Series
from monitor.model.link import Link
from monitor.model.snapshot import Outcome, Snapshot
from monitor.model.target import Metric, Target
from storage.column_types import AnyRow
from storage.engine import insert_into
from storage.errors import NotFoundError
from storage.schema import orders, targets

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
    .where(
        _t.next_due_at.is_(None) | (_t.next_due_at > bindparam("at")) | (_t.priority > bindparam("urgency"))
    )
    .values(
        next_due_at=case((_t.next_due_at < bindparam("at"), _t.next_due_at), else_=bindparam("at")),
        priority=case(
            (_t.next_due_at.is_not(None) & (_t.priority < bindparam("urgency")), _t.priority),
            else_=bindparam("urgency"),
        ),
        due_reason=bindparam("because"),
    )
)
_AROUSE = (
    update(targets).where(_t.target_id == bindparam("id"), _t.noop_until.is_not(None)).values(noop_until=None)
)
_LOOKED = (
    update(targets)
    .where(_t.target_id == bindparam("id"))
    .values(
        {
            name: bindparam(name)
            for name in (
                "next_due_at",
                "priority",
                "due_reason",
                "last_look_at",
                "last_outcome",
                "failures",
                "last_count",
                "last_count_at",
                "count_kind",
                "zero_seen",
                "private_since",
                "account",
                "username_now",
                "absences",
                "absent_since",
                "gone_at",
                "notified_problem",
                "source",
                "request_key",
                "unseen_by",
                "unseen_since",
                "series_source",
                "count_offset",
                "virtual_due",
                "service_queue",
                "not_before",
                "claimed_until",
                "coverage_ends_at",
                "final_look_slot",
                "final_look_value",
                "cadence_state",
                "noop_min_count",
                "noop_until",
                "judged_from",
                "judged_until",
            )
        }
    )
)
_OF_LINKS = select(_t.target_id, _t.link, _t.metric).where(_t.link.in_(bindparam("links", expanding=True)))


def get(connection: Connection, target_id: int, *, lock: bool = False) -> TargetState:
    """One target; with `lock` nobody else can judge it, or change its orders' flags, until the commit."""
    row = connection.execute(_LOCKED if lock else _BY_ID, {"target_id": target_id}).one_or_none()
    if row is None:
        raise NotFoundError(f"there is no target {target_id}")
    return state_of(row)


def lock(connection: Connection, target_ids: Sequence[int]) -> None:
    """Lock targets in the order of their ids, which all do who lock many; SQLite has one writer anyway."""
    if target_ids and connection.dialect.name == "postgresql":
        connection.execute(_LOCK_IDS, {"target_ids": target_ids})


def locked(connection: Connection, target_ids: Sequence[int]) -> dict[int, TargetState]:
    """Targets by their ids, locked in one order, so that no two who judge many block each other."""
    rows = connection.execute(_ALL_LOCKED, {"target_ids": target_ids}) if target_ids else ()
    return {row.target_id: state_of(row) for row in rows}


def of_order(connection: Connection, order_id: str, *, lock: bool = False) -> TargetState:
    """The target of an order; raises NotFoundError when there is no such order."""
    query = select(orders.c.target_id).where(orders.c.order_id == order_id)
    target_id = connection.execute(query).scalar()
    if target_id is None:
        raise NotFoundError(f"there is no order {order_id}")
    return get(connection, target_id, lock=lock)


def schedule_by(
    connection: Connection,
    target_ids: Iterable[int],
    at: datetime,
    why: str,
    priority: Priority = Priority.ROUTINE,
) -> None:
    """Make targets due at `at` and as urgent as said; never later, and never less urgent, than they are."""
    ids = list(target_ids)
    if ids:
        rows = [{"id": target_id, "at": at, "because": why, "urgency": int(priority)} for target_id in ids]
        connection.execute(_WAKE, rows)
        invalidate_fast_path(connection, ids)


def invalidate_fast_path(connection: Connection, target_ids: Iterable[int]) -> None:
    """Have the next count of targets judged, however calm they were: something about their orders changed."""
    rows = [{"id": target_id} for target_id in target_ids]
    if rows:
        connection.execute(_AROUSE, rows)


@dataclass(frozen=True, slots=True)
class LookOutcome:
    """A look to save: the state of its target after it, and when to look again."""

    row: TargetState
    snapshot: Snapshot
    following: NextLook | None
    queue_position: QueuePosition | None = None
    """Place in its source's virtual queue."""
    noop_bounds: NoopBounds | None = None


def save_looks(connection: Connection, looks: Sequence[LookOutcome]) -> None:
    """Write down looks, and when to look again."""
    if looks:
        connection.execute(_LOOKED, [_after(look) for look in looks])


def _after(look: LookOutcome) -> dict[str, object]:
    row, snapshot, following = look.row, look.snapshot, look.following
    counted = snapshot.outcome is Outcome.COUNT
    private = snapshot.outcome is Outcome.PRIVATE
    since = row.private_since or (snapshot.at if private else None)
    return {
        "id": row.target_id,
        "next_due_at": following.at if following else None,
        "priority": int(following.priority if following else Priority.ROUTINE),
        "due_reason": following.due_reason if following else "no order is covered",
        "last_look_at": snapshot.at,
        "last_outcome": snapshot.outcome,
        "failures": row.failures,
        "last_count_at": snapshot.at if counted else row.last_count_at,
        "private_since": None if counted else since,
        "username_now": _name_now(row, snapshot),
        "notified_problem": row.notified_problem
        if following
        else None,  # an order to come must be told of it anew
        "source": row.schedule.source,
        "request_key": row.schedule.request_key,
        "unseen_by": " ".join(sorted(row.schedule.unseen_by)),
        "unseen_since": row.schedule.unseen_since,
        "cadence_state": following.cadence_state if following else "",
        "claimed_until": None,
        **_series(row.series),
        **_absent(row.absence),
        **queue_position_values(look.queue_position),
        **_noop_columns(look.noop_bounds),
    }


def _series(series: Series) -> dict[str, object]:
    return {
        "last_count": series.last_count,
        "count_kind": series.count_kind,
        "zero_seen": series.zero_seen,
        "account": series.account or None,
        "series_source": series.source,
        "count_offset": series.count_offset,
    }


def queue_position_values(queue_position: QueuePosition | None) -> dict[str, object]:
    """The columns of a target's place in the virtual queue."""
    call = queue_position.final_look if queue_position else None
    return {
        "virtual_due": queue_position.due if queue_position else None,
        "service_queue": queue_position.service_queue if queue_position else "",
        "not_before": queue_position.not_before if queue_position else None,
        "coverage_ends_at": queue_position.coverage_ends_at if queue_position else None,
        "final_look_slot": call.slot if call else None,
        "final_look_value": call.value if call else None,
    }


def _noop_columns(calm: NoopBounds | None) -> dict[str, object]:
    return {
        "noop_min_count": calm.count if calm else None,
        "noop_until": calm.until if calm else None,
        "judged_from": calm.judged_from if calm else None,
        "judged_until": calm.judged_until if calm else None,
    }


def _name_now(row: TargetState, snapshot: Snapshot) -> str | None:
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


def state_of(row: AnyRow) -> TargetState:
    """The target of a whole row."""
    return TargetState(
        target_id=row.target_id,
        target=Target(Link(row.kind, row.key), row.metric, row.owner, row.account, row.username_now),
        series=Series(
            row.last_count,
            row.count_kind,
            row.zero_seen,
            row.account or "",
            row.series_source,
            row.count_offset,
        ),
        last_look_at=row.last_look_at,
        last_outcome=row.last_outcome,
        last_count_at=row.last_count_at,
        failures=row.failures,
        private_since=row.private_since,
        absence=Absence(row.absences, row.absent_since, row.gone_at),
        notified_problem=row.notified_problem,
        judged_at=row.judged_at,
        drop_opened_at=row.drop_opened_at,
        noop_bounds=_noop_bounds_of(row),
        schedule=_schedule_of(row),
    )


def _schedule_of(row: AnyRow) -> TargetSchedule:
    return TargetSchedule(
        next_due_at=row.next_due_at,
        priority=Priority(row.priority),
        due_reason=row.due_reason,
        source=row.source,
        request_key=row.request_key,
        unseen_by=frozenset(row.unseen_by.split()),
        unseen_since=row.unseen_since,
        cadence_state=row.cadence_state,
        service_queue=None if row.virtual_due is None else row.service_queue,
    )


def _noop_bounds_of(row: AnyRow) -> NoopBounds | None:
    if row.noop_until is None:
        return None
    return NoopBounds(row.noop_min_count, row.noop_until, row.judged_from, row.judged_until)
