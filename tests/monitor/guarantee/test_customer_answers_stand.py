"""How long an answer stands, and what it rests on."""

from datetime import timedelta

import pytest

from monitor.guarantee.customer_answers import claim_at, stands
from monitor.model.order import OrderStatus
from monitor.model.order_state import OrderState
from monitor.model.snapshot import Outcome
from tests.builders import DAY, HOUR, INSTANT, MINUTE, NOW, START, an_order, an_order_state
from tests.monitor.guarantee.customer_requests import NOTHING, ask


@pytest.mark.parametrize(
    ("outcome", "stands_for"),
    [
        (Outcome.COUNT, HOUR),
        (Outcome.PRIVATE, 5 * MINUTE),
        (Outcome.TRANSIENT, 5 * MINUTE),
        (None, 5 * MINUTE),
    ],
)
def test_an_answer_stands_for_an_hour_after_a_count_and_for_minutes_after_anything_else(
    outcome: Outcome | None, stands_for: timedelta
) -> None:
    assert stands(NOW, NOW, outcome, NOW + stands_for - INSTANT)
    assert not stands(NOW, NOW, outcome, NOW + stands_for)


def test_an_answer_without_a_look_since_the_request_does_not_stand() -> None:
    assert not stands(NOW, None, None, NOW)
    assert not stands(NOW, NOW - INSTANT, Outcome.COUNT, NOW)
    assert stands(NOW, NOW + MINUTE, Outcome.COUNT, NOW + MINUTE)


def test_without_a_count_or_its_time_there_is_no_claim() -> None:
    state = an_order_state()
    assert claim_at(state, [state], 1700, NOW) is not None
    assert claim_at(state, [state], None, NOW) is None
    assert claim_at(state, [state], 1700, None) is None
    unknown = an_order_state(an_order(start_count=None))
    assert claim_at(unknown, [unknown], 1700, NOW) is None


def test_an_order_of_which_nothing_was_delivered_has_no_guarantee() -> None:
    empty = an_order_state(an_order(delivered=0, remains=1000, status=OrderStatus.PARTIAL))
    answer = ask(empty, NOTHING)
    assert (answer.word, answer.variant) == ("no_guarantee", "nothing_delivered")


def test_an_answer_lowers_no_base_for_an_order_that_was_not_counted_yet() -> None:
    """500 were missing at the newest count; an order imported since then does not hide them."""
    measured = an_order(start_count=1000, start_measured=True, base_at=START, counted_at=START)
    known, new = OrderState(measured), OrderState(an_order("2", start_count=None, completed_at=NOW - DAY))
    for siblings in ([known], [known, new]):
        claim = claim_at(known, siblings, 1500, NOW)
        assert claim is not None
        assert claim.units == 500
