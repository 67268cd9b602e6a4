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
from monitor.model.terms import Terms, TermsOrigin
from tests.builders import DAY, HOUR, START, an_order
from tests.effort import examples

WAITING = [OrderStatus.PENDING, OrderStatus.IN_PROGRESS, OrderStatus.PROCESSING]
COMPLETED = OrderStatus.COMPLETED
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
        *((known, row) for known in ENDED for row in OrderStatus),
    ],
)
@pytest.mark.parametrize("decided", [False, True])
def test_an_order_moves_forward(known: OrderStatus, row: OrderStatus, decided: bool) -> None:
    """To any status before the delivery, and after an end, for it may be sent again."""
    after = merged(of_status(known), of_status(row), decided=decided and known.delivered)
    assert (after.status, after.completed_at) == (row, of_status(row).completed_at)


@pytest.mark.parametrize("known", DELIVERED)
@pytest.mark.parametrize("row", WAITING)
def test_a_delivered_order_never_moves_back(known: OrderStatus, row: OrderStatus) -> None:
    """It does not wait for its delivery again."""
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


# Before the delivery

NOT_DELIVERED = [*WAITING, *ENDED]


@pytest.mark.parametrize("known", NOT_DELIVERED)
@pytest.mark.parametrize(("provisional", "row"), [(0, 3572), (35, 3572), (None, 3572), (3572, 0)])
def test_a_start_count_is_provisional_until_the_delivery(
    known: OrderStatus, provisional: int | None, row: int
) -> None:
    """Panels write 0, or the count at that time, into an order that waits."""
    before = of_status(known, start_count=provisional)
    after = merged(before, an_order(start_count=row), decided=False)
    assert (after.status, after.start_count) == (OrderStatus.COMPLETED, row)


@pytest.mark.parametrize("known", NOT_DELIVERED)
@pytest.mark.parametrize(
    "change",
    [
        {"service": "2"},
        {"quantity": 999},
        {"target": Target(Link(LinkKind.PROFILE, "nasa"), Metric.FOLLOWERS), "link_typed": "@nasa"},
        {"target": Target(Link(LinkKind.POST, "C0deAAAAAAA"), Metric.LIKES), "link_typed": "/p/C0deAAAAAAA/"},
    ],
)
@pytest.mark.parametrize("status", OrderStatus)
def test_an_edit_is_followed_until_the_delivery(
    known: OrderStatus, change: dict[str, Any], status: OrderStatus
) -> None:
    """Service, quantity, link and metric, in the row of the delivery as well."""
    row = of_status(status, **change)
    assert merged(of_status(known), row, decided=False) == row


@pytest.mark.parametrize("known", NOT_DELIVERED)
def test_an_edited_service_brings_its_terms(known: OrderStatus) -> None:
    """They are those that the row was read with."""
    gold = Terms(name="gold", window=None)
    row = an_order(service="2", terms=gold, terms_from=TermsOrigin.SERVICE)
    after = merged(of_status(known), row, decided=False)
    assert (after.terms, after.terms_from) == (gold, TermsOrigin.SERVICE)


@pytest.mark.parametrize("known", NOT_DELIVERED)
def test_terms_that_the_row_names_are_followed_until_the_delivery(known: OrderStatus) -> None:
    """A row without terms leaves those that an earlier row has named."""
    sold = of_status(known, terms=Terms(name="silver"))
    after = merged(sold, an_order(terms=Terms(name="gold", window=None)), decided=False)
    assert after.terms.name == "gold"
    silent = an_order(terms=Terms(), terms_from=TermsOrigin.DEFAULT)
    assert merged(sold, silent, decided=False).terms.name == "silver"


@pytest.mark.parametrize("origin", [TermsOrigin.ROW, TermsOrigin.SERVICE, TermsOrigin.DEFAULT])
def test_a_changed_configuration_is_no_edit(origin: TermsOrigin) -> None:
    """An order that waits keeps the terms that it was sold under."""
    sold = of_status(OrderStatus.PENDING, terms=Terms(name="a", window=DAY), terms_from=origin)
    row = replace(sold, terms=Terms(name="a", window=2 * DAY))
    assert merged(sold, row, decided=False).terms.window == DAY


def test_the_start_count_of_another_target_is_dropped() -> None:
    """It was the count of the profile that the order was for."""
    known = of_status(OrderStatus.PENDING, start_count=500)
    row = replace(an_order(start_count=None), target=Target(Link(LinkKind.PROFILE, "nasa"), Metric.FOLLOWERS))
    assert merged(known, row, decided=False).start_count is None


def test_a_start_count_measured_for_an_earlier_delivery_is_dropped_by_the_next() -> None:
    """A refunded order that is sent again is measured again."""
    known = replace(of_status(OrderStatus.REFUNDED, start_count=500), start_measured=True)
    after = merged(known, an_order(start_count=None), decided=False)
    assert (after.start_count, after.start_measured) == (None, False)
    assert merged(known, known, decided=False) == known


def test_a_new_delivery_has_no_counts_of_an_earlier_one() -> None:
    """Base and first count belong to the delivery that was refunded."""
    counts: dict[str, Any] = {"base_lowered": 5, "base_at": START, "counted_at": START}
    known = of_status(OrderStatus.REFUNDED, **counts)
    assert merged(known, an_order(), decided=False) == an_order()
    assert merged(known, known, decided=False) == known


# What was sold


@pytest.mark.parametrize(
    ("known", "decided"), [(COMPLETED, False), *((known, True) for known in [*DELIVERED, *ENDED])]
)
@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("service", {"service": "2"}),
        ("quantity", {"quantity": 999}),
        ("link", {"target": Target(Link(LinkKind.PROFILE, "nasa"), Metric.FOLLOWERS)}),
        ("link", {"target": Target(Link(LinkKind.PROFILE, "natgeo"), Metric.VIEWS)}),
    ],
)
def test_what_was_sold_never_changes(
    field: str, change: dict[str, Any], known: OrderStatus, decided: bool
) -> None:
    """After the delivery, and after an end if a decision rests on it; the message names the field."""
    assert refused_field(of_status(known), an_order(**change), decided=decided) == field


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


@pytest.mark.parametrize("decided", [False, True])
def test_the_time_of_placing_never_moves_after_the_delivery(decided: bool) -> None:
    """It decides which orders overlap, and so whose units are lost; a missing one is filled in."""
    known, row = an_order(created_at=START - DAY), an_order(created_at=START - HOUR)
    assert merged(known, row, decided=decided) == known
    assert merged(an_order(), row, decided=decided) == row
    waiting = of_status(OrderStatus.PENDING, created_at=START - DAY)
    assert merged(waiting, row, decided=False).created_at == START - HOUR


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


@pytest.mark.parametrize("status", ENDED)
@pytest.mark.parametrize(
    ("field", "change"), [("remains", {"remains": 10}), ("start_count", {"start_count": 50_000})]
)
@pytest.mark.parametrize("measured", [False, True])
def test_a_baseline_with_a_decision_outlasts_an_end(
    status: OrderStatus, field: str, change: dict[str, Any], measured: bool
) -> None:
    """A canceled order that is delivered again keeps what its decisions rest on."""
    decided = replace(an_order(base_lowered=5, base_at=START), start_measured=measured)
    ended = merged(decided, of_status(status, remains=1000), decided=True)
    assert refused_field(ended, an_order(**change), decided=True) == field
    again = merged(ended, an_order(completed_at=START + DAY), decided=True)
    assert again == replace(decided, completed_at=START + DAY)


# Start counts


@pytest.mark.parametrize("decided", [False, True])
def test_a_known_start_count_never_changes(decided: bool) -> None:
    """Another one is refused, a missing one is no change."""
    known = an_order(start_count=500)
    assert refused_field(known, replace(known, start_count=400), decided=decided) == "start_count"
    assert known == merged(known, replace(known, start_count=None), decided=decided)


def test_the_refusal_of_a_start_count_says_how_to_correct_it() -> None:
    """The command can be pasted, for any id."""
    with pytest.raises(BadInputError) as refused:
        merged(an_order("a b", start_count=500), an_order("a b", start_count=400), decided=False)
    assert refused.value.problem.endswith(
        "refilld orders correct --start-count 400 --comment 'as imported' -- 'a b'"
    )


@pytest.mark.parametrize("decided", [False, True])
@pytest.mark.parametrize("status", OrderStatus)
def test_a_corrected_start_count_outlasts_every_later_row(status: OrderStatus, decided: bool) -> None:
    """The panel still writes the wrong one, also after an end and before the delivery."""
    known = of_status(status, start_count=500, start_corrected=True)
    assert merged(known, of_status(status, start_count=0), decided=decided) == known
    after = merged(known, an_order(start_count=50_000), decided=decided)
    assert (after.start_count, after.start_corrected) == (500, True)


def test_a_correction_ends_with_the_target_that_it_was_for() -> None:
    """The link of an order that waits was edited."""
    known = of_status(OrderStatus.PENDING, start_count=500, start_corrected=True)
    row = an_order(target=Target(Link(LinkKind.PROFILE, "nasa"), Metric.FOLLOWERS), start_count=7)
    after = merged(known, row, decided=False)
    assert (after.start_count, after.start_corrected) == (7, False)


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
    """The panel's later one is refused: a look has measured another, which only an operator can correct."""
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
@examples(100)
def test_any_rows_leave_a_valid_order_and_its_past(
    known: Order, measured: bool, rows: list[Order], decided: bool
) -> None:
    """Completed exactly when delivered; a decided baseline and a given start count never change after it."""
    known = replace(known, start_measured=measured and known.start_count is not None)
    decided = decided and known.status.delivered and known.start_count is not None
    before, decision = known, known
    for row in rows:
        try:
            after = merged(before, row, decided=decided)
        except BadInputError:
            continue
        assert (after.completed_at is not None) == after.status.delivered
        fixed = before.status.delivered
        if fixed and before.start_count is not None and not before.start_measured:
            assert before.start_count == after.start_count
        if decided and after.status.delivered:
            assert decision.baseline == after.baseline
            assert before.completed_at in {None, after.completed_at}
        assert after == merged(after, row, decided=decided)
        before = after
