"""Targets: their state, schedule and results of looks."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, case, null, select, update
from sqlalchemy.dialects import postgresql, sqlite

from monitor.cadence.schedule import NextLook, Priority, QueuePosition
from monitor.evaluation.target_state import TargetSchedule, TargetState
from monitor.guarantee.gone_detection import Absence
from monitor.guarantee.noop_bounds import NoopBounds
from monitor.guarantee.series import Series
from monitor.model.link import Link
from monitor.model.snapshot import Outcome, Snapshot
from monitor.model.target import Metric, Target
from storage import claim_columns
from storage.bulk import execute_many
from storage.column_types import AnyRow
from storage.errors import NotFoundError
from storage.schema import orders, targets

_t = targets.c
_BY_ID = select(targets).where(_t.target_id == bindparam("target_id"))
_LOCK_ONE = _BY_ID.with_for_update()
_LOCK_IDS = (
    select(_t.target_id)
    .where(_t.target_id.in_(bindparam("target_ids", expanding=True)))
    .order_by(_t.target_id)
    .with_for_update()
)
_SOME = select(targets).where(_t.target_id.in_(bindparam("target_ids", expanding=True)))
_LOCK_MANY = _SOME.order_by(_t.target_id).with_for_update()
FORGOTTEN_KEY = "forgotten!"
"""How the key of a target begins whose link was removed; no username and no shortcode has this character."""
_EARLIER = (
    _t.next_due_at.is_(None) | (_t.next_due_at > bindparam("at")) | (_t.priority > bindparam("urgency"))
)
_SCHEDULE_BY = (
    update(targets)
    .where(_t.target_id.in_(bindparam("ids", expanding=True)), _t.key.not_like(f"{FORGOTTEN_KEY}%"))
    .values(
        next_due_at=case((_t.next_due_at < bindparam("at"), _t.next_due_at), else_=bindparam("at")),
        priority=case(
            (_t.next_due_at.is_not(None) & (_t.priority < bindparam("urgency")), _t.priority),
            else_=bindparam("urgency"),
        ),
        due_reason=case((_EARLIER, bindparam("because")), else_=_t.due_reason),
        noop_until=None,  # as invalidate_fast_path does
    )
)
_INVALIDATE_FAST_PATH = (
    update(targets)
    .where(_t.target_id.in_(bindparam("ids", expanding=True)), _t.noop_until.is_not(None))
    .values(noop_until=None)
)
_SAVE_LOOK = (
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
                "source_account",
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


def _ensure(insert: sqlite.Insert | postgresql.Insert) -> sqlite.Insert | postgresql.Insert:
    """Insert a target; an existing one may get an owner, with which another source may read it."""
    values: dict[str, object] = {name: bindparam(name) for name in ("link", "kind", "key", "metric", "owner")}
    owner = insert.excluded.owner
    return insert.values(values).on_conflict_do_update(
        index_elements=["link", "metric"],
        set_={"owner": owner, "source": null()},
        where=_t.owner.is_(None) & owner.is_not(None),
    )


_ENSURE = {"sqlite": _ensure(sqlite.insert(targets)), "postgresql": _ensure(postgresql.insert(targets))}
_OF_LINKS = select(_t.target_id, _t.link, _t.metric).where(_t.link.in_(bindparam("links", expanding=True)))


def get(connection: Connection, target_id: int, *, lock: bool = False) -> TargetState:
    """Return a target; `lock` keeps other transactions from evaluating it or flagging its orders."""
    row = connection.execute(_LOCK_ONE if lock else _BY_ID, {"target_id": target_id}).one_or_none()
    if row is None:
        raise NotFoundError(f"there is no target {target_id}")
    return state_of(row)


def lock(connection: Connection, target_ids: Sequence[int]) -> None:
    """Lock targets in the order of their ids, which prevents deadlocks; SQLite has only one writer."""
    if target_ids and connection.dialect.name == "postgresql":
        connection.execute(_LOCK_IDS, {"target_ids": target_ids})


def ids_of_orders(connection: Connection, order_ids: Sequence[str]) -> dict[str, int]:
    """The targets of these orders, by order; unknown orders are skipped."""
    query = select(orders.c.order_id, orders.c.target_id).where(orders.c.order_id.in_(order_ids))
    return {row.order_id: row.target_id for row in connection.execute(query)}


def forgotten(connection: Connection, target_ids: Sequence[int]) -> set[int]:
    """Those of these targets whose link an operator has removed."""
    query = select(_t.target_id).where(_t.target_id.in_(target_ids), _t.key.like(f"{FORGOTTEN_KEY}%"))
    return set(connection.execute(query).scalars()) if target_ids else set()


def locked(connection: Connection, target_ids: Sequence[int]) -> dict[int, TargetState]:
    """Return targets by id, locked in the order of their ids, which prevents deadlocks."""
    rows = connection.execute(_LOCK_MANY, {"target_ids": target_ids}) if target_ids else ()
    return {row.target_id: state_of(row) for row in rows}


def some(connection: Connection, target_ids: Sequence[int]) -> dict[int, TargetState]:
    """Return targets by id, not locked."""
    rows = connection.execute(_SOME, {"target_ids": target_ids}) if target_ids else ()
    return {row.target_id: state_of(row) for row in rows}


def of_order(connection: Connection, order_id: str, *, lock: bool = False) -> TargetState:
    """Return the target of an order; raises NotFoundError when there is no such order."""
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
    """Make targets due by `at` with at least this priority; never later or less urgent than before."""
    ids = list(target_ids)
    if ids:
        values = {"ids": ids, "at": at, "because": why, "urgency": int(priority)}
        connection.execute(_SCHEDULE_BY, values)


def invalidate_fast_path(connection: Connection, target_ids: Iterable[int]) -> None:
    """Clear the noop bounds of targets whose orders changed: the next count is evaluated."""
    ids = list(target_ids)
    if ids:
        connection.execute(_INVALIDATE_FAST_PATH, {"ids": ids})


@dataclass(frozen=True, slots=True)
class LookOutcome:
    """A look to save: the state of its target after it, and the next look."""

    state: TargetState
    snapshot: Snapshot
    next_look: NextLook | None
    queue_position: QueuePosition | None = None
    """None when the target is not in the virtual queue."""
    noop_bounds: NoopBounds | None = None
    _: KW_ONLY
    was_hidden: bool
    """Whether the target was private or gone before it."""


def save_looks(connection: Connection, looks: Sequence[LookOutcome]) -> None:
    """Save the states of targets after looks, and their schedules."""
    if not looks:
        return
    rows = [_look_values(look) for look in looks]
    connection.execute(_SAVE_LOOK, rows)
    before = {look.state.target_id for look in looks if look.was_hidden}
    after = {row["id"] for row in rows if row["private_since"] is not None or row["gone_at"] is not None}
    claim_columns.refresh_targets(connection, sorted(before ^ after))


def _look_values(look: LookOutcome) -> dict[str, Any]:
    state, snapshot, next_look = look.state, look.snapshot, look.next_look
    counted = snapshot.outcome is Outcome.COUNT
    private = snapshot.outcome is Outcome.PRIVATE
    since = state.private_since or (snapshot.at if private else None)
    return {
        "id": state.target_id,
        "next_due_at": next_look.at if next_look else None,
        "priority": int(next_look.priority if next_look else Priority.ROUTINE),
        "due_reason": next_look.due_reason if next_look else "no order is covered",
        "last_look_at": snapshot.at,
        "last_outcome": snapshot.outcome,
        "failures": state.failures,
        "last_count_at": snapshot.at if counted else state.last_count_at,
        "private_since": None if counted else since,
        "username_now": _present_username(state, snapshot),
        # A problem ends with the last order, so that a new order is notified again.
        "notified_problem": state.notified_problem if next_look else None,
        "source": state.schedule.source,
        "request_key": state.schedule.request_key,
        "unseen_by": " ".join(sorted(state.schedule.unseen_by)),
        "unseen_since": state.schedule.unseen_since,
        "cadence_state": next_look.cadence_state if next_look else "",
        "claimed_until": None,
        **_series_values(state.series),
        **_absence_values(state.absence),
        **queue_position_values(look.queue_position),
        **_noop_values(look.noop_bounds),
    }


def _series_values(series: Series) -> dict[str, object]:
    return {
        "last_count": series.last_count,
        "count_kind": series.count_kind,
        "zero_seen": series.zero_seen,
        "account": series.account or None,
        "source_account": series.source_account or None,
        "series_source": series.source,
        "count_offset": series.count_offset,
    }


def queue_position_values(queue_position: QueuePosition | None) -> dict[str, object]:
    """Return the columns of a target's queue position."""
    final_look = queue_position.final_look if queue_position else None
    return {
        "virtual_due": queue_position.due if queue_position else None,
        "service_queue": queue_position.service_queue if queue_position else "",
        "not_before": queue_position.not_before if queue_position else None,
        "coverage_ends_at": queue_position.coverage_ends_at if queue_position else None,
        "final_look_slot": final_look.slot if final_look else None,
        "final_look_value": final_look.value if final_look else None,
    }


def _noop_values(bounds: NoopBounds | None) -> dict[str, object]:
    return {
        "noop_min_count": bounds.count if bounds else None,
        "noop_until": bounds.until if bounds else None,
        "judged_from": bounds.judged_from if bounds else None,
        "judged_until": bounds.judged_until if bounds else None,
    }


def _present_username(state: TargetState, snapshot: Snapshot) -> str | None:
    """Present username of a renamed profile; a look without the series' account leaves it as it was."""
    if snapshot.account and snapshot.account == state.series.account:
        return snapshot.username or None
    return state.target.username_now


def _absence_values(absence: Absence) -> dict[str, object]:
    return {"absences": absence.looks, "absent_since": absence.since, "gone_at": absence.gone_at}


def ensure(connection: Connection, wanted: Sequence[Target]) -> Mapping[tuple[str, Metric], int]:
    """Create missing targets, and add a missing owner; return the ids of all, by link and metric."""
    if not wanted:
        return {}
    rows: dict[tuple[str, Metric], dict[str, object]] = {}
    for target in sorted(wanted, key=lambda t: t.owner is None):  # with an owner first
        rows.setdefault((target.link.url, target.metric), _new(target))
    execute_many(connection, _ENSURE[connection.dialect.name], [rows[key] for key in sorted(rows)])
    found = connection.execute(_OF_LINKS, {"links": [url for url, _ in rows]})
    return {(row.link, row.metric): row.target_id for row in found}


def _new(target: Target) -> dict[str, object]:
    """The columns of a new target, as the database stores them."""
    link = target.link
    return {
        "link": link.url,
        "kind": str(link.kind),
        "key": link.key,
        "metric": str(target.metric),
        "owner": target.owner,
    }


def state_of(row: AnyRow) -> TargetState:
    """Return the target of a complete row."""
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
            row.source_account or "",
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
        claimed_until=row.claimed_until,
    )


def _noop_bounds_of(row: AnyRow) -> NoopBounds | None:
    if row.noop_until is None:
        return None
    return NoopBounds(row.noop_min_count, row.noop_until, row.judged_from, row.judged_until)
