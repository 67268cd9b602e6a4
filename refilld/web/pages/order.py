"""*Order*: everything about one order, and what operators do with it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from gettext import NullTranslations

from flask import url_for

from monitor.cadence.adaptive import BY_VIRTUAL_TIME
from monitor.model.bulk_action import BulkAction
from monitor.model.decision import Action
from monitor.model.order import Flag, Order
from monitor.model.role import Role
from refilld.answers.rendering import sentence
from refilld.charts.key_points import key_points
from refilld.charts.order_svg import order_svg
from refilld.charts.words import ENGLISH as ENGLISH_CHART
from refilld.services.buyer_links import known_link
from refilld.services.input_limits import LONGEST_TEXT
from refilld.texts.renderer import default_renderer
from refilld.timeline.event import TimelineEvent
from refilld.timeline.events import REASONS, order_events, timeline_events
from refilld.timeline.facts import timeline_facts
from refilld.timeline.load import Thinning, Timeline, load
from refilld.timeline.order_chart import order_chart
from refilld.timeline.state import owed_state
from refilld.translations.catalogue import LANGUAGES
from refilld.translations.source_text import Sentence
from refilld.web.chart_points import POINT_COLUMNS
from refilld.web.drop_words import DropNow, drop_now
from refilld.web.formats import label, number
from refilld.web.list_fields import ListColumn
from refilld.web.page import DeskPage, PageContext
from refilld.web.pages.order_actions import ACTIONS
from refilld.web.pages.queue import row_actions
from refilld.web.reader import gettext, language, said, translation
from storage.event_list import EventFilter
from storage.event_list import page as event_page
from storage.events import EventRow
from storage.pages import PageRequest
from storage.refills import RefillRow

PARTS = 600
"""Of the time of the chart: about one for each pixel column."""
MOST_EVENTS = 200
MOST_AUDITED = 100
_DROPS = (
    ListColumn("drop_id", "Drop"),
    ListColumn("state", "State"),
    ListColumn("opened_at", "Opened"),
    ListColumn("claim", "Missing", numeric=True),
    ListColumn("count", "Count", numeric=True),
    ListColumn("line", "Whole at", numeric=True),
    ListColumn("reason", "Last decision, and why"),
)


@dataclass(frozen=True, slots=True)
class ShownRefill:
    """A refill, what an operator may do with it, and who moved it when."""

    row: RefillRow
    state: str
    why: str
    actions: tuple[tuple[BulkAction, Sentence], ...]
    """With their titles."""
    moves: tuple[EventRow, ...]
    """Newest first."""


@dataclass(frozen=True, slots=True)
class ShownAnswer:
    """The sentence for the buyer in one language."""

    language: str
    name: str
    """Of the language, in itself."""
    text: str


def show(context: PageContext, order_id: str) -> str:
    """The page."""
    with context.database.read() as tx:
        timeline = load(tx, order_id, context.now, context.desk.enabled, Thinning(PARTS))
        link = known_link(tx, context.settings, order_id) if context.visitor.may(Role.OPERATOR) else None
        audited = event_page(tx, EventFilter(order_id=order_id), PageRequest(MOST_AUDITED)).rows
    into, words = translation(), ENGLISH_CHART.into(translation())
    chart = order_chart(timeline, into)
    order, events = timeline.order.order, _newest_first(timeline, into)
    return context.render(
        "order.html",
        timeline=timeline,
        regular_look=timeline.due_reason.startswith(BY_VIRTUAL_TIME),
        order=order,
        facts=timeline_facts(timeline, context.desk.texts.of()),
        delivered_words=_delivered(order),
        start_words=_start_count(order),
        state=owed_state(timeline, into),
        answers=_answers(context, timeline),
        chart=order_svg(chart, words),
        chart_url=url_for("order_chart", order_id=order_id),
        points=key_points(chart, words)[::-1],
        point_columns=POINT_COLUMNS,
        events=events[:MOST_EVENTS],
        events_left_out=max(len(events) - MOST_EVENTS, 0),
        drops=timeline.drops[::-1],
        drop_columns=_DROPS,
        now_of=_states_of_drops(timeline),
        reasons=REASONS,
        action_of=Action,
        refills=_refills(timeline, audited),
        audit=[(row, default_renderer(language()).text(row)) for row in audited],
        audit_full=len(audited) == MOST_AUDITED,
        unset_flags=[flag for flag in Flag if flag not in timeline.mine.flags],
        longest_note=LONGEST_TEXT,
        buyer_pages=context.settings.web.buyer_pages,
        link=link,
        now=context.now,
        here=url_for("order", order_id=order_id),
    )


def _states_of_drops(timeline: Timeline) -> dict[int, DropNow]:
    refills = {row.drop_id: row.state for row in timeline.refills}
    return {row.drop_id: drop_now(row, refills) for row in timeline.drops}


def _delivered(order: Order) -> str:
    return gettext(
        "{delivered} of {quantity} {metric}",
        delivered=number(order.delivered),
        quantity=number(order.quantity),
        metric=label(order.target.metric),
    )


def _start_count(order: Order) -> str:
    """The start count, and where it comes from."""
    if order.start_count is None:
        return gettext("not known yet")
    if order.start_corrected:
        return gettext("{count} (corrected)", count=number(order.start_count))
    if order.start_measured:
        return gettext("{count} (measured)", count=number(order.start_count))
    return number(order.start_count)


def _newest_first(timeline: Timeline, into: NullTranslations) -> list[TimelineEvent]:
    """What happened; without the looks if some of them are not known here."""
    if not timeline.looks_thinned:
        return list(timeline_events(timeline, into)[::-1])
    return sorted(order_events(timeline, into), key=_at)[::-1]


def _at(event: TimelineEvent) -> datetime:
    return event.at


def _answers(context: PageContext, timeline: Timeline) -> list[ShownAnswer]:
    """The sentence in each language, that of the order first, then the configured one."""
    texts = context.desk.texts
    first = (timeline.order.order.language, texts.language)
    languages = sorted(texts.languages, key=lambda one: (*(one != wanted for wanted in first), one))
    return [
        ShownAnswer(one, LANGUAGES.get(one, one), sentence(timeline.answer, texts.of(one)))
        for one in languages
    ]


def _refills(timeline: Timeline, audited: Sequence[EventRow]) -> list[ShownRefill]:
    """The refills, newest first."""
    return [
        ShownRefill(
            row,
            label(row.state),
            said(REASONS[row.reason]),
            tuple(row_actions(row.state)),
            tuple(event for event in audited if event.subject.refill_id == row.refill_id),
        )
        for row in timeline.refills[::-1]
    ]


PAGE = DeskPage("order", "/orders/<order:order_id>", "Order", show, actions=ACTIONS)
