"""*One bulk action*: its frozen preview, then how far it has come, and what became of each row."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial, wraps

from flask import Response, url_for

from monitor.model.bulk_action import BulkState, ItemResult
from monitor.model.order import Flag
from refilld.report.words import translated_money
from refilld.services import bulk_rows, frozen_preview
from refilld.services.bulk_item_query import BULK_ITEMS, BulkItemFilter
from refilld.services.bulk_request import BulkSubject, subject_of
from refilld.services.bulk_rows import BulkRow
from refilld.services.daemon_presence import Presence, present
from refilld.services.input_limits import LARGEST_ID
from refilld.translations.source_text import marked, translatable
from refilld.web.cursor_list import CursorList, read_cursor_list
from refilld.web.list_fields import FilterField, ListColumn
from refilld.web.page import DeskPage, PageAction, PageContext
from refilld.web.pages.bulk_actions import TITLES, TONES
from refilld.web.reader import gettext, translation
from storage import bulk_actions
from storage.actor import actor
from storage.bulk_actions import BulkActionRow, BulkProgress
from storage.daemons import DaemonMode
from storage.engine import Transaction
from storage.pages import Page
from storage.server_time import shared_time

EVERY = 5
"""Seconds after which a running action is read anew."""
MOST_GROUPS = 15
_SUMS = (
    ListColumn("name", "Name"),
    ListColumn("number", "Rows", numeric=True),
    ListColumn("units", "Units", numeric=True),
    ListColumn("money", "Price", numeric=True),
)
_ITEMS = (
    ListColumn("order", "Order"),
    ListColumn("result", "Result"),
    ListColumn("detail", "What became of it"),
)
_ROWS = {
    BulkSubject.REFILLS: translatable("Refill"),
    BulkSubject.ORDERS: translatable("Row"),
    BulkSubject.REVIEWS: translatable("Review"),
    BulkSubject.ALERTS: translatable("Alert"),
}
"""The title of the ids of rows; those of orders are in the next column, too."""
_OUTCOMES = {
    "queued": marked("Will be queued"),
    "ended": marked("Will be ended, and not delivered"),
    "kept_for_cap": marked("Will stay held, because a daily cap is reached"),
    "cancelled": marked("Refills that the flag cancels"),
    "closed": marked("Will be closed"),
    "flagged": marked("Will be flagged"),
    "unflagged": marked("Will not be flagged any more"),
    "checked": marked("Will be looked at"),
    "acknowledged": marked("Will not be repeated before they end"),
}
_FILTERS = (FilterField("result", "Result", tuple((one, one) for one in ItemResult)),)


@dataclass(frozen=True, slots=True)
class _Loaded:
    """What the page reads."""

    row: BulkActionRow
    progress: BulkProgress
    items: Page[BulkRow]
    expired: bool
    worked_on: bool
    """Whether a daemon is alive that carries out what is confirmed."""


def show(context: PageContext, bulk_action_id: int) -> str:
    """The page."""
    listed = read_cursor_list(_path(bulk_action_id), BULK_ITEMS, context.now)
    with context.database.read() as tx:
        found = _load(tx, context, bulk_action_id, listed)
    subject = subject_of(found.row.action)
    return context.render(
        "bulk_action.html",
        row=found.row,
        subject=subject,
        progress=found.progress,
        items=found.items,
        listed=listed,
        expired=found.expired,
        worked_on=found.worked_on,
        mine=found.row.actor == actor().name,
        preview=frozen_preview.load(found.row.preview),
        tones=TONES,
        titles=TITLES,
        outcomes=_OUTCOMES,
        flag_of=Flag,
        sums=_SUMS,
        columns=(ListColumn("row", _ROWS[subject]), *_ITEMS),
        filters=_FILTERS,
        most=MOST_GROUPS,
        every=EVERY,
        money=partial(translated_money, into=translation()),
        now=context.now,
    )


def _load(
    tx: Transaction, context: PageContext, bulk_action_id: int, listed: CursorList[BulkItemFilter]
) -> _Loaded:
    row = bulk_actions.get(tx, bulk_action_id)
    waits = row.state in {BulkState.PREVIEWED, BulkState.RUNNING}
    return _Loaded(
        row,
        bulk_actions.progress(tx, bulk_action_id),
        _items(tx, bulk_action_id, subject_of(row.action), listed),
        row.state is BulkState.PREVIEWED and row.expires_at <= shared_time(tx, context.now),
        not waits or _worked_on(tx, context),
    )


def _worked_on(tx: Transaction, context: PageContext) -> bool:
    alive = [one.row for one in present(tx, context.now) if one.presence is Presence.ALIVE]
    return any(row.mode is DaemonMode.RUN for row in alive)


def _items(
    tx: Transaction, bulk_action_id: int, subject: BulkSubject, listed: CursorList[BulkItemFilter]
) -> Page[BulkRow]:
    if listed.query is None:
        return Page(())
    request = replace(listed.query.page, oldest_first=True)
    page = bulk_actions.items(tx, bulk_action_id, request, listed.query.filter.result)
    return Page(tuple(bulk_rows.with_orders(tx, subject, page.rows)), page.next, page.previous)


Change = Callable[[Transaction, PageContext, int], str]


def _action(change: Change) -> Callable[[PageContext, int], Response]:
    """Carry out a change, or tell why it was refused."""

    @wraps(change)
    def carry_out(context: PageContext, bulk_action_id: int) -> Response:
        return context.carry_out(lambda tx: change(tx, context, bulk_action_id), _path(bulk_action_id))

    return carry_out


@_action
def confirm(tx: Transaction, context: PageContext, bulk_action_id: int) -> str:
    """Let the daemon carry it out."""
    bulk_actions.confirm(tx, bulk_action_id, shared_time(tx, context.now))
    return gettext("Confirmed. The daemon carries it out, row by row.")


@_action
def stop(tx: Transaction, context: PageContext, bulk_action_id: int) -> str:
    """Carry out no further row."""
    bulk_actions.stop(tx, bulk_action_id, shared_time(tx, context.now))
    return gettext("Stopped. What was done stays done.")


def _path(bulk_action_id: int) -> str:
    return url_for("bulk_action", bulk_action_id=bulk_action_id)


PAGE = DeskPage(
    "bulk_action",
    f"/bulk/<int(max={LARGEST_ID}):bulk_action_id>",
    "Bulk action",
    show,
    actions=(PageAction("confirm", confirm), PageAction("stop", stop)),
)
