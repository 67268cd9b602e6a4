"""What operators do on the page of an order; each action tells its result on the page."""

from collections.abc import Callable
from functools import wraps

from flask import Response, request, url_for

from monitor.errors import BadInputError
from monitor.model.bulk_action import BulkAction
from monitor.model.order import Flag
from monitor.model.time_words import minute
from refilld.orders_file.numbers import MOST_COUNT
from refilld.services import refill_requests
from refilld.services.buyer_links import buyer_link
from refilld.services.order_correction import correct_start_count, decisions_before
from refilld.services.refill_bulk import act_on_shown
from refilld.services.refill_requests import Recheck
from refilld.translations.source_text import translatable
from refilld.web.formats import label, number
from refilld.web.page import PageAction, PageContext
from refilld.web.reader import gettext, translation
from storage import buyer_links, flags, operator_actions, refills, reviews
from storage.engine import Transaction
from storage.errors import NotFoundError, OpenRefillError, WrongStateError
from storage.server_time import shared_time

LONGEST_NOTE = 500
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
        try:
            with context.database.write() as tx:
                message = change(tx, context, order_id)
        except BadInputError as error:
            return context.refused(gettext("Not done: {why}.", why=error.problem), path)
        except (NotFoundError, OpenRefillError, WrongStateError) as error:
            return context.refused(gettext("Not done: {why}.", why=error), path)
        return context.done(message, path)

    return carry_out


@_action
def check(tx: Transaction, context: PageContext, order_id: str) -> str:
    """Make the target due at once."""
    _, recheck = refill_requests.request_look(tx, order_id, context.now, fresh=True)
    enabled, obstacle = context.desk.enabled, None
    if enabled is not None:
        obstacle = refill_requests.obstacle_of(tx, order_id, recheck, enabled, context.now)
    found = refill_requests.hindered(recheck, obstacle)
    return gettext(_CHECKED[found], why="" if obstacle is None else obstacle.note)


@_action
def flag(tx: Transaction, context: PageContext, order_id: str) -> str:
    """Set a flag."""
    chosen = _flag()
    if flags.set_flag(tx, order_id, chosen, context.now, _note("comment")):
        return gettext("The order is flagged {flag}.", flag=label(chosen))
    return gettext("The order was flagged {flag} already.", flag=label(chosen))


@_action
def unflag(tx: Transaction, context: PageContext, order_id: str) -> str:
    """Lift a flag."""
    chosen = _flag()
    if flags.lift_flag(tx, order_id, chosen, context.now, _note("comment")):
        return gettext("The flag {flag} is lifted; the target is looked at next.", flag=label(chosen))
    return gettext("The order was not flagged {flag}.", flag=label(chosen))


@_action
def correct(tx: Transaction, context: PageContext, order_id: str) -> str:
    """Correct the start count."""
    result = correct_start_count(tx, order_id, _number("start_count", MOST_COUNT), context.now)
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
    refill_id, action = _number("refill_id", 2**63 - 1), request.form.get("do", "")
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
    review_id, note = _number("review_id", 2**63 - 1), _note("note")
    if review_id not in {row.review_id for row in reviews.of_order(tx, order_id)}:
        raise NotFoundError(f"review {review_id} is of another order")
    if not note:
        raise BadInputError("note", gettext("write what was done, such as: refunded 2.40 EUR"))
    reviews.close(tx, review_id, note, context.now)
    return gettext("Review {id} is closed at {time} UTC.", id=review_id, time=minute(context.now))


def _flag() -> Flag:
    name = request.form.get("flag", "")
    if name not in set(Flag):
        raise BadInputError("flag", f"there is no flag {name!r}")
    return Flag(name)


def _note(field: str) -> str:
    """A text on one line."""
    return " ".join(request.form.get(field, "").split())[:LONGEST_NOTE]


def _number(field: str, most: int) -> int:
    text = request.form.get(field, "").strip()
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(most)) and int(text) <= most):
        raise BadInputError(field, f"{field.replace('_', ' ')} must be a whole number, at most {most:,}")
    return int(text)


@_action
def link(tx: Transaction, context: PageContext, order_id: str) -> str:
    """Make the buyer's link; with `revoke`, the earlier ones become invalid."""
    buyer_link(tx, context.settings, order_id, context.now)
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
