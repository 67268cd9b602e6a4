"""*Queue*: refills that wait, are claimed, held or given up, and what operators do with them."""

from collections.abc import Sequence
from functools import partial

from flask import request

from monitor.errors import BadInputError
from monitor.model.bulk_action import BulkAction
from monitor.model.decision import Reason
from monitor.model.queue_part import PartKind, QueuePart
from monitor.model.refill import RefillState
from refilld.report.words import part_words, pause_words, translated_money
from refilld.services import queue_pause, queue_rows
from refilld.services.input_limits import LONGEST_TEXT
from refilld.services.queue_rows import QueueRow, actions_on
from refilld.services.refill_query import REFILLS
from refilld.timeline.events import REASONS
from refilld.translations.source_text import Sentence, marked
from refilld.web.cursor_list import CursorList, read_cursor_list, read_rows
from refilld.web.list_fields import FilterField, ListColumn
from refilld.web.page import Answer, DeskPage, NavGroup, PageAction, PageContext
from refilld.web.reader import gettext, translation
from refilld.web.sold_filters import METRIC
from storage import queue_pauses, queue_summary, refill_list
from storage.engine import Transaction
from storage.pages import Page, PageRequest
from storage.refill_selection import RefillFilter

PATH = "/queue"
EVERY = 30
"""Seconds after which the list is read anew."""
TITLES = {
    BulkAction.APPROVE: marked("Approve"),
    BulkAction.REJECT: marked("Reject"),
    BulkAction.REQUEUE: marked("Requeue"),
    BulkAction.CANCEL: marked("Cancel"),
    BulkAction.RELEASE: marked("Release"),
    BulkAction.DISCARD: marked("Discard"),
}
_OF_MANY = frozenset({BulkAction.RELEASE, BulkAction.DISCARD})
"""Actions that are the same as others on one refill."""
_COLUMNS = (
    ListColumn("id", "Refill", numeric=True),
    ListColumn("order", "Order"),
    ListColumn("state", "State"),
    ListColumn("reason", "Because"),
    ListColumn("units", "Units", numeric=True),
    ListColumn("price", "Price", numeric=True),
    ListColumn("age", "Age"),
    ListColumn("attempts", "Attempts", numeric=True),
    ListColumn("lease", "Claimed by"),
    ListColumn("actions", ""),
)
_FILTERS = (
    FilterField("state", "State", tuple((one, one) for one in RefillState)),
    FilterField("reason", "Because", tuple((str(one), REASONS[one]) for one in Reason)),
    METRIC,
    FilterField("service", "Service"),
    FilterField("provider", "Provider"),
    FilterField("consumer", "Consumer"),
    FilterField("since", "Since, such as 7d"),
    FilterField("before", "Before"),
)


def show(context: PageContext) -> str:
    """The page."""
    listed = read_cursor_list(PATH, REFILLS, context.now)
    with context.database.read() as tx:
        summary = queue_summary.summary(tx)
        pauses, further = queue_pause.shown_pauses(queue_pauses.listed(tx))
        found, total = read_rows(tx, listed, _page, refill_list.counted)
    return context.render(
        "queue.html",
        listed=listed,
        summary=summary,
        pauses=[(one, pause_words(one, translation())) for one in pauses],
        more_pauses=further,
        kinds=tuple(PartKind),
        longest=LONGEST_TEXT,
        found=found,
        total=total,
        columns=_COLUMNS,
        filters=_FILTERS,
        actions=_actions(listed),
        row_actions=row_actions,
        reasons=REASONS,
        every=EVERY,
        money=partial(translated_money, into=translation()),
        now=context.now,
    )


def pause(context: PageContext) -> Answer:
    """Pause the queue or a part of it."""

    def change(tx: Transaction) -> str:
        part = _part()
        named = part_words(part, translation())
        if queue_pause.pause(tx, part, request.form.get("why", ""), context.now):
            known = queue_pause.known_instead(tx, part)
            return gettext("Paused: {part}.", part=named) + ("" if known is None else _known(known))
        raise BadInputError("part", gettext("{part} was paused already", part=named))

    return context.carry_out(change, PATH)


def _known(known: Sequence[str]) -> str:
    names = queue_pause.known_words(known) or "-"
    return " " + gettext("No order has this name, written like this; known: {names}", names=names)


def resume(context: PageContext) -> Answer:
    """Resume a paused part."""

    def change(tx: Transaction) -> str:
        part = _part()
        named = part_words(part, translation())
        if queue_pause.resume(tx, part, "", context.now):
            return gettext("Resumed: {part}.", part=named)
        raise BadInputError("part", gettext("{part} was not paused", part=named))

    return context.carry_out(change, PATH)


def _part() -> QueuePart:
    """The part that the form names; raises BadInputError."""
    given = request.form.get("part", "")
    if given not in set(PartKind):
        raise BadInputError("part", gettext("choose what is paused"))
    return queue_pause.part_of(PartKind(given), request.form.get("value", "").strip())


def _page(tx: Transaction, wanted: RefillFilter, request: PageRequest) -> Page[QueueRow]:
    page = refill_list.page(tx, wanted, request)
    return Page(tuple(queue_rows.with_prices(tx, page.rows)), page.next, page.previous)


def _actions(listed: CursorList[RefillFilter]) -> list[tuple[BulkAction, Sentence]]:
    """The actions on many rows, with their titles."""
    state = None if listed.query is None else listed.query.filter.state
    return [(action, TITLES[action]) for action in actions_on(state)]


def row_actions(state: RefillState) -> list[tuple[BulkAction, Sentence]]:
    """The actions on one row, with their titles."""
    return [(action, TITLES[action]) for action in actions_on(state) if action not in _OF_MANY]


PAGE = DeskPage(
    "queue",
    PATH,
    "Queue",
    show,
    group=NavGroup.WORK,
    letter="q",
    actions=(PageAction("pause", pause), PageAction("resume", resume)),
)
