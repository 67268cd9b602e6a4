"""Previews of actions on many rows: the rows are planned and added up, then they are frozen.

Planning only reads, because it may take seconds. `storage.bulk_actions.confirm` lets a preview be carried
out, by the job `jobs.bulk_actions`. Rows that come later are not acted on, and rows that change meanwhile are
refused.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

from monitor.events.severity import Status
from monitor.guarantee.queue_rules import QueueRules
from monitor.model.bulk_action import BulkAction
from monitor.model.order import Flag
from monitor.model.sums import Item, item_of
from refilld.services import flag_bulk, frozen_preview, refill_bulk, review_bulk
from refilld.services.event_query import ALERTS
from refilld.services.frozen_preview import OutcomeRows, PreviewPart, parts_of
from refilld.services.left_out import LeftOut
from refilld.services.order_query import ORDERS
from refilld.services.refill_plan import PlannedRefill, RefillPlan, outcome_rows
from refilld.services.refill_query import REFILLS
from refilld.services.review_bulk import ReviewPlan, item_of_review
from refilld.services.review_query import REVIEWS
from storage import alert_list, bulk_actions, order_list
from storage.alert_list import AlertFilter, AlertRow
from storage.bulk_actions import NewBulkAction, NewBulkItem
from storage.engine import Transaction
from storage.order_list import OrderFilter, OrderListing
from storage.pages import Page, searched
from storage.refill_selection import RefillFilter
from storage.reviews import ReviewFilter

R = TypeVar("R")
MOST = 10_000
"""Rows of one action; of more the first are taken, and the rest stay for the next action."""
SEARCHED = 50
"""Pages of a list that are searched for the rows of a filter: if no index answers it, 100,000 rows."""
VALID = timedelta(minutes=15)
"""How long a preview can be confirmed."""


@dataclass(frozen=True, slots=True)
class BulkPreview:
    """What an action will do, once it is confirmed."""

    bulk_action_id: int
    action: BulkAction
    rows: int
    """Rows that the action will act on."""
    parts: tuple[PreviewPart, ...]
    left_out: tuple[LeftOut, ...]
    more: bool
    """Whether the filter may find more rows than the action takes."""
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class PlannedBulk:
    """An action on many rows that is not stored yet."""

    new: NewBulkAction
    items: Sequence[NewBulkItem]
    parts: tuple[PreviewPart, ...]
    left_out: tuple[LeftOut, ...]


def freeze(tx: Transaction, planned: PlannedBulk, now: datetime, list_path: str = "") -> BulkPreview:
    """Store what is planned, so that it can be confirmed; the path leads back to the list."""
    new, items = planned.new, planned.items
    preview = frozen_preview.dump(planned.parts, planned.left_out)
    number = bulk_actions.add(tx, replace(new, preview=preview, list_path=list_path), items, now)
    return BulkPreview(
        number, new.action, len(items), planned.parts, planned.left_out, new.more, new.expires_at
    )


def plan_refills(
    tx: Transaction,
    action: BulkAction,
    chosen: RefillFilter | Sequence[int],
    rules: QueueRules,
    now: datetime,
) -> PlannedBulk:
    """Plan an action on refills; raises ShadowModeError if the action can queue nothing."""
    if isinstance(chosen, RefillFilter):
        plan = refill_bulk.plan_found(tx, action, chosen, rules, now, MOST + 1)
        text = REFILLS.write_filter(chosen)
    else:
        plan, text = refill_bulk.plan_named(tx, action, chosen, rules), ""
    planned = plan.planned[:MOST]
    kept = RefillPlan(plan.action, planned, plan.left_out)
    parts = (("queued", kept.queued), ("ended", kept.ended), ("kept_for_cap", kept.capped))
    items = [NewBulkItem(str(one.refill.refill_id), _expected(one)) for one in planned]
    new = _new(action, {}, text, now, more=len(plan.planned) + len(plan.left_out) > MOST)
    shown = list(parts_of(*((name, outcome_rows(rows)) for name, rows in parts)))
    if kept.whole:
        shown[0] = replace(shown[0], whole=kept.whole)
    return PlannedBulk(new, items, tuple(shown), kept.left_out)


def plan_reviews(
    tx: Transaction, chosen: ReviewFilter | Sequence[int], note: str, now: datetime
) -> PlannedBulk:
    """Plan closing reviews with a note."""
    if isinstance(chosen, ReviewFilter):
        plan, text = review_bulk.plan_found(tx, chosen, MOST + 1), REVIEWS.write_filter(chosen)
    else:
        plan, text = review_bulk.plan_named(tx, chosen), ""
    kept = ReviewPlan(plan.planned[:MOST], plan.left_out)
    items = [NewBulkItem(str(row.review_id), {}) for row in kept.planned]
    rows = [(row.order_id, row.service, row.provider, item_of_review(row)) for row in kept.planned]
    new = _new(BulkAction.CLOSE, {"note": note}, text, now, more=len(plan.planned) > MOST)
    return PlannedBulk(new, items, parts_of(("closed", rows)), kept.left_out)


def plan_orders(
    tx: Transaction,
    action: BulkAction,
    chosen: OrderFilter | Sequence[str],
    now: datetime,
    flag: Flag | None = None,
) -> PlannedBulk:
    """Plan flagging, unflagging or checking orders; the first two need the flag."""
    if isinstance(chosen, OrderFilter):
        page = searched(partial(order_list.page, tx, chosen), MOST + 1, SEARCHED)
        found, more, missing = list(page.rows[:MOST]), _more(page), list[LeftOut]()
        text = ORDERS.write_filter(chosen)
    else:
        (found, missing), more, text = flag_bulk.named_orders(tx, chosen), False, ""
    planned, left_out = list(found), list[LeftOut]()
    if flag is not None:
        planned, left_out = flag_bulk.to_be_flagged(found, flag, sets=action is BulkAction.FLAG)
    outcome = {BulkAction.FLAG: "flagged", BulkAction.UNFLAG: "unflagged"}.get(action, "checked")
    arguments = {} if flag is None else {"flag": str(flag)}
    new = _new(action, arguments, text, now, more=more)
    items = [NewBulkItem(row.order_id, {}) for row in planned]
    cancelled = _cancelled(tx, planned) if action is BulkAction.FLAG else []
    parts = parts_of((outcome, _of_orders(planned)), ("cancelled", cancelled))
    return PlannedBulk(new, items, parts, (*missing, *left_out))


def plan_alerts(tx: Transaction, chosen: AlertFilter | Sequence[int], now: datetime) -> PlannedBulk:
    """Plan acknowledging alerts of problems that last."""
    if isinstance(chosen, AlertFilter):
        page = searched(partial(alert_list.page, tx, chosen), MOST + 1, SEARCHED)
        found, more, missing = page.rows[:MOST], _more(page), list[LeftOut]()
        text = ALERTS.write_filter(chosen)
    else:
        found, more, text = tuple(alert_list.named(tx, chosen)), False, ""
        known = {row.event.event_id for row in found}
        missing = [LeftOut(str(i), "there is no such alert") for i in chosen if i not in known]
    planned, left_out = _planned_alerts(found)
    items = [NewBulkItem(str(row.event.event_id), {}) for row in planned]
    rows = [
        (row.event.subject.order_id or "", row.event.subject.service, row.event.subject.provider, _ONE)
        for row in planned
    ]
    new = _new(BulkAction.ACKNOWLEDGE, {}, text, now, more=more)
    return PlannedBulk(new, items, parts_of(("acknowledged", rows)), (*missing, *left_out))


def _more(page: Page[R]) -> bool:
    """Whether there may be more rows than one action takes, or than were searched."""
    return len(page.rows) > MOST or page.next is not None


_ONE = Item(1, 0, None, None)


def _of_orders(planned: Sequence[OrderListing]) -> OutcomeRows:
    orders = [row.stored.order for row in planned]
    return [
        (
            one.order_id,
            one.service,
            one.provider,
            item_of(1, one.delivered, one.price, one.currency, one.quantity),
        )
        for one in orders
    ]


def _cancelled(tx: Transaction, planned: Sequence[OrderListing]) -> OutcomeRows:
    """The refills of orders that a flag cancels."""
    return [
        (
            row.order_id,
            row.service,
            row.provider,
            item_of(1, row.quantity, row.price, row.currency, row.ordered),
        )
        for row in flag_bulk.cancelled_refills(tx, planned)
    ]


def _expected(one: PlannedRefill) -> dict[str, object]:
    """The refill as `jobs.bulk_actions` compares it."""
    return asdict(one.expected)


def _planned_alerts(found: Sequence[AlertRow]) -> tuple[list[AlertRow], list[LeftOut]]:
    """Those that begin a problem, and the others."""
    firing = [row for row in found if row.event.status is Status.FIRING]
    others = [row for row in found if row.event.status is not Status.FIRING]
    return firing, [LeftOut(str(row.event.event_id), "told once: nothing repeats it") for row in others]


def _new(
    action: BulkAction, arguments: Mapping[str, str], text: str, now: datetime, *, more: bool
) -> NewBulkAction:
    return NewBulkAction(action, arguments, text, more, now + VALID)
