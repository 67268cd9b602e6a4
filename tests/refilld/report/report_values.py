"""A report of a small shop, and reports with any values that a shop or its customers may have written."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from monitor.guarantee.daily_caps import Amounts
from monitor.model.decision import Reason
from monitor.model.refill import RefillState
from monitor.model.target import Metric
from refilld.report.actions import first_actions
from refilld.report.assemble import drop_figures, queue_figures, review_figures
from refilld.report.figures import (
    LimitFigures,
    MonitorFigures,
    Report,
    SourceFigures,
    WaitingFigures,
)
from storage.guarantees import EndingDay
from storage.mass_drops import MassDropRow
from storage.report import DropSums, RefillSums, WaitingRequest
from storage.target_health import LookSums, TargetHealth
from tests.effort import examples

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
NOW = datetime(2026, 3, 11, 8, tzinfo=UTC)
HEALTHY = TargetHealth(100, NOW - timedelta(minutes=3), 0, None, 0, 0, 0, 0, 0)
READY = SourceFigures("graph", "ready", None, "", 40, 100, 700, None)
EMPTY = Report(
    now=NOW,
    period=DAY,
    empty=False,
    mass_drops=(),
    drops=drop_figures([], {}),
    queue=queue_figures([]),
    reviews=review_figures([]),
    waiting=WaitingFigures(0, ()),
    ending=(),
    monitor=MonitorFigures(HEALTHY, LookSums(1_000, 7), (READY,)),
)
"""A shop without anything to do."""


def some_drops(**changes: Any) -> DropSums:
    """One drop of 300 followers, confirmed in the period."""
    return replace(DropSums(Metric.FOLLOWERS, "1234", "acme", 1, 1, 0, 300), **changes)


def some_refills(state: RefillState = RefillState.QUEUED, **changes: Any) -> RefillSums:
    """One refill of 300 units of an order of 1,000 for 1.50 USD, an hour old."""
    standard = RefillSums(
        state=state, reason=Reason.DROP_CONFIRMED, metric=Metric.FOLLOWERS, price=Decimal("1.50"),
        currency="USD", ordered=1000, refills=1, units=300, created_at=NOW - HOUR, queued_at=NOW - HOUR,
        release_at=None,
    )  # fmt: skip
    return replace(standard, **changes)


def with_actions(**changes: Any) -> Report:
    """A report with these changes, and with what follows from them."""
    report = replace(EMPTY, **changes)
    return replace(report, actions=first_actions(report))


FAMILY = "\N{MAN}\N{ZERO WIDTH JOINER}\N{WOMAN}\N{ZERO WIDTH JOINER}\N{GIRL}"
NASTY = (
    "=1+1", "+cmd|' /C calc'!A0", "-2", "@SUM(A1)", "\t=1", " =1", "a|b", "</b><script>", "`; rm -rf /`",
    "[x](http://evil.example)", "@everyone", FAMILY * 40, "日本語フォロワー" * 20, "♻️ R30 | 👑 Premium " * 9,
    "x\ny", "x\r\n| y |", "e\u0301" * 90, "\u202eabc", "'", '"', "-", "--", "* [ ] ~~x~~ **y** #z",
)  # fmt: skip
HOSTILE = st.text(max_size=200) | st.sampled_from(NASTY)
NUMBERS = st.integers(0, 10**15)
TIMES = st.integers(-400 * 24, 0).map(lambda hours: NOW + hours * HOUR)
PRICES = st.none() | st.decimals(0, 10**12 - 1, places=6)
METRICS = st.sampled_from(Metric)
DROPS = st.builds(DropSums, METRICS, HOSTILE, st.none() | HOSTILE, NUMBERS, NUMBERS, NUMBERS, NUMBERS)
REFILLS = st.builds(
    RefillSums,
    state=st.sampled_from([state for state in RefillState if state not in {"rejected", "cancelled"}]),
    reason=st.sampled_from(Reason),
    metric=METRICS,
    price=PRICES,
    currency=st.none() | HOSTILE,
    ordered=st.integers(1, 10**12),
    refills=st.integers(1, 10**6),
    units=st.integers(1, 10**12),
    created_at=TIMES,
    queued_at=TIMES,
    release_at=st.none() | TIMES | TIMES.map(lambda at: NOW + (NOW - at)),
)
WAITING = st.lists(st.builds(WaitingRequest, HOSTILE, st.none() | HOSTILE, HOSTILE, TIMES), max_size=6).map(
    lambda rows: WaitingFigures(len(rows), tuple(rows))
)
SOURCES = st.builds(
    SourceFigures,
    HOSTILE,
    st.sampled_from(["ready", "proving", "paused", "stopped", "waiting"]),
    st.none() | TIMES,
    HOSTILE,
    NUMBERS,
    NUMBERS,
    NUMBERS,
    st.none() | NUMBERS,
)
AMOUNTS = st.builds(Amounts, NUMBERS, st.dictionaries(HOSTILE, st.decimals(0, 10**12, places=2), max_size=2))
LIMITS = st.lists(st.builds(LimitFigures, HOSTILE, AMOUNTS, AMOUNTS, NUMBERS), max_size=6).map(tuple)
HEALTH = st.builds(TargetHealth, NUMBERS, st.none() | TIMES, NUMBERS, st.none() | TIMES, *[NUMBERS] * 5)
MANY_SOURCES = st.lists(SOURCES, max_size=5).map(tuple)
DAYS = st.integers(0, 6).map(lambda days: NOW + days * DAY)
REPORTS = st.builds(
    with_actions,
    mass_drops=st.lists(
        st.builds(MassDropRow, NUMBERS, METRICS, TIMES, NUMBERS, NUMBERS, st.none()), max_size=3
    ).map(tuple),
    drops=st.builds(drop_figures, st.lists(DROPS, max_size=8), st.dictionaries(st.none() | HOSTILE, NUMBERS)),
    queue=st.builds(queue_figures, st.lists(REFILLS, max_size=8)),
    waiting=WAITING,
    limits=LIMITS,
    ending=st.lists(
        st.builds(EndingDay, st.integers(0, 6).map(lambda days: NOW + days * DAY), NUMBERS, NUMBERS),
        max_size=7,
    ).map(tuple),
    monitor=st.builds(
        MonitorFigures,
        HEALTH,
        st.builds(LookSums, NUMBERS, NUMBERS),
        st.lists(SOURCES, max_size=5).map(tuple),
    ),
)
"""Reports with any values."""
FEW_EXAMPLES = examples(40)
"""A report is made of hundreds of values, so each example is long."""
