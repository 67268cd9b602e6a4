"""Daily caps inside one evaluation: what is queued never exceeds a cap, and nothing is held without need."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from monitor.evaluation.admission import Look
from monitor.evaluation.evaluate import Evaluation, LookPolicy, RequestState, evaluate
from monitor.evaluation.mass_drop_state import MassDropState
from monitor.evaluation.target_state import TargetState
from monitor.guarantee.daily_caps import (
    SHOP,
    Amounts,
    CapScope,
    DailyCaps,
    QueuedUnits,
    ScopeKind,
    day_of,
    queued_of,
    used_with,
)
from monitor.guarantee.mass_drop import MassDropCounts, MassDropRule
from monitor.guarantee.series import Series
from monitor.model.decision import Action, Decision, Reason
from monitor.model.drop import DropState
from monitor.model.order import Order
from monitor.model.refill import RefillState
from monitor.model.target import Metric
from tests.builders import DAY, HOUR, NOW, a_drop, a_look, a_profile, a_refill, an_order, an_order_state

TODAY = day_of(NOW)
SCOPES = (SHOP, CapScope(ScopeKind.PROVIDER, "acme"), CapScope(ScopeKind.SERVICE, "followers"))
AMOUNTS = st.builds(
    Amounts,
    st.integers(0, 1500),
    st.dictionaries(st.sampled_from(("USD", "EUR")), st.integers(0, 300).map(lambda n: Decimal(n) / 100)),
)
CAPS = st.builds(DailyCaps, st.dictionaries(st.sampled_from(SCOPES), AMOUNTS), release_next_day=st.booleans())
SOLD = st.fixed_dictionaries(
    {
        "provider": st.sampled_from((None, "acme", "other")),
        "price": st.sampled_from((None, Decimal(1), Decimal("0.5"))),
        "currency": st.sampled_from((None, "USD", "EUR")),
    }
)
LOSSES = st.lists(st.tuples(SOLD, st.integers(50, 1000), st.booleans()), min_size=1, max_size=6)
"""How each order was sold, what it misses, and whether its refill is held since yesterday."""
USED = st.lists(
    st.builds(
        QueuedUnits, st.just("followers"), st.sampled_from((None, "acme")),
        st.sampled_from((None, Decimal(1))), st.just("USD"), st.just(1000), st.integers(1, 900),
    ),
    max_size=2,
)  # fmt: skip


def look_at(number: int, order: Order, missing: int, *, held: bool) -> Look:
    """One order on its own target, whose drop is decided now."""
    known = replace(order, counted_at=order.completed_at)
    if held:
        created = NOW - DAY - number * HOUR
        refills = [a_refill(missing, RefillState.HELD, release_at=NOW, created_at=created)]
        state = an_order_state(known, refills=refills)
    else:
        drop = a_drop(order.order_id, DropState.SUSPECTED, opened_at=NOW - 3 * HOUR)
        state = an_order_state(known, drop=replace(drop, looks=1))
    target = TargetState(number, order.target, Series(2000, "follower_count", source="simulated"))
    return Look(target, (replace(state, settled_look=True),), a_look(2000 - missing, NOW, order.target))


def evaluated(looks: list[Look], caps: DailyCaps, used: list[QueuedUnits]) -> Evaluation:
    policy = LookPolicy(None, MassDropRule(enabled=False), caps=caps)
    quiet = {Metric.FOLLOWERS: MassDropState(MassDropCounts(0, 0))}
    return evaluate(RequestState(looks, quiet, {}, {}, {TODAY: used_with({}, used)}), policy)


def looks_of(losses: list[tuple[dict[str, Any], int, bool]]) -> list[Look]:
    return [
        look_at(number, an_order(f"{number}", target=a_profile(f"user{number}"), **sold), missing, held=held)
        for number, (sold, missing, held) in enumerate(losses)
    ]


def decided(evaluation: Evaluation) -> list[tuple[Order, Decision]]:
    return [(look.orders[0].order, decision) for look in evaluation.looks for decision in look.decisions]


@given(losses=LOSSES, caps=CAPS, used=USED)
def test_what_is_queued_never_exceeds_a_cap(
    losses: list[tuple[dict[str, Any], int, bool]], caps: DailyCaps, used: list[QueuedUnits]
) -> None:
    """And the usage after the evaluation is that before it, with what is queued."""
    evaluation = evaluated(looks_of(losses), caps, used)
    queued = [
        QueuedUnits(o.service, o.provider, o.price, o.currency, o.quantity, d.quantity)
        for o, d in decided(evaluation)
        if d.action is Action.REFILL
    ]
    before, after = used_with({}, used), used_with({}, [*used, *queued])
    assert evaluation.usage == {TODAY: after}
    for scope, cap in caps.caps.items():
        was, found = before.get(scope, Amounts()), after.get(scope, Amounts())
        if cap.units and found.units != was.units:
            assert found.units <= cap.units
        for currency, limit in cap.price.items():
            if limit and found.price.get(currency, 0) != was.price.get(currency, 0):
                assert found.price[currency] <= limit


@given(losses=LOSSES, caps=CAPS, used=USED)
def test_a_refill_is_held_whole_and_only_when_it_does_not_fit(
    losses: list[tuple[dict[str, Any], int, bool]], caps: DailyCaps, used: list[QueuedUnits]
) -> None:
    """Without caps every one of them would be queued with the same units."""
    evaluation = evaluated(looks_of(losses), caps, used)
    free = evaluated(looks_of(losses), DailyCaps(), used)
    for (order, decision), (_, wanted) in zip(decided(evaluation), decided(free), strict=True):
        assert (decision.quantity, wanted.action) == (wanted.quantity, Action.REFILL)
        if decision.action is Action.HOLD:
            assert decision.reason is Reason.DAILY_CAP
            assert evaluation.usage is not None
            assert caps.exceeded(queued_of(order, decision.quantity), evaluation.usage[TODAY])
            waits = caps.release_next_day and not caps.too_large(queued_of(order, decision.quantity))
            assert (decision.release_at is not None) is waits


def test_the_oldest_held_refill_comes_first_and_new_drops_last() -> None:
    """Order 2 is held the longest; 500 units fit into the day."""
    looks = looks_of([({}, 500, False), ({}, 500, True), ({}, 500, True)])
    evaluation = evaluated(looks, DailyCaps({SHOP: Amounts(500)}), [])
    assert [(order.order_id, d.action) for order, d in decided(evaluation)] == [
        ("0", Action.HOLD), ("1", Action.HOLD), ("2", Action.REFILL),
    ]  # fmt: skip
    assert {look.orders_after[0].refills[0].state for look in evaluation.looks[:2]} == {RefillState.HELD}


def test_shadow_mode_holds_what_the_caps_would_let_through() -> None:
    policy = LookPolicy(None, MassDropRule(enabled=False), shadow=True)
    quiet = {Metric.FOLLOWERS: MassDropState(MassDropCounts(0, 0))}
    evaluation = evaluate(RequestState(looks_of([({}, 500, False), ({}, 500, True)]), quiet, {}, {}), policy)
    assert [(d.action, d.reason) for _, d in decided(evaluation)] == [(Action.HOLD, Reason.SHADOW)] * 2
    assert evaluation.queueing_days == frozenset()
