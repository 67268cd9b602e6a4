"""*Today*: the report, live; what needs a decision comes first, and each number leads to what it counts."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from flask import current_app, request, url_for

from monitor.model.number_words import counted
from monitor.model.sums import Sum, money
from refilld.report.figures import Report, ReportAction
from refilld.report.words import limit_words, release_words, shadow_words, source_words, target_words
from refilld.timeline.events import REASONS
from refilld.web.list_query import ListColumn
from refilld.web.page import DeskPage, NavGroup, PageContext

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
    ListColumn("missing", "Missing", numeric=True),
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
    desk = context.desk
    report = desk.reports.report(desk.database, desk.settings, context.now, PERIODS[name])
    return context.render(
        "today.html",
        report=report,
        period=name,
        periods=list(PERIODS),
        here="/" if name == DEFAULT else f"/?{urlencode({'period': name})}",
        every=EVERY,
        actions=[_action(one) for one in report.actions],
        tiles=_tiles(report),
        providers=report.drops.by_provider[:MOST_ROWS],
        more_providers=max(len(report.drops.by_provider) - MOST_ROWS, 0),
        provider_columns=_GROUPS,
        held=[(group, release_words(group, report.now)) for group in report.queue.held_groups],
        held_columns=_HELD,
        reasons=REASONS,
        waiting=report.waiting.longest[:MOST_ROWS],
        waiting_columns=_WAITING,
        targets=list(target_words(report)),
        sources=[(one, *source_words(one)) for one in report.monitor.sources],
        limits=[limit_words(one) for one in report.limits],
        shadow=None if report.shadow is None else shadow_words(report.shadow),
        path=path,
        money=money,
        sources_path=path("sources"),
    )


def path(name: str, **query: Any) -> str:
    """The path of a list with a filter; empty if there is no such page."""
    if name not in current_app.view_functions:
        return ""
    return url_for(name, **query)


def _action(action: ReportAction) -> FirstAction:
    if action.command.startswith("refilld check "):
        return FirstAction(action.why, action.command, WAITING)
    name = next((name for command, name in _LISTS if action.command.startswith(command)), "")
    state = action.command.rpartition("--state ")[2] if "--state " in action.command else ""
    return FirstAction(action.why, action.command, path(name, **({"state": state} if state else {})))


def _tiles(report: Report) -> list[Tile]:
    total, queue = report.drops.total, report.queue
    return [
        Tile("drops opened", f"{total.opened:,}", f"{total.recovered:,} recovered", path("drops")),
        Tile("units missing", f"{total.missing:,}", f"in {total.confirmed:,} confirmed drops", path("drops")),
        _sum("units owed", queue.owed, "refill", path("queue")),
        _sum("units held", queue.held, "refill", path("queue", state="held"), bad=True),
        _sum("units given up", queue.dead, "refill", path("queue", state="dead"), bad=True),
        _sum("units refilled", queue.completed, "refill", path("queue", state="completed")),
        _sum("units to review for a refund", report.reviews.open, "review", path("reviews"), bad=True),
        Tile(
            "buyers waiting",
            f"{report.waiting.number:,}",
            "for an answer",
            WAITING if report.waiting.number else "",
            bad=report.waiting.number > 0,
        ),
    ]


def _sum(title: str, found: Sum, noun: str, where: str, *, bad: bool = False) -> Tile:
    price = money(found)
    number = counted(found.number, noun)
    more = f"{number}, {price}" if price else number
    return Tile(title, f"{found.units:,}", more, where, bad and found.number > 0)


PAGE = DeskPage("today", "/", "Today", show, group=NavGroup.WORK, letter="t")
