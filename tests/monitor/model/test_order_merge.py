"""What an imported row may change: progress does, the sale and decided baselines do not."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.errors import BadInputError
from monitor.model.link import Link, LinkKind
from monitor.model.order import Order, OrderStatus
from monitor.model.order_merge import merged
from monitor.model.target import Metric, Target
from monitor.model.terms import Terms
from tests.builders import DAY, HOUR, START, an_order
from tests.effort import examples

WAITING = [OrderStatus.PENDING, OrderStatus.IN_PROGRESS, OrderStatus.PROCESSING]
DELIVERED = [OrderStatus.COMPLETED, OrderStatus.PARTIAL]
ENDED = [OrderStatus.CANCELED, OrderStatus.REFUNDED, OrderStatus.FAIL]


def of_status(status: OrderStatus, **changes: object) -> Order:
    """Give the standard order in any status; only a delivered one has a time of completion."""
    completed = START if status.delivered else None
    return replace(an_order(status=status, completed_at=completed), **changes)  # type: ignore[arg-type]


def refused_field(known: Order, row: Order, *, decided: bool = False) -> str:
    with pytest.raises(BadInputError) as refused:
        merged(known, row, decided=decided)
    return refused.value.field


# Moving forward


@pytest.mark.parametrize(
    ("known", "row"),
    [
        *((known, row) for known in WAITING for row in OrderStatus),
        *((known, row) for known in DELIVERED for row in [*DELIVERED, *ENDED]),
        *((known, known) for known in ENDED),
    ],
)
@pytest.mark.parametrize("decided", [False, True])
def test_an_order_moves_forward(known: OrderStatus, row: OrderStatus, decided: bool) -> None:
    """From pending to any status, from delivered to an end; a repeated status changes nothing."""
    after = merged(of_status(known), of_status(row), decided=decided and known.delivered)
    assert (after.status, after.completed_at) == (row, of_status(row).completed_at)


@pytest.mark.parametrize(
    ("known", "row"),
    [
        *((known, row) for known in DELIVERED for row in WAITING),
        *((known, row) for known in ENDED for row in OrderStatus if row is not known),
    ],
)
def test_an_order_never_moves_back(known: OrderStatus, row: OrderStatus) -> None:
    """A delivered order does not become pending, and an ended one stays ended."""
    assert refused_field(of_status(known), of_status(row)) == "status"


def test_an_update_brings_remains_and_the_time_of_completion_up_to_date() -> None:
    """As long as no decision depends on them."""
    known = an_order(delivered=1000, start_count=None)
    row = replace(known, status=OrderStatus.PARTIAL, remains=200, completed_at=START + HOUR)
    assert row == merged(known, row, decided=False)


def test_the_same_row_again_changes_nothing() -> None:
    """Imports are repeated."""
    known = an_order()
    assert known == merged(known, known, decided=True) == merged(known, known, decided=False)


# What was sold


@pytest.mark.parametrize("decided", [False, True])
@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("service", {"service": "2"}),
        ("quantity", {"quantity": 999}),
        ("link", {"target": Target(Link(LinkKind.PROFILE, "nasa"), Metric.FOLLOWERS)}),
        ("link", {"target": Target(Link(LinkKind.PROFILE, "natgeo"), Metric.VIEWS)}),
    ],
)
def test_what_was_sold_never_changes(field: str, change: dict[str, Any], decided: bool) -> None:
    """Service, quantity, link and metric; the message names the field and what was sold."""
    known = an_order()
    assert refused_field(known, replace(known, **change), decided=decided) == field


def test_the_terms_stay_as_they_were_sold() -> None:
    """New terms in the configuration do not change old orders."""
    known = an_order(window=10 * DAY)
    row = replace(known, terms=Terms(name="generous", window=None))
    assert known.terms == merged(known, row, decided=False).terms


def test_an_owner_or_a_typed_link_makes_no_other_order() -> None:
    """The canonical link and the metric are the identity."""
    known = an_order()
    row = replace(known, target=replace(known.target, owner="somebody"), link_typed="@NatGeo")
    assert known == merged(known, row, decided=True)


def test_details_are_updated_and_never_erased() -> None:
    """A row without a price leaves the price unchanged."""
    known = replace(an_order(), provider="acme", price=Decimal("1.50"), currency="EUR")
    row = replace(an_order(), provider="other", customer="Ann")
    after = merged(known, row, decided=True)
    expected = ("other", "Ann", Decimal("1.50"), "EUR")
    assert expected == (after.provider, after.customer, after.price, after.currency)


# Baselines with a decision


@pytest.mark.parametrize(
    ("field", "change"), [("remains", {"remains": 10}), ("completed_at", {"completed_at": START + HOUR})]
)
@pytest.mark.parametrize("status", DELIVERED)
def test_a_baseline_with_a_decision_never_changes(
    field: str, change: dict[str, Any], status: OrderStatus
) -> None:
    """Without a decision the same row is accepted."""
    known = an_order()
    row = replace(known, status=status, **change)
    assert refused_field(known, row, decided=True) == field
    assert getattr(row, field) == getattr(merged(known, row, decided=False), field)


@pytest.mark.parametrize("status", ENDED)
def test_an_order_may_end_whatever_was_decided_on_it(status: OrderStatus) -> None:
    """A refund ends the guarantee; no baseline is rewritten by it."""
    after = merged(an_order(), of_status(status, remains=1000), decided=True)
    assert (after.status, after.completed_at, after.start_count) == (status, None, 1000)


# Start counts


@pytest.mark.parametrize("decided", [False, True])
def test_a_known_start_count_never_changes(decided: bool) -> None:
    """Another one is refused, a missing one is no change."""
    known = an_order(start_count=500)
    assert refused_field(known, replace(known, start_count=400), decided=decided) == "start_count"
    assert known == merged(known, replace(known, start_count=None), decided=decided)


def test_a_start_count_of_0_is_a_known_one() -> None:
    """Zero is a number."""
    known = an_order(start_count=0)
    assert refused_field(known, replace(known, start_count=1)) == "start_count"
    assert merged(an_order(start_count=None), replace(known, start_count=0), decided=False).start_count == 0


def test_an_unknown_start_count_may_still_be_given() -> None:
    """It then counts like one that was given at first."""
    after = merged(an_order(start_count=None), an_order(start_count=500), decided=False)
    assert (after.start_count, after.start_measured) == (500, False)


def test_a_measured_start_count_stays_while_the_delivery_is_the_same() -> None:
    """The panel's later one is refused: a look has measured another."""
    known = replace(an_order(start_count=500), start_measured=True)
    assert known == merged(known, replace(known, start_count=None, start_measured=False), decided=False)
    assert refused_field(known, an_order(start_count=400)) == "start_count"


@pytest.mark.parametrize(
    "change",
    [
        {"remains": 100, "status": OrderStatus.PARTIAL},
        {"completed_at": START + HOUR},
    ],
)
def test_a_measured_start_count_is_measured_again_when_the_delivery_changes(change: dict[str, Any]) -> None:
    """It was computed from the old number of delivered units."""
    known = replace(an_order(start_count=500), start_measured=True)
    row = replace(an_order(start_count=None), **change)
    after = merged(known, row, decided=False)
    assert (after.start_count, after.start_measured) == (None, False)
    given = merged(known, replace(row, start_count=500), decided=False)
    assert (given.start_count, given.start_measured) == (500, False)


# Any rows


STATUSES = st.sampled_from(OrderStatus)


@st.composite
def orders(draw: st.DrawFn) -> Order:
    status = draw(STATUSES)
    return of_status(
        status,
        remains=draw(st.sampled_from([0, 0, 100])),
        completed_at=START + draw(st.sampled_from([timedelta(0), HOUR])) if status.delivered else None,
        start_count=draw(st.sampled_from([None, 0, 500])),
    )


@given(orders(), st.booleans(), st.lists(orders(), max_size=6), st.booleans())
@examples(200)
def test_any_rows_leave_a_valid_order_and_its_past(
    known: Order, measured: bool, rows: list[Order], decided: bool
) -> None:
    """Completed exactly when delivered; a decided baseline and a given start count never change."""
    known = replace(known, start_measured=measured and known.start_count is not None)
    decided = decided and known.status.delivered and known.start_count is not None
    before = known
    for row in rows:
        try:
            after = merged(before, row, decided=decided)
        except BadInputError:
            continue
        assert (after.completed_at is not None) == after.status.delivered
        if before.start_count is not None and not before.start_measured:
            assert before.start_count == after.start_count
        if decided and after.status.delivered:
            assert (known.baseline, known.completed_at) == (after.baseline, after.completed_at)
        assert after == merged(after, row, decided=decided)
        before = after
