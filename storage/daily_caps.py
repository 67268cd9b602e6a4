"""Daily caps: what is held for them, and which alerts were created (RULES 8)."""

from datetime import date, datetime

from sqlalchemy import Connection, func, select, text

from monitor.events.limits import daily_cap_reached
from monitor.guarantee.daily_caps import CapScope, DailyCaps, ScopeKind, beginning_of, day_of
from monitor.model.decision import Reason
from storage import events
from storage.engine import advisory_lock, insert_into
from storage.schema import daily_cap_alerts, orders, refills

_o = orders.c
_r = refills.c
_COLUMN = {ScopeKind.PROVIDER: _o.provider, ScopeKind.SERVICE: _o.service}


def lock(connection: Connection) -> None:
    """Let no other process queue refills under the daily caps until the commit."""
    advisory_lock(connection, "refilld daily caps")


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


def concerns_orders(connection: Connection, scope: CapScope) -> bool:
    """Whether any order has the provider or the service of a scope."""
    query = select(_o.order_id).where(_COLUMN[scope.kind] == scope.name).limit(1)
    return connection.execute(query).first() is not None


def tell_reached(connection: Connection, scope: CapScope, caps: DailyCaps, at: datetime) -> None:
    """Create the alert that a cap is reached, once per day; the refills held for it must be saved."""
    if _begin_alert(connection, scope, day_of(at)):
        cap, number = caps.caps[scope], held(connection, scope)
        event = daily_cap_reached(scope, cap, number, release_next_day=caps.release_next_day)
        events.add(connection, event, at)


def _begin_alert(connection: Connection, scope: CapScope, day: date) -> bool:
    """Note that the alert of a scope and day is created; False if it was before."""
    row = {"day": beginning_of(day), "scope_kind": scope.kind, "scope_name": scope.name}
    insert = insert_into(connection, daily_cap_alerts).values(row).on_conflict_do_nothing()
    return connection.execute(insert.returning(daily_cap_alerts.c.day)).first() is not None
