"""Backlogs: imports of older orders, whose old drops are told in one summary (RULES 10)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, and_, func, insert, or_, select, text, true, update

from monitor.model.decision import Reason
from monitor.model.drop import DropState
from storage.held_refills import HeldUnits
from storage.schema import backlogs, drops, orders, refills, reviews, targets
from storage.sums import number_of, total

_b = backlogs.c
_o = orders.c
_r = refills.c
_OF_BACKLOG = text("orders.backlog_id IS NOT NULL")  # the literal condition of the partial index
_OLD_DROP = and_(drops.c.order_id == _o.order_id, drops.c.backlog)


@dataclass(frozen=True, slots=True)
class Backlog:
    """One import of a backlog."""

    backlog_id: int
    begun_at: datetime
    finished_at: datetime | None
    """None while the import runs, or if it was interrupted."""
    told_at: datetime | None


@dataclass(frozen=True, slots=True)
class BacklogSums:
    """What the looks have found about the orders of a backlog."""

    orders: int
    judged: int
    with_drops: int
    """Orders that had a drop at their first judged look."""
    reviews: int
    held: tuple[HeldUnits, ...]


def begin(connection: Connection, now: datetime) -> int:
    """Store that the import of a backlog begins; gives its id."""
    backlog_id: int = connection.execute(
        insert(backlogs).values(begun_at=now).returning(_b.backlog_id)
    ).scalar_one()
    return backlog_id


def add_orders(connection: Connection, backlog_id: int, order_ids: Sequence[str]) -> None:
    """Put orders into a backlog, except those that were judged before or are in one."""
    unjudged = _o.order_id.in_(order_ids), _o.settled_look_at.is_(None), _o.backlog_id.is_(None)
    connection.execute(update(orders).where(*unjudged).values(backlog=true(), backlog_id=backlog_id))


def finish(connection: Connection, backlog_id: int, now: datetime) -> int:
    """Store that all orders of a backlog are imported; gives their number. Without any it counts as told."""
    query = select(func.count()).where(_OF_BACKLOG, _o.backlog_id == backlog_id)
    number = connection.execute(query).scalar_one()
    change = update(backlogs).where(_b.backlog_id == backlog_id)
    connection.execute(change.values(finished_at=now, told_at=None if number else now))
    return number


def untold(connection: Connection) -> list[Backlog]:
    """The backlogs whose summary is still to come, oldest first."""
    query = select(backlogs).where(_b.told_at.is_(None)).order_by(_b.backlog_id).with_for_update()
    return [Backlog(**row._asdict()) for row in connection.execute(query)]


def awaited(connection: Connection, backlog_id: int) -> bool:
    """Whether an order of a backlog will still be judged for the first time, or an old drop be decided."""
    suspected = select(drops.c.drop_id).where(_OLD_DROP, drops.c.state == DropState.SUSPECTED).exists()
    unjudged = and_(_o.settled_look_at.is_(None), targets.c.next_due_at.is_not(None))
    query = (
        select(_o.order_id)
        .join(targets, targets.c.target_id == _o.target_id)
        .where(_OF_BACKLOG, _o.backlog_id == backlog_id, or_(unjudged, suspected))
        .limit(1)
    )
    return connection.execute(query).first() is not None


def sums(connection: Connection, backlog_id: int) -> BacklogSums:
    """Sum up what is known about the orders of a backlog."""
    of_it = _OF_BACKLOG, _o.backlog_id == backlog_id
    fallen = select(drops.c.drop_id).where(_OLD_DROP).exists()
    reviewed = select(reviews.c.review_id).where(reviews.c.order_id == _o.order_id).exists()
    of_judged = number_of(_o.settled_look_at.is_not(None))
    numbers = func.count(), of_judged, number_of(fallen), number_of(reviewed)
    number, judged, dropped, opened = connection.execute(
        select(*numbers).select_from(orders).where(*of_it)
    ).one()
    group = _o.service, _o.provider, _o.price, _o.currency, _o.quantity
    held = (
        select(*group, func.count(), total(_r.quantity))
        .join(refills, _r.order_id == _o.order_id)
        .where(*of_it, text("refills.state = 'held'"), _r.reason == Reason.BACKLOG)
        .group_by(*group)
    )
    return BacklogSums(
        number, judged, dropped, opened, tuple(HeldUnits(*row) for row in connection.execute(held))
    )


def note_told(connection: Connection, backlog_id: int, now: datetime) -> None:
    """Store that the summary is created; its orders have alerts of their own from now on."""
    connection.execute(update(backlogs).where(_b.backlog_id == backlog_id).values(told_at=now))
    connection.execute(update(orders).where(_OF_BACKLOG, _o.backlog_id == backlog_id).values(backlog_id=None))
