"""What operators do on the page of an order; each action tells its result on the page."""

from collections.abc import Callable
from functools import wraps

from flask import Response, request, url_for

from monitor.errors import BadInputError
from monitor.model.bulk_action import BulkAction
from monitor.model.order import Flag
from monitor.model.time_words import minute
from monitor.model.whole_number import whole_number
from refilld.orders_file.numbers import MOST_COUNT
from refilld.services import refill_requests
from refilld.services.buyer_links import buyer_link
from refilld.services.input_limits import LARGEST_ID, note_of
from refilld.services.order_correction import correct_start_count, decisions_before
from refilld.services.refill_bulk import act_on_shown
from refilld.services.refill_requests import Recheck
from refilld.translations.source_text import translatable
from refilld.web.formats import label, number
from refilld.web.page import PageAction, PageContext
from refilld.web.reader import gettext, translation
from storage import buyer_links, flags, operator_actions, refills, reviews
from storage.engine import Transaction
from storage.errors import NotFoundError
from storage.server_time import shared_time

_CHECKED = {
    Recheck.DUE: translatable("The target is looked at next, as soon as a source may."),
    Recheck.IMPOSSIBLE: translatable("The target is due, but no source can look at it now: {why}."),
    Recheck.NOT_NEEDED: translatable("No guarantee is in force, so no look is needed."),
}
Change = Callable[[Transaction, PageContext, str], str]
"""Changes an order; returns the sentence that tells what was done."""


def _action(change: Change) -> Callable[[PageContext, str], Response]:
    """Carry out a change, or tell why it was refused."""

    @wraps(change)
    def carry_out(context: PageContext, order_id: str) -> Response:
        path = url_for("order", order_id=order_id)
        return context.carry_out(lambda tx: change(tx, context, order_id), path)

    return carry_out


@_action
def check(tx: Transaction, context: PageContext, order_id: str) -> str:
    """Make the target due at once."""
    now = shared_time(tx, context.now)
    _, recheck = refill_requests.request_look(tx, order_id, now, fresh=True)
    enabled, obstacle = context.desk.enabled, None
    if enabled is not None:
        obstacle = refill_requests.obstacle_of(tx, order_id, recheck, enabled, now)
    found = refill_requests.hindered(recheck, obstacle)
    return gettext(_CHECKED[found], why="" if obstacle is None else obstacle.note)


@_action
def flag(tx: Transaction, context: PageContext, order_id: str) -> str:
    """Set a flag."""
    chosen = _flag()
    if flags.set_flag(tx, order_id, chosen, shared_time(tx, context.now), _comment()):
        return gettext("The order is flagged {flag}.", flag=label(chosen))
    return gettext("The order was flagged {flag} already.", flag=label(chosen))


@_action
def unflag(tx: Transaction, context: PageContext, order_id: str) -> str:
    """Lift a flag."""
    chosen = _flag()
    if flags.lift_flag(tx, order_id, chosen, shared_time(tx, context.now), _comment()):
        return gettext("The flag {flag} is lifted; the target is looked at next.", flag=label(chosen))
    return gettext("The order was not flagged {flag}.", flag=label(chosen))


@_action
def correct(tx: Transaction, context: PageContext, order_id: str) -> str:
    """Correct the start count."""
    start_count, now = _number("start_count", MOST_COUNT), shared_time(tx, context.now)
    result = correct_start_count(tx, order_id, start_count, request.form.get("comment", ""), now)
    if not result.changed:
        return gettext("The start count is {count} already.", count=number(result.after))
    before = gettext("unknown") if result.before is None else number(result.before)
    done = gettext(
        "The start count is {count} now, before {before}", count=number(result.after), before=before
    )
    if result.decisions:
        return f"{done}; {decisions_before(result.decisions, translation())}."
    return f"{done}."


@_action
def refill(tx: Transaction, context: PageContext, order_id: str) -> str:
    """Approve, reject, requeue or cancel a refill of the order, unless it has changed since it was shown."""
    refill_id, action = _number("refill_id", LARGEST_ID), request.form.get("do", "")
    if action not in operator_actions.ACTIONS:
        raise BadInputError("do", f"there is no action {action!r}")
    if refills.get(tx, refill_id).order_id != order_id:
        raise NotFoundError(f"refill {refill_id} is of another order")
    rules, now = context.settings.queue_rules, shared_time(tx, context.now)
    row = act_on_shown(tx, BulkAction(action), refill_id, request.form, rules, now)
    return gettext(
        "Refill {id} of {units} is now: {state}.",
        id=refill_id,
        units=number(row.quantity),
        state=label(row.state),
    )


@_action
def review(tx: Transaction, context: PageContext, order_id: str) -> str:
    """Close a refund review of the order."""
    review_id = _number("review_id", LARGEST_ID)
    missing = gettext("write what was done, such as: refunded 2.40 EUR")
    note, now = note_of("note", request.form.get("note", ""), missing), shared_time(tx, context.now)
    if review_id not in {row.review_id for row in reviews.of_order(tx, order_id)}:
        raise NotFoundError(f"review {review_id} is of another order")
    reviews.close(tx, review_id, note, now)
    return gettext("Review {id} is closed at {time} UTC.", id=review_id, time=minute(now))


def _flag() -> Flag:
    name = request.form.get("flag", "")
    if name not in set(Flag):
        raise BadInputError("flag", f"there is no flag {name!r}")
    return Flag(name)


def _comment() -> str:
    return note_of("comment", request.form.get("comment", ""))


def _number(field: str, most: int) -> int:
    found = whole_number(request.form.get(field, "").strip(), most)
    if found is None:
        raise BadInputError(field, f"{field.replace('_', ' ')} must be a whole number, at most {most:,}")
    return found


@_action
def link(tx: Transaction, context: PageContext, order_id: str) -> str:
    """Make the buyer's link; with `revoke`, the earlier ones become invalid."""
    buyer_link(tx, context.settings, order_id, shared_time(tx, context.now))
    if request.form.get("revoke"):
        buyer_links.revoke(tx, order_id)
        return gettext("Earlier links of the order are invalid now, and there is a new one.")
    return gettext("The link for the buyer is made.")


ACTIONS = (
    PageAction("link", link),
    PageAction("check", check),
    PageAction("flag", flag),
    PageAction("unflag", unflag),
    PageAction("correct", correct),
    PageAction("refill", refill),
    PageAction("review", review),
)
