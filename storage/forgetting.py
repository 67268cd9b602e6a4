"""Forgetting a customer: what names a person is removed; sums, drops, decisions and refills stay.

A target that only forgotten orders use loses its link. It cannot be looked at any more, so the guarantee of
its orders ends. The orders stay as tombstones (`forgotten_at`): a later import skips their rows.
"""

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Text, and_, case, delete, or_, select, update

from monitor.events.changes import CustomerForgotten
from monitor.events.event import Earlier, Event
from monitor.events.kind import EventKind
from monitor.model.bulk_action import BulkAction
from monitor.model.decision import Reason
from monitor.model.link import Link
from monitor.model.refill import RefillState
from monitor.model.terms import RefillMode
from storage import events as event_rows
from storage import flags, order_states, requests, targets
from storage.alert_tables import deliveries, events
from storage.bulk_tables import bulk_actions, bulk_items
from storage.engine import advisory_lock
from storage.errors import WrongStateError
from storage.pipeline_tables import notification_events, problems, routed_alerts, silences
from storage.schema import orders, refill_events, refills, reviews, snapshots
from storage.schema import targets as targets_table
from storage.source_tables import source_state
from storage.targets import FORGOTTEN_KEY
from storage.terms import dump_terms
from storage.webhook_tables import webhook_deliveries

REMOVED = "(forgotten)"
_o = orders.c
_OWN_WORDS = {"release", "the lease ended", *map(str, Reason)}
"""Details of refill events that are no text of a consumer."""


@dataclass(frozen=True, slots=True)
class CustomerTarget:
    """A target with the orders of one customer on it."""

    target_id: int
    order_ids: tuple[str, ...]
    shared: bool
    """Orders of others use it as well: it keeps its link, and the guarantees go on."""


def targets_of_customer(connection: Connection, customer: str) -> list[CustomerTarget]:
    """The targets of a customer's orders, with these orders."""
    mine: defaultdict[int, list[str]] = defaultdict(list)
    query = select(_o.target_id, _o.order_id).where(_o.customer == customer).order_by(_o.order_id)
    for row in connection.execute(query):
        mine[row.target_id].append(row.order_id)
    shared = _shared(connection, customer)
    return [CustomerTarget(key, tuple(ids), key in shared) for key, ids in sorted(mine.items())]


def _shared(connection: Connection, customer: str) -> set[int]:
    """The targets of a customer that orders of others use as well; forgotten orders are nobody's."""
    own = select(_o.target_id).where(_o.customer == customer)
    other = or_(_o.customer != customer, and_(_o.customer.is_(None), _o.forgotten_at.is_(None)))
    return set(connection.execute(select(_o.target_id).where(_o.target_id.in_(own), other)).scalars())


def forget(connection: Connection, customer: str, shown: CustomerTarget, now: datetime) -> None:
    """Remove what names a customer from one target and the orders on it.

    Raises WrongStateError if other orders were imported since the target was shown.
    """
    advisory_lock(connection, "refilld import")
    targets.lock(connection, [shown.target_id])
    _lock_refills(connection, shown.target_id)
    present = _present(connection, customer, shown.target_id)
    if present != (shown.order_ids, shown.shared):
        raise WrongStateError(f"the orders on target {shown.target_id} have changed since they were shown")
    if not shown.shared:
        of_target = select(_o.order_id).where(_o.target_id == shown.target_id).order_by(_o.order_id)
        every_order = connection.execute(of_target).scalars().all()  # also those forgotten before
        _end_guarantees(connection, every_order, now)
        _remove_target(connection, shown.target_id)
    ids = shown.order_ids
    removed = {"customer": None, "link_typed": "", "forgotten_at": now, "updated_at": now}
    connection.execute(update(orders).where(_o.order_id.in_(ids)).values(removed))
    _remove_texts(connection, ids)
    event = Event(EventKind.CUSTOMER_FORGOTTEN, CustomerForgotten(len(ids)))
    event_rows.add(connection, event, now)
    targets.invalidate_fast_path(connection, [shown.target_id])


def _lock_refills(connection: Connection, target_id: int) -> None:
    """Lock all refills on a target in the order of their ids, as consumers do."""
    of_target, key = select(_o.order_id).where(_o.target_id == target_id), refills.c.refill_id
    connection.execute(select(key).where(refills.c.order_id.in_(of_target)).order_by(key).with_for_update())


def _present(connection: Connection, customer: str, target_id: int) -> tuple[tuple[str, ...], bool]:
    """The orders of a customer on a target, and whether orders of others use it."""
    query = select(_o.order_id, _o.customer).where(_o.target_id == target_id, _o.forgotten_at.is_(None))
    rows = connection.execute(query.order_by(_o.order_id)).all()
    mine = tuple(row.order_id for row in rows if row.customer == customer)
    return mine, len(mine) < len(rows)


def _end_guarantees(connection: Connection, order_ids: Sequence[str], now: datetime) -> None:
    flags.end_guarantees(connection, dict.fromkeys(order_ids, "the customer was forgotten"), now)
    for order_id in order_ids:
        order = order_states.one_order(connection, order_id)
        never = dump_terms(replace(order.terms, refill=RefillMode.NEVER))
        connection.execute(update(orders).where(_o.order_id == order_id).values(terms=never))
        requests.answered(connection, order_id, now)


def _remove_texts(connection: Connection, order_ids: Sequence[str]) -> None:
    """Remove texts of operators and consumers, and events about the orders."""
    own = refills.c.order_id.in_(order_ids)
    connection.execute(
        update(refills).where(own, refills.c.last_error.is_not(None)).values(last_error=REMOVED)
    )
    event = refill_events.c
    of_consumers = and_(
        event.refill_id.in_(select(refills.c.refill_id).where(own)),
        event.state.in_([RefillState.QUEUED, RefillState.DEAD]),
        event.detail.not_in(_OWN_WORDS),
        event.detail.not_like("hold is over: %"),
        event.detail.not_like("% by an operator"),
    )
    connection.execute(update(refill_events).where(of_consumers).values(detail=REMOVED))
    noted = and_(reviews.c.order_id.in_(order_ids), reviews.c.note != "")
    connection.execute(update(reviews).where(noted).values(note=REMOVED))
    _remove_bulk_texts(connection, order_ids)
    digest = and_(events.c.kind == EventKind.DIGEST_DUE, events.c.version != 0)  # it names who waits
    _remove_events(connection, or_(events.c.order_id.in_(order_ids), digest))


def _remove_bulk_texts(connection: Connection, order_ids: Sequence[str]) -> None:
    """Remove notes of bulk actions on reviews of the orders, and all filters by customer or link.

    A filter may name a customer in any spelling.
    """
    action, row = bulk_actions.c, bulk_items.c
    mine = select(reviews.c.review_id.cast(Text)).where(reviews.c.order_id.in_(order_ids))
    theirs = select(row.item_id).where(row.bulk_action_id == action.bulk_action_id, row.subject.in_(mine))
    noted = and_(action.verb == BulkAction.CLOSE, theirs.exists())
    note = json.dumps({"note": REMOVED})
    connection.execute(update(bulk_actions).where(noted).values(arguments=note))
    for column in (action.filter, action.list_path):
        named = or_(column.contains("customer="), column.contains("link="))
        connection.execute(update(bulk_actions).where(named).values({column.name: ""}))


def _remove_events(connection: Connection, about: ColumnElement[bool]) -> None:
    """Remove the payloads of events, and all answers to them; those still to be sent are kept unsent."""
    event = events.c
    values = {
        "version": 0,
        "payload": event_rows.dump_payload(Earlier(REMOVED)),
        "link": None,
        "dedup_key": event.kind.cast(event.dedup_key.type),
        "alert": case((event.alert == "pending", "kept"), else_=event.alert),
    }
    ids = select(event.event_id).where(about)
    for table in (deliveries, notification_events, problems, webhook_deliveries):
        connection.execute(delete(table).where(table.c.event_id.in_(ids)))
    routed = update(routed_alerts).where(routed_alerts.c.event_id.in_(ids))
    connection.execute(routed.values(dedup_key=REMOVED, group_key=None))
    connection.execute(update(events).where(about).values(values))


def _remove_silences(connection: Connection, link: str) -> None:
    """Remove silences of a link, and comments of others that name it."""
    silence = silences.c
    connection.execute(delete(silences).where(silence.matchers.contains(link, autoescape=True)))
    noted = silence.comment.contains(link, autoescape=True)
    connection.execute(update(silences).where(noted).values(comment=REMOVED))


def _remove_target(connection: Connection, target_id: int) -> None:
    """Remove the link of a target and the names that sources gave; it is not looked at any more."""
    row = connection.execute(select(targets_table).where(targets_table.c.target_id == target_id)).one()
    _remove_events(
        connection, or_(events.c.link == row.link, events.c.payload.contains(row.link, autoescape=True))
    )
    _remove_silences(connection, row.link)
    link = Link(row.kind, f"{FORGOTTEN_KEY}{target_id}")
    names = {"owner": None, "account": None, "source_account": None, "username_now": None, "request_key": ""}
    schedule = dict.fromkeys(("next_due_at", "source", "virtual_due", "not_before", "claimed_until"))
    ends = dict.fromkeys(("coverage_ends_at", "final_look_slot", "final_look_value"))
    connection.execute(
        update(targets_table)
        .where(targets_table.c.target_id == target_id)
        .values(link=link.url, key=link.key, due_reason="", **names, **schedule, **ends)
    )
    seen = and_(snapshots.c.target_id == target_id, snapshots.c.detail != "")
    connection.execute(update(snapshots).where(seen).values(detail=REMOVED))
    for column in (source_state.c.suspected_target, source_state.c.failed_targets):
        named = column.contains(row.key, autoescape=True)
        connection.execute(update(source_state).where(named).values({column.name: ""}))
