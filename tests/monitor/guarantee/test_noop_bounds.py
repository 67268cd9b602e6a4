"""Noop bounds: evaluating a count within the bounds changes nothing."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from monitor.guarantee.noop_bounds import NoopBounds, noop_bounds
from monitor.guarantee.verdicts import Verdict, evaluate_count
from monitor.model.order import Flag
from monitor.model.order_state import OrderState
from tests.builders import (
    DAY,
    HOUR,
    INSTANT,
    NOW,
    START,
    a_completed_refill,
    a_drop,
    a_refill,
    an_order,
    an_order_state,
)
from tests.effort import examples
from tests.monitor.strategies import HOURS, targets

NEVER = datetime.max.replace(tzinfo=UTC)


def looked_at(state: OrderState) -> OrderState:
    return replace(state, settled_look=True)


@st.composite
def noop_targets(draw: st.DrawFn) -> list[OrderState]:
    """Draw targets that often have noop bounds: few drops, some unknown starts, some requests."""
    group = []
    for state in draw(targets()):
        start = draw(st.sampled_from([state.order.start_count] * 5 + [None]))
        terms = replace(state.order.terms, min_drop_units=draw(st.integers(0, 12)))
        group.append(
            replace(
                state,
                order=replace(state.order, start_count=start, terms=terms),
                drop=draw(st.sampled_from([None] * 4 + [state.drop])),
                refills=draw(st.sampled_from([()] * 3 + [state.refills])),
                request_pending=draw(st.sampled_from([False] * 5 + [True])),
                settled_look=draw(st.sampled_from([True] * 5 + [False])),
            )
        )
    return group


@given(noop_targets(), HOURS, st.integers(0, 40), st.integers(0, 60_000), st.booleans())
@examples(300)
def test_a_count_within_the_noop_bounds_changes_nothing(
    group: list[OrderState], now: datetime, more: int, later: int, mass_drop: bool
) -> None:
    """For any count from the lower bound up and any time until the end, evaluating changes nothing."""
    for count in (0, 100, 10_000):
        found = noop_bounds(group, now, count)
        if found is None:
            continue
        assert found.count <= count
        at = min(now + later * timedelta(minutes=1), found.until - INSTANT)
        verdicts = evaluate_count(group, found.count + more, at, mass_drop=mass_drop)
        quiet = [Verdict(v.order_id, at, claim=v.claim) for v in verdicts]
        assert list(verdicts) == quiet
        assert any(v.judged for v in verdicts) is found.judges(at)


@given(noop_targets(), HOURS, st.integers(0, 60_000), st.integers(0, 3_000))
@examples(125)
def test_counts_within_the_noop_bounds_change_nothing_until_they_end(
    group: list[OrderState], now: datetime, later: int, count: int
) -> None:
    found = noop_bounds(group, now, count)
    if found is not None:
        at = min(now + later * timedelta(minutes=1), found.until - INSTANT)
        assert noop_bounds(group, at, found.count) is not None


def test_the_noop_bound_of_one_order_is_one_unit_below_its_threshold() -> None:
    """1000 on top of 1000 with a threshold of 50: the line is 2000, the least count without effect 1951."""
    expected = NoopBounds(1951, NEVER, judged_from=START + DAY, judged_until=START + 30 * DAY)
    assert noop_bounds([looked_at(an_order_state())], NOW, 1951) == expected
    assert noop_bounds([looked_at(an_order_state())], NOW, 1950) is None


def test_noop_bounds_that_hold_after_settling_hold_before_it() -> None:
    found = noop_bounds([looked_at(an_order_state())], START + HOUR, 1951)
    assert found == NoopBounds(1951, NEVER, judged_from=START + DAY, judged_until=START + 30 * DAY)


def test_before_the_delivery_has_settled_no_count_has_an_effect() -> None:
    found = noop_bounds([looked_at(an_order_state())], START + HOUR, 1950)
    assert found is not None
    assert (found.count, found.until, found.judges(START + HOUR)) == (0, START + DAY, False)


def test_the_first_settled_look_is_never_on_the_fast_path() -> None:
    found = noop_bounds([an_order_state()], START + HOUR, 1951)
    assert found is not None
    assert found.until == START + DAY


def test_after_the_last_guarantee_no_count_has_an_effect() -> None:
    found = noop_bounds([looked_at(an_order_state())], START + 31 * DAY, 0)
    assert found is not None
    assert (found.count, found.until, found.judges(START + 31 * DAY)) == (0, NEVER, False)


def test_noop_bounds_end_when_an_order_becomes_active_again() -> None:
    """They have one time span of judged counts."""
    later = an_order_state(an_order("2", start_count=2000, completed_at=START + 40 * DAY))
    found = noop_bounds([looked_at(an_order_state()), looked_at(later)], NOW, 10_000)
    assert found is not None
    assert (found.judged_until, found.until) == (START + 30 * DAY, START + 41 * DAY)


def test_an_order_without_a_start_count_ends_the_noop_bounds_at_its_completion() -> None:
    unknown = an_order_state(an_order("2", start_count=None, completed_at=NOW + HOUR))
    found = noop_bounds([looked_at(an_order_state()), unknown], NOW, 2000)
    assert found is not None
    assert found.until == NOW + HOUR


def test_a_flagged_order_has_no_line() -> None:
    found = noop_bounds([looked_at(an_order_state(flags=[Flag.HOLD]))], NOW, 0)
    assert found is not None
    assert (found.count, found.judges(NOW)) == (0, False)


def test_an_open_drop_or_refill_has_no_noop_bounds() -> None:
    under_way = [
        looked_at(an_order_state(drop=a_drop())),
        looked_at(an_order_state(request_pending=True)),
        looked_at(an_order_state(refills=[a_refill()])),
        looked_at(an_order_state(refills=[a_completed_refill(10, NOW - HOUR)])),
        looked_at(an_order_state(an_order(start_count=None))),
        an_order_state(),  # its first settled look is still to come
    ]
    assert [noop_bounds([state], NOW, 10_000) for state in under_way] == [None] * 6


def test_a_count_judges_from_the_first_settled_moment_to_just_before_the_end() -> None:
    bounds = NoopBounds(0, NOW, judged_from=START, judged_until=NOW)
    assert [bounds.judges(at) for at in (START - INSTANT, START, NOW - INSTANT, NOW)] == [
        False,
        True,
        True,
        False,
    ]
