"""*Today*: the report, live; what needs a decision comes first, and each number leads to what it counts."""

from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from urllib.parse import urlencode

from flask import request, url_for

from monitor.model.sums import Sum
from refilld.report.actions import ALL_IN_JSON, first_actions
from refilld.report.figures import Report, ReportAction
from refilld.report.words import (
    limit_words,
    pause_words,
    release_words,
    shadow_words,
    source_words,
    target_words,
    translated_money,
)
from refilld.services.queue_pause import shown_pauses
from refilld.web.formats import counted, number
from refilld.web.list_fields import ListColumn
from refilld.web.page import DeskPage, NavGroup, PageContext
from refilld.web.reader import gettext, ngettext, translation

PERIODS = {"24h": timedelta(hours=24), "7d": timedelta(days=7), "30d": timedelta(days=30)}
DEFAULT = "24h"
EVERY = 30
"""Seconds after which the page is read anew."""
MOST_ROWS = 10
WAITING = "#waiting"
"""The buyers who wait, on this page."""
_LISTS = (
    ("refilld refills list --state ", "queue"),
    ("refilld shadow ", "queue"),
    ("refilld backlog ", "queue"),
    ("refilld mass-drops ", "mass_drops"),
    ("refilld reviews ", "reviews"),
    ("refilld sources ", "sources"),
    ("refilld doctor", "sources"),
)
"""The page on which the same can be done as by a command."""
_GROUPS = (
    ListColumn("name", "Provider"),
    ListColumn("opened", "Opened", numeric=True),
    ListColumn("confirmed", "Confirmed", numeric=True),
    ListColumn("recovered", "Recovered", numeric=True),
    ListColumn("missing", "Lost", numeric=True),
    ListColumn("percent", "Of guaranteed", numeric=True),
)
_HELD = (
    ListColumn("reason", "Held for"),
    ListColumn("metric", "Metric"),
    ListColumn("number", "Refills", numeric=True),
    ListColumn("units", "Units", numeric=True),
    ListColumn("money", "Price", numeric=True),
    ListColumn("oldest", "Oldest"),
    ListColumn("release", "Released"),
)
_WAITING = (ListColumn("since", "Waits"), ListColumn("order_id", "Order"), ListColumn("customer", "Customer"))


@dataclass(frozen=True, slots=True)
class Tile:
    """A number with its name, and the list of what it counts."""

    title: str
    number: str
    more: str = ""
    path: str = ""
    bad: bool = False


@dataclass(frozen=True, slots=True)
class FirstAction:
    """Something that needs a decision, and where it is made."""

    why: str
    command: str
    path: str


def show(context: PageContext) -> str:
    """The page."""
    given = request.args.get("period", DEFAULT)
    name = given if given in PERIODS else DEFAULT
    desk, into = context.desk, translation()
    report = desk.reports.report(desk.database, desk.settings, context.now, PERIODS[name])
    pauses, further = shown_pauses(report.pauses)
    return context.render(
        "today.html",
        report=report,
        period=name,
        periods=list(PERIODS),
        here="/" if name == DEFAULT else f"/?{urlencode({'period': name})}",
        every=EVERY,
        actions=[_action(one) for one in first_actions(report, into)],
        tiles=_tiles(report),
        providers=report.drops.by_provider[:MOST_ROWS],
        more_providers=max(len(report.drops.by_provider) - MOST_ROWS, 0),
        provider_columns=_GROUPS,
        held=[(group, release_words(group, report.now, into)) for group in report.queue.held_groups],
        held_columns=_HELD,
        waiting=report.waiting.longest[:MOST_ROWS],
        waiting_columns=_WAITING,
        targets=list(target_words(report, into)),
        sources=[(one, *source_words(one, into)) for one in report.monitor.sources],
        limits=[limit_words(one, into) for one in report.limits],
        pauses=[pause_words(one, into) for one in pauses],
        more_pauses=further,
        shadow=None if report.shadow is None else shadow_words(report.shadow, into),
        money=partial(translated_money, into=into),
    )


def _action(action: ReportAction) -> FirstAction:
    if action.command.startswith("refilld check ") or action.command == ALL_IN_JSON:
        return FirstAction(action.why, action.command, WAITING)
    name = next((name for command, name in _LISTS if action.command.startswith(command)), "")
    state = action.command.rpartition("--state ")[2] if "--state " in action.command else ""
    return FirstAction(action.why, action.command, url_for(name, state=state or None) if name else "")


def _tiles(report: Report) -> list[Tile]:
    total, queue, waiting = report.drops.total, report.queue, report.waiting.number
    recovered = gettext("{number} recovered", number=number(total.recovered))
    confirmed = ngettext("in {number} confirmed drop", "in {number} confirmed drops", total.confirmed)
    return [
        Tile(gettext("drops opened"), number(total.opened), recovered, url_for("drops")),
        Tile(gettext("units lost"), number(total.missing), confirmed, url_for("drops")),
        _sum(gettext("units owed"), queue.owed, "refill", url_for("queue")),
        _sum(gettext("units held"), queue.held, "refill", url_for("queue", state="held"), bad=True),
        _sum(gettext("units given up"), queue.dead, "refill", url_for("queue", state="dead"), bad=True),
        _sum(gettext("units refilled"), queue.completed, "refill", url_for("queue", state="completed")),
        _sum(
            gettext("units to review for a refund"),
            report.reviews.open,
            "refund review",
            url_for("reviews"),
            bad=True,
        ),
        Tile(
            gettext("buyers waiting"),
            number(waiting),
            gettext("for an answer"),
            WAITING if waiting else "",
            bad=waiting > 0,
        ),
    ]


def _sum(title: str, found: Sum, noun: str, where: str, *, bad: bool = False) -> Tile:
    price = translated_money(found, translation())
    more = f"{counted(found.number, noun)}, {price}" if price else counted(found.number, noun)
    return Tile(title, number(found.units), more, where, bad and found.number > 0)


PAGE = DeskPage("today", "/", "Today", show, group=NavGroup.WORK, letter="t")
