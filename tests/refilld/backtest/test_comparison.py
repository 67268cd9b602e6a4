"""Comparisons: the exact cost of the same history under other terms."""

from decimal import Decimal
from fractions import Fraction
from pathlib import Path

from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st

from monitor.model.link import Link, LinkKind
from monitor.model.order import Order, OrderStatus
from monitor.model.target import Metric, Target
from monitor.model.terms import Terms
from refilld.backtest.refill_cost import RefillCost
from tests.refilld.backtest.backtest_world import HOUR, SETTLED, looks, order_row, replayed, settings

LAX = settings(terms={"default": {"min_drop_percent": 50}})
"""Under these terms a loss of 300 of 1000 is no drop."""
DROP = ((SETTLED, 1700), (SETTLED + 2 * HOUR, 1700))
"""300 of 1000 are lost."""


def test_each_service_and_provider_is_a_row_and_the_total_is_one(tmp_path: Path) -> None:
    """300 of 1000 units that cost 1.50 are worth 0.45; in total 0.45 and 0.30."""
    sold = [
        order_row("1", "a", provider="acme", price="1.50", currency="USD"),
        order_row("2", "b", provider="best", price="1.00", currency="USD"),
        order_row("3", "c", provider="best", price="1.00", currency="USD"),
    ]
    seen = sorted(looks(*DROP, profile="a") + looks(*DROP, profile="b"), key=lambda look: look["at"])
    out = replayed(tmp_path, sold, seen, other=LAX)
    assert [
        tuple(
            row[name]
            for name in ("provider", "total", "refills", "units", "price", "other_units", "more_price")
        )
        for row in out.rows
    ] == [
        ("acme", False, 1, 300, Decimal("0.45"), 0, Decimal("-0.45")),
        ("best", False, 1, 300, Decimal("0.30"), 0, Decimal("-0.30")),
        ("(all)", True, 2, 600, Decimal("0.75"), 0, Decimal("-0.75")),
    ]


def test_prices_in_different_currencies_are_not_added(tmp_path: Path) -> None:
    sold = [
        order_row("1", "a", price="1.50", currency="USD"),
        order_row("2", "b", price="1.50", currency="EUR"),
        order_row("3", "c"),
    ]
    seen = sorted(
        (look for name in "abc" for look in looks(*DROP, profile=name)), key=lambda look: look["at"]
    )
    out = replayed(tmp_path, sold, seen, other=LAX)
    totals = [(row["currency"], row["units"], row["price"]) for row in out.rows if row["total"]]
    assert totals == [
        ("(no price)", 300, None),
        ("EUR", 300, Decimal("0.45")),
        ("USD", 300, Decimal("0.45")),
        ("(all)", 900, None),
    ]


def test_the_decisions_are_those_of_the_first_terms(tmp_path: Path) -> None:
    alone = replayed(tmp_path, [order_row()], looks(*DROP))
    beside = replayed(tmp_path, [order_row()], looks(*DROP), other=LAX)
    assert (beside.lines, beside.summary) == (alone.lines, alone.summary)


def test_each_side_equals_a_separate_backtest(tmp_path: Path) -> None:
    out = replayed(tmp_path, [order_row()], looks(*DROP), LAX, settings())
    (row,) = [row for row in out.rows if row["service"] == "svc"]
    assert (row["refills"], row["other_refills"], row["more_units"]) == (0, 1, 300)


def test_a_row_that_is_invalid_under_the_other_terms_is_omitted_from_both(tmp_path: Path) -> None:
    named = settings(terms={"gold": {}})
    out = replayed(tmp_path, [order_row(terms="gold"), order_row("2", "esa")], b"", named, settings())
    assert [complaint.split(": ")[:2] for complaint in out.complaints] == [["orders.jsonl:1", "terms"]]


def test_without_any_refill_the_total_is_zero(tmp_path: Path) -> None:
    out = replayed(tmp_path, [order_row()], b"", other=LAX)
    assert [(row["total"], row["units"], row["other_units"]) for row in out.rows] == [(True, 0, 0)]


def test_each_configuration_reads_the_orders_by_its_own_conventions(tmp_path: Path) -> None:
    """What it leaves out holds as in the first one, for both are about the same file."""
    row = order_row(status="Success", completed_at="01.01.2026 00:00:00")
    under = settings(orders={"statuses": {"Success": "Completed"}, "timezone": "UTC"})
    later = settings(orders={"timezone": "-12:00"})
    seen = looks((SETTLED, 1700), (SETTLED + 2 * HOUR, 1700))
    out = replayed(tmp_path, [row], seen, under, later)
    assert (out.complaints, out.rows[-1]["units"], out.rows[-1]["other_units"]) == ([], 300, 0)


def test_what_the_orders_leave_open_is_told_once(tmp_path: Path) -> None:
    """Under both configurations it is the same."""
    row = order_row(price="cheap", completed_at="01.01.2026 00:00:00")
    out = replayed(tmp_path, [row], b"", other=LAX)
    assert [complaint.split(" (")[0] for complaint in out.complaints] == [
        "orders.jsonl: price left out",
        "orders.jsonl: times without a zone are read as UTC",
    ]


PRICES = st.decimals(0, 10**9, places=3) | st.decimals(0, 5, places=6)
SALES = st.lists(st.tuples(PRICES, st.integers(1, 10**6), st.integers(1, 10**6)), min_size=1, max_size=30)


def a_sale(price: Decimal, quantity: int) -> Order:
    target = Target(Link(LinkKind.PROFILE, "nasa"), Metric.FOLLOWERS)
    return Order("1", "svc", target, quantity, OrderStatus.COMPLETED, Terms(), price=price, currency="USD")


@given(SALES)
@effort(max_examples=300, deadline=None)
def test_the_price_is_exact_and_rounded_once(sales: list[tuple[Decimal, int, int]]) -> None:
    """Compared with exact fractions: the error is at most half of the last digit."""
    cost = RefillCost()
    for price, quantity, units in sales:
        cost.add(a_sale(price, quantity), units)
    exact = sum(Fraction(price) * units / quantity for price, quantity, units in sales)
    written = sum(line.price for line in cost.lines.values())
    places = max(2, *(-int(price.as_tuple().exponent) for price, _, _ in sales))
    assert abs(Fraction(written) - exact) <= Fraction(1, 2 * 10**places)
