"""Daily caps: what was queued on a day, what is held for them, and which alerts were created (RULES 8)."""

from datetime import date, timedelta

from sqlalchemy import Connection, func, select, text

from monitor.guarantee.daily_caps import CapScope, DayUsage, QueuedUnits, ScopeKind, beginning_of, used_with
from monitor.model.decision import Reason
from storage.engine import advisory_lock, insert_into
from storage.schema import daily_cap_alerts, orders, refills
from storage.sums import total

_o = orders.c
_r = refills.c
_GROUP = _o.service, _o.provider, _o.price, _o.currency, _o.quantity
_COLUMN = {ScopeKind.PROVIDER: _o.provider, ScopeKind.SERVICE: _o.service}


def lock(connection: Connection) -> None:
    """Let no other process queue refills under the daily caps until the commit."""
    advisory_lock(connection, "refilld daily caps")


def usage(connection: Connection, day: date) -> DayUsage:
    """What is used of a day: the refills that were first queued on it, whatever became of them."""
    begins = beginning_of(day)
    query = (
        select(*_GROUP, total(_r.quantity))
        .select_from(refills)
        .join(orders, _o.order_id == _r.order_id)
        .where(
            text("refills.first_queued_at IS NOT NULL"),  # the literal condition of the partial index
            _r.first_queued_at >= begins,
            _r.first_queued_at < begins + timedelta(days=1),
        )
        .group_by(*_GROUP)
    )
    return used_with({}, (QueuedUnits(*row) for row in connection.execute(query)))


def held(connection: Connection, scope: CapScope) -> int:
    """Number of refills of a scope that are held for a daily cap."""
    query = (
        select(func.count())
        .select_from(refills)
        .join(orders, _o.order_id == _r.order_id)
        .where(text("refills.state = 'held'"), _r.reason == Reason.DAILY_CAP)
    )
    if scope.kind in _COLUMN:
        query = query.where(_COLUMN[scope.kind] == scope.name)
    return connection.execute(query).scalar_one()


def begin_alert(connection: Connection, scope: CapScope, day: date) -> bool:
    """Note that the alert of a scope and day is created; False if it was before."""
    row = {"day": beginning_of(day), "scope_kind": scope.kind, "scope_name": scope.name}
    insert = insert_into(connection, daily_cap_alerts).values(row).on_conflict_do_nothing()
    return connection.execute(insert.returning(daily_cap_alerts.c.day)).first() is not None
