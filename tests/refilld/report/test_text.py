"""The report as text: every line fits 80 columns, and a busy morning is about one screen."""

from dataclasses import replace
from decimal import Decimal

from hypothesis import given
from rich.cells import cell_len

from monitor.guarantee.daily_caps import Amounts
from monitor.model.decision import Reason
from monitor.model.queue_part import PartKind, QueuePart
from monitor.model.refill import RefillState
from monitor.model.target import Metric
from refilld.report.assemble import drop_figures, queue_figures
from refilld.report.document import document
from refilld.report.figures import LimitFigures, MonitorFigures, Report, SourceFigures, WaitingFigures
from refilld.report.markdown import render_markdown
from refilld.report.text import WIDTH, cut, render_text
from storage.guarantees import EndingDay
from storage.mass_drops import MassDropRow
from storage.queue_pauses import QueuePause
from storage.report import WaitingRequest
from storage.target_health import LookSums, TargetHealth
from tests.refilld.report.report_values import (
    DAY,
    EMPTY,
    FEW_EXAMPLES,
    HOUR,
    NASTY,
    NOW,
    REPORTS,
    some_drops,
    some_refills,
    with_actions,
)

SCREEN = 62
"""Lines of the longest report."""


@FEW_EXAMPLES
@given(REPORTS)
def test_every_line_fits_eighty_columns(report: Report) -> None:
    """Whatever names shop, customers and providers have; no line break or control character remains."""
    text = render_text(report)
    assert max(map(cell_len, text.splitlines())) <= WIDTH
    assert all(line.isprintable() for line in text.split("\n"))
    assert len(text.split("\n")) <= SCREEN


@FEW_EXAMPLES
@given(REPORTS)
def test_every_command_is_printed_whole(report: Report) -> None:
    """So that it can be pasted."""
    lines = [line.strip() for line in render_text(report).splitlines()]
    assert [action.command for action in report.actions if action.command not in lines] == []


def test_wide_characters_are_cut_by_their_width() -> None:
    """A character of two columns is never cut in half."""
    assert cut("日本語", 5) == "日本…"
    assert cut("日本語", 6) == "日本語"
    assert cut("日本語", 4) == "日 …"
    assert cut("ab", 4, pad=True) == "ab  "
    assert {cell_len(cut(text, 9, pad=True)) for text in NASTY if text.isprintable()} == {9}


def test_of_very_many_pauses_ten_are_shown_and_the_others_counted() -> None:
    """In the text and in Markdown; in JSON all are."""
    paused = tuple(
        QueuePause(QueuePart(PartKind.PROVIDER, f"p{n}"), NOW, "cli root", "bots") for n in range(113)
    )
    report = replace(EMPTY, pauses=paused)
    for text in (render_text(report), render_markdown(report)):
        assert text.count("provider p") == 10
        assert "and 103 more" in text
    assert len(document(report)["pauses"]) == 113


def test_a_quiet_morning_is_a_few_lines() -> None:
    """Zeros are said once."""
    assert render_text(EMPTY).splitlines() == [
        "report of 2026-03-11 08:00Z, the last 24h",
        "drops       0 opened, 0 confirmed with 0 units, 0 recovered",
        "owed        0 refills, 0 units",
        "refilled    0 refills, 0 units",
        "reviews     no refund to decide",
        "customers   nobody waits for an answer",
        "ending      no guarantee ends within a week",
        "monitor     last look 3m ago; 1,000 looks, 7 without a count",
        "            100 targets, none overdue",
        "            graph: ready; 40 of 100 requests an hour, 700 a day",
        "nothing needs you now",
    ]


def test_without_orders_the_report_says_so() -> None:
    assert render_text(replace(EMPTY, empty=True)).splitlines()[1:] == [
        "nothing to report: no order was imported yet",
        "  refilld orders import FILE",
    ]


def test_a_busy_morning_names_what_matters() -> None:
    """Who loses, what it costs, who waits, and what to do first."""
    mass_drop = {"reason": Reason.MASS_DROP, "release_at": NOW + 10 * HOUR}
    refills = [
        some_refills(units=1000, refills=4, queued_at=NOW - 7 * HOUR),
        some_refills(RefillState.HELD, units=500, refills=3, created_at=NOW - 2 * HOUR, **mass_drop),
        some_refills(RefillState.HELD, reason=Reason.BELOW_START_COUNT, price=None),
        some_refills(RefillState.COMPLETED, units=80, price=Decimal(2), currency="EUR"),
    ]
    providers = [some_drops(provider=f"provider {i}", missing=1000 * i) for i in range(1, 7)]
    waiting = tuple(WaitingRequest(f"{i}", "jane", "1234", NOW - i * HOUR) for i in range(9, 4, -1))
    stopped = SourceFigures("graph", "stopped", None, "blocked", 0, 100, 700, 2000)
    paused = SourceFigures("instaloader", "paused", NOW + HOUR, "rate_limited", 1, 30, 20, None)
    found = with_actions(
        mass_drops=(MassDropRow(1, Metric.FOLLOWERS, NOW - 3 * HOUR, 200, 63, None, 63),),
        drops=drop_figures(providers, {"provider 6": 48_000}),
        queue=queue_figures(refills),
        waiting=WaitingFigures(5, waiting),
        ending=(EndingDay(NOW.replace(hour=0), 12, 300), EndingDay(NOW.replace(hour=0) + DAY, 8, 0)),
        monitor=MonitorFigures(
            TargetHealth(5_000, NOW - 2 * HOUR, 70, NOW - 3 * HOUR, 4, 3, 5, 2, 1),
            LookSums(700, 20),
            (paused, stopped),
        ),
    )
    assert render_text(found).splitlines() == [
        "report of 2026-03-11 08:00Z, the last 24h",
        "mass drop   followers since 2026-03-11 05:00Z: 63 of 200 targets fell",
        "drops       6 opened, 6 confirmed with 21,000 units, 0 recovered",
        "            by provider          opened  confirmed  recovered  missing  of guar.",
        "            provider 6                1          1          0    6,000     12.5%",
        "            provider 5                1          1          0    5,000",
        "            provider 4                1          1          0    4,000",
        "            provider 3                1          1          0    3,000",
        "            and 2 more",
        "            by service           opened  confirmed  recovered  missing",
        "            1234                      6          6          0   21,000",
        "owed        8 refills, 1,800 units, 2.25 USD, 300 units without a price",
        "            queued: 4 refills, 1,000 units, 1.50 USD, oldest 7h",
        "            held: 4 refills, 800 units, 0.75 USD, 300 units without a price",
        "              held for                     refills     units oldest  released",
        "              mass_drop, followers               3       500     2h  03-11 18:00",
        "              below_start_count, followers       1       300    60m  by you",
        "refilled    1 refill, 80 units, 0.16 EUR",
        "reviews     no refund to decide",
        "customers   5 orders whose customer waits for an answer",
        "              9h  order 9  jane  1234",
        "              8h  order 8  jane  1234",
        "              7h  order 7  jane  1234",
        "            and 2 more",
        "ending      03-11: 12 (300 units open); 03-12: 8",
        "monitor     last look 2h ago; 700 looks, 20 without a count",
        "            5,000 targets, 70 overdue, the longest for 3h",
        "            cannot be read: 4 private, 3 gone, 5 of another account, 2 failing,",
        "              1 without a source",
        "            instaloader: paused until 2026-03-11 09:00Z (rate_limited)",
        "              1 of 30 requests an hour, 20 a day",
        "            graph: stopped until resumed (blocked)",
        "              0 of 100 requests an hour, 700 of 2,000 a day",
        "do first",
        "1. graph is stopped (blocked); after the cause is mended",
        "     refilld sources resume graph",
        "2. held for a mass drop of followers: 3 refills, 500 units",
        "     refilld mass-drops list",
        "3. held until you decide (below_start_count): 1 refill, 300 units",
        "     refilld refills list --state held",
        "4. 5 customers waiting for an answer, the longest for 9h",
        "     refilld check 9 8 7",
    ]


def test_the_daily_caps_are_shown_with_what_is_used_and_held() -> None:
    """Those that hold refills come first."""
    free = LimitFigures("provider acme", Amounts(500), Amounts(20), 0)
    full = LimitFigures(
        "the shop", Amounts(10_000, {"USD": Decimal("200.00")}), Amounts(9_950, {"USD": Decimal("12.345")}), 3
    )
    lines = render_text(with_actions(limits=(free, full))).splitlines()
    assert "used today  the shop: 9,950 of 10,000 units, 12.35 of 200.00 USD; 3 refills held" in lines
    assert "            provider acme: 20 of 500 units" in lines
