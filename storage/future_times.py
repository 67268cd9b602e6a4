"""Repair of stored times that lie in the future because the clock was ahead when they were written.

A time at which something happened is set to now. A time until which something lasts keeps its duration: it is
counted from now instead of from the wrong time at which it was written.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Select,
    Table,
    Update,
    case,
    func,
    literal,
    or_,
    select,
    text,
    update,
)

from monitor.guarantee.daily_caps import beginning_of, day_of
from monitor.model.decision import Reason
from storage import due
from storage.alert_tables import deliveries, events, self_checks
from storage.column_types import Instant
from storage.daemon_table import daemons, job_holders
from storage.idempotency_table import idempotency_keys
from storage.import_table import imports
from storage.pipeline_tables import alert_groups, notifications, routed_alerts, silences
from storage.schema import (
    OPEN_REFILL,
    backlogs,
    drops,
    mass_drops,
    orders,
    queued_units,
    refill_events,
    refills,
    requests,
    reviews,
    targets,
)
from storage.source_tables import source_reads, source_requests, source_state
from storage.transfer_tables import transfers
from storage.user_tables import sign_in_attempts, user_sessions
from storage.webhook_tables import webhook_attempts, webhook_deliveries, webhook_endpoints

MARGIN = timedelta(minutes=30)
"""How far the clocks of several daemons may be apart without anything being repaired."""
LONGEST_LEASE = timedelta(days=1)
"""A lease that was extended under a wrong clock is cut to this."""

HAPPENED: Mapping[Table, tuple[str, ...]] = {
    targets: (
        "last_look_at", "last_count_at", "private_since", "absent_since", "gone_at", "judged_at",
        "drop_opened_at", "unseen_since",
    ),
    orders: ("imported_at", "updated_at", "settled_look_at", "base_at", "counted_at"),
    requests: ("at", "answered_at"),
    drops: ("opened_at", "confirmed_at", "closed_at"),
    refills: ("created_at", "queued_at", "completed_at"),
    queued_units: ("at",),
    refill_events: ("at",),
    mass_drops: ("started_at", "ended_at"),
    reviews: ("opened_at", "closed_at"),
    events: ("at", "routed_at"),
    routed_alerts: ("told_at", "decided_at"),
    notifications: ("at",),
    silences: ("matched_at",),
    alert_groups: ("tick_at",),
    deliveries: ("sent_at",),
    source_state: ("refused_at", "used_at", "blocked_since"),
    source_reads: ("last_count_at",),
    daemons: ("started_at", "beat_at"),
    job_holders: ("begun_at",),
    backlogs: ("begun_at", "finished_at", "told_at"),
    self_checks: ("since", "checked_at"),
    imports: ("last_at",),
    idempotency_keys: ("at",),
    sign_in_attempts: ("at",),
    user_sessions: ("created_at", "seen_at"),
    transfers: ("at",),
    webhook_endpoints: ("created_at", "failing_since", "disabled_at"),
    webhook_deliveries: ("created_at", "finished_at"),
    webhook_attempts: ("at",),
}  # fmt: skip
"""Times at which something happened: set to now."""

LASTS = {
    "refills.leased_until", "refills.available_at", "refills.release_at",
    "deliveries.next_try_at", "alert_groups.next_at", "source_state.paused_until", "source_state.wait_until",
    "transfers.hold_until", "webhook_endpoints.paused_until", "webhook_deliveries.next_try_at",
}  # fmt: skip
"""Times until which something lasts: counted from now."""

SCHEDULE = {"targets.next_due_at", "targets.claimed_until", "targets.noop_until", "targets.not_before"}
"""Repaired by `due.repair_future_times`, which looks at these targets again."""

LEFT: Mapping[str, str] = {
    "targets.coverage_ends_at": "the end of a guarantee, which follows from the order",
    "targets.judged_from": "a bound that follows from the orders; counts only with noop_until",
    "targets.judged_until": "a bound that follows from the orders; counts only with noop_until",
    "orders.completed_at": "given by the panel; the import refuses times in the future",
    "orders.created_at": "given by the panel; the import refuses times in the future",
    "snapshots.at": "part of the key, and history: nothing waits for it",
    "source_requests.at": "deleted instead, so that the budget is free again",
    "orders.forgotten_at": "shown only",
    "queue_pauses.paused_at": "shown only",
    "users.created_at": "shown only",
    "users.disabled_at": "shown only",
    "user_sessions.expires_at": "a session that is not used ends before that",
    "orders.listed_at": "follows from the completion",
    "bulk_actions.previewed_at": "shown only",
    "bulk_actions.confirmed_at": "shown only",
    "bulk_actions.finished_at": "shown only",
    "bulk_actions.expires_at": "a row that has changed since is refused whenever it is confirmed",
    "order_flags.set_at": "shown only",
    "order_corrections.at": "shown only",
    "decisions.at": "shown only",
    "silences.starts_at": "chosen by an operator",
    "silences.ends_at": "chosen by an operator",
    "problems.acknowledged_at": "shown only",
    "survival_runs.started_at": "a later time delays no run",
    "survival_runs.finished_at": "shown only",
    "survival_runs.completed_since": "shown only",
    "guarantee_costs.month": "the month of a refill, computed anew every run",
    "digests.due_at": "corrected when it is later than the schedule's next time",
    "alert_channels.next_try_at": "ignored when it is further ahead than any pause",
    "daily_cap_alerts.day": "a cap of that day is told once at most",
    "operating_days.day": "makes rows older by one day at most",
    "retention_progress.thinned_until": "a position among the looks, worked out from operating days",
    "retention_progress.thinning_until": "a position among the looks, worked out from operating days",
    "retention_progress.thinning_at": "a position among the looks, worked out from operating days",
    "tokens.created_at": "shown only",
    "buyer_keys.created_at": "shown only",
    "buyer_links.asked_since": "a time ahead begins anew at the next request",
    "webhook_secrets.created_at": "shown only",
    "webhook_secrets.retires_at": "an old secret that signs for longer harms nobody",
    "tokens.expires_at": "chosen by an operator",
    "tokens.old_expires_at": "chosen by an operator",
    "tokens.rotated_at": "shown only",
    "token_uses.used_at": "shown only",
    "token_uses.minute_at": "a minute that is further ahead than the next is replaced",
    "tokens.revoked_at": "a token is revoked whatever the time",
}
"""Times that stay, each with the reason."""

_r, _e, _s, _d = refills.c, refill_events.c, source_state.c, deliveries.c
_g = alert_groups.c
_wd, _we = webhook_deliveries.c, webhook_endpoints.c


def newest_written(connection: Connection, *, thorough: bool) -> datetime | None:
    """The newest time that was written when something happened; None in an empty database.

    Only indexes and small tables are read, unless `thorough`.
    """
    last_event = select(_e.at).order_by(_e.event_id.desc()).limit(1)
    newest_event = select(events.c.at).order_by(events.c.event_id.desc()).limit(1)
    queries: list[Select[datetime]] = [
        select(func.max(daemons.c.beat_at)),
        select(func.max(source_requests.c.at)),
        select(func.max(_s.refused_at)),
        last_event,
        newest_event,
    ]
    if thorough:
        queries += [select(func.max(orders.c.updated_at)), select(func.max(targets.c.last_look_at))]
    found = [connection.execute(query).scalar() for query in queries]
    return max((at for at in found if at is not None), default=None)


class Repaired(NamedTuple):
    """Numbers of rows that were repaired."""

    targets: int
    """Targets that are due now."""
    rows: int
    """Rows with other times."""


def repair(connection: Connection, now: datetime, longest_hold: timedelta) -> Repaired:
    """Repair all times later than `now`; `longest_hold` is the hold of a mass drop."""
    due.lock_future_times(connection, now, HAPPENED[targets])
    connection.execute(_refills(now))
    # each compares with times that are repaired after it
    looked_at = due.repair_future_times(connection, now)
    lasting = (*_leases(now), *_waits(now), _holds(now, longest_hold))
    rows = sum(connection.execute(change).rowcount for change in (*lasting, *_happened(now)))
    return Repaired(looked_at, rows)


def _refills(now: datetime) -> Select[int]:
    """Lock the refills that may be changed in the order of their ids, as consumers do."""
    at = literal(now, Instant)
    changed = or_(text(OPEN_REFILL), *(_r[name] > at for name in HAPPENED[refills]))
    return select(_r.refill_id).where(changed).order_by(_r.refill_id).with_for_update()


def _happened(now: datetime) -> list[Update]:
    at = literal(now, Instant)
    return [
        update(table)
        .where(or_(*(table.c[name] > at for name in names)))
        .values({name: case((table.c[name] > at, at), else_=table.c[name]) for name in names})
        for table, names in HAPPENED.items()
    ]


def _leases(now: datetime) -> list[Update]:
    """Leases, and the times at which refills can be claimed, after the newest event of the refill."""
    at = literal(now, Instant)
    last = (
        select(_e.at)
        .where(_e.refill_id == _r.refill_id)
        .order_by(_e.event_id.desc())
        .limit(1)
        .scalar_subquery()
    )
    longest = literal(now + LONGEST_LEASE, Instant)
    return [
        _counted_from_now(refills, _r.leased_until, last, at).where(_r.state == "claimed"),
        update(refills).where(_r.state == "claimed", _r.leased_until > longest).values(leased_until=longest),
        _counted_from_now(refills, _r.available_at, last, at).where(_r.state == "queued"),
        _counted_from_now(refills, _r.release_at, _r.created_at, at).where(_r.state == "held"),
    ]


def _holds(now: datetime, longest: timedelta) -> Update:
    """Holds that were renewed under a wrong clock: at most as long as one that begins now."""
    last_restore = select(func.max(transfers.c.hold_until)).scalar_subquery()
    restored = func.coalesce(last_restore, literal(now, Instant))
    next_day = literal(beginning_of(day_of(now) + timedelta(days=1)), Instant)
    limit = case(
        (_r.reason == Reason.RESTORED, restored),
        (_r.reason == Reason.DAILY_CAP, next_day),
        else_=literal(now + longest, Instant),
    )
    return update(refills).where(_r.state == "held", _r.release_at > limit).values(release_at=limit)


def _waits(now: datetime) -> list[Update]:
    """Pauses of sources; alerts and webhooks, which are tried again at once."""
    at = literal(now, Instant)
    return [
        _counted_from_now(source_state, _s.paused_until, _s.refused_at, at),
        _counted_from_now(source_state, _s.wait_until, _s.used_at, at),
        _counted_from_now(transfers, transfers.c.hold_until, transfers.c.at, at),
        update(alert_groups).where(_g.next_at > at).values(next_at=at),
        update(deliveries).where(_d.state == "pending", _d.next_try_at > at).values(next_try_at=at),
        update(webhook_deliveries).where(_wd.state == "pending", _wd.next_try_at > at).values(next_try_at=at),
        update(webhook_endpoints).where(_we.paused_until > at).values(paused_until=at),
    ]


def _counted_from_now(
    table: Table, until: Column[datetime], written: ColumnElement[datetime], at: ColumnElement[datetime]
) -> Update:
    """Keep the duration from `written`, which is in the future, until `until`."""
    return update(table).where(until > at, written > at).values({until.name: at + (until - written)})
