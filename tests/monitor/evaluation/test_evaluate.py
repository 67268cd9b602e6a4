"""Evaluation: everything that follows from a look is in its result, and nothing else changes."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from monitor.cadence.adaptive import AdaptiveCadence
from monitor.cadence.hazard import Hazards
from monitor.cadence.schedule import Priority
from monitor.evaluation.admission import Look
from monitor.evaluation.evaluate import (
    Evaluation,
    LookEvaluation,
    LookPolicy,
    RequestState,
    evaluate,
    reads_of,
)
from monitor.evaluation.mass_drop_state import MassDropState
from monitor.evaluation.source_choice import RoutedSource, SourceRouter
from monitor.evaluation.target_state import TargetSchedule, TargetState
from monitor.events.kind import EventKind
from monitor.guarantee.gone_detection import Absence
from monitor.guarantee.mass_drop import MassDropCounts, MassDropRule
from monitor.guarantee.series import Series
from monitor.model.decision import Action, Reason
from monitor.model.drop import DropState
from monitor.model.order_state import OrderState
from monitor.model.snapshot import Outcome, Snapshot
from monitor.model.target import Metric
from monitor.model.target_problem import TargetProblem
from tests.builders import DAY, HOUR, NOW, START, a_drop, a_failed_look, a_look, a_profile, an_order_state

RULE = MassDropRule()
CADENCE = AdaptiveCadence(timedelta(hours=6), Hazards({}))
POLICY = LookPolicy(CADENCE, RULE)
QUIET = MassDropState(MassDropCounts(0, 0))
SERIES = Series(2000, "follower_count", source="simulated")
STATE = TargetState(7, a_profile(), SERIES, schedule=TargetSchedule(source="simulated", request_key="natgeo"))


def looks_of(
    *looks: Look,
    policy: LookPolicy = POLICY,
    before: MassDropState = QUIET,
    reads: Mapping[tuple[str, Metric], datetime] | None = None,
) -> Evaluation:
    request = RequestState(looks, {Metric.FOLLOWERS: before}, reads or {}, {})
    return evaluate(request, policy)


def look_of(
    snapshot: Snapshot, *orders: OrderState, state: TargetState = STATE, **how: MassDropState | LookPolicy
) -> LookEvaluation:
    look = Look(state, orders or (an_order_state(),), snapshot)
    (found,) = looks_of(look, **how).looks  # type: ignore[arg-type]
    return found


def confirmed() -> OrderState:
    """An order whose drop the next look confirms."""
    return an_order_state(drop=a_drop(opened_at=NOW - 3 * HOUR))


def test_a_confirmed_drop_has_its_decision_refill_and_alert() -> None:
    found = look_of(a_look(1700), confirmed())
    (decision,) = found.decisions
    assert (decision.action, decision.reason, decision.quantity) == (
        Action.REFILL,
        Reason.DROP_CONFIRMED,
        300,
    )
    (after,) = found.orders_after
    assert ([refill.quantity for refill in after.refills], after.drop) == ([300], None)
    assert [event.kind for event in found.events] == [EventKind.DROP_CONFIRMED]


def test_a_suspected_drop_is_looked_at_again_before_anything_is_decided() -> None:
    found = look_of(a_look(1700))
    assert (found.decisions, found.events, found.opened) == ((), (), True)
    (after,) = found.orders_after
    assert after.drop is not None
    assert after.drop.state is DropState.SUSPECTED
    assert found.next_look is not None
    assert found.next_look.priority is Priority.URGENT


def test_the_series_takes_the_count() -> None:
    assert look_of(a_look(1990)).state.series == replace(SERIES, last_count=1990)


def test_a_count_that_changes_nothing_has_noop_bounds() -> None:
    state = replace(an_order_state(), settled_look=True)
    bounds = look_of(a_look(2000), state).noop_bounds
    assert bounds is not None
    assert bounds.count == 2000 - 50 + 1


@pytest.mark.parametrize("outcome", [outcome for outcome in Outcome if outcome is not Outcome.COUNT])
def test_a_failed_look_is_never_a_drop(outcome: Outcome) -> None:
    before = confirmed()
    found = look_of(a_failed_look(outcome), before)
    assert (found.orders_after, found.verdicts, found.decisions) == ((before,), (), ())
    assert (found.judged, found.opened, found.state.series) == (False, False, SERIES)


def test_looks_stay_in_order_when_the_clock_was_set_back() -> None:
    later = replace(STATE, last_look_at=NOW + HOUR)
    assert look_of(a_look(2000), state=later).snapshot.at == NOW + HOUR + timedelta.resolution


def test_a_routine_look_has_one_observation_an_order_and_an_urgent_one_none() -> None:
    """The cadence itself stays as it is: observations are learned after the commit."""
    hazards = CADENCE.hazards.unsaved()
    first = look_of(a_look(2000)).next_look
    assert first is not None
    assert [(one.hours, one.crossed) for one in first.observations] == [((NOW - START) / HOUR, False)]
    urgent = replace(STATE, schedule=replace(STATE.schedule, priority=Priority.URGENT))
    second = look_of(a_look(2000), state=urgent).next_look
    assert second is not None
    assert second.observations == ()
    assert CADENCE.hazards.unsaved() == hazards


def test_evaluating_again_gives_the_same() -> None:
    assert look_of(a_look(1700), confirmed()) == look_of(a_look(1700), confirmed())


def test_without_a_cadence_there_is_no_next_look() -> None:
    assert look_of(a_look(1700), confirmed(), policy=LookPolicy(None, RULE)).next_look is None


def fallen(number: int) -> list[Look]:
    """Targets whose drops open at this look."""
    return [Look(replace(STATE, target_id=i), (an_order_state(),), a_look(1700)) for i in range(number)]


def test_a_mass_drop_begins_with_the_evaluated_looks_and_holds_their_refills() -> None:
    before = MassDropState(MassDropCounts(20, 3))
    confirming = Look(STATE, (confirmed(),), a_look(1700))
    found = looks_of(*fallen(5), confirming, before=before)
    (change,) = found.mass_drops
    assert (change.began, change.metric, change.counts) == (True, Metric.FOLLOWERS, MassDropCounts(26, 8))
    (decision,) = found.looks[-1].decisions
    assert (decision.action, decision.reason) == (Action.HOLD, Reason.MASS_DROP)
    assert found.looks[-1].events == ()


def test_a_mass_drop_that_is_on_ends_when_few_targets_have_fallen() -> None:
    before = MassDropState(MassDropCounts(40, 3), since=NOW - 3 * DAY)
    (change,) = looks_of(Look(STATE, (an_order_state(),), a_look(2000)), before=before).mass_drops
    assert (change.began, change.counts) == (False, MassDropCounts(41, 3))


def test_a_target_counts_once_in_a_mass_drop() -> None:
    """Its earlier count and drop within the window are replaced, not added."""
    known = replace(STATE, judged_at=NOW - HOUR, drop_opened_at=NOW - HOUR)
    before = MassDropState(MassDropCounts(40, 3), since=NOW - 3 * DAY)
    (change,) = looks_of(Look(known, (confirmed(),), a_look(1700)), before=before).mass_drops
    assert change.counts == MassDropCounts(40, 3)


def test_a_failed_look_does_not_affect_a_mass_drop() -> None:
    look = Look(STATE, (an_order_state(),), a_failed_look(Outcome.PRIVATE))
    before = MassDropState(MassDropCounts(0, 0), since=NOW - 3 * DAY)
    assert looks_of(look, before=before).mass_drops == ()


def test_a_count_proves_that_the_source_reads_the_metric() -> None:
    counted, failed = a_look(2000), a_failed_look(Outcome.NOT_FOUND)
    assert reads_of([counted, failed]) == {("simulated", Metric.FOLLOWERS): NOW}
    assert reads_of([failed]) == {}


def test_a_private_target_is_alerted_once() -> None:
    private = a_failed_look(Outcome.PRIVATE)
    first = look_of(private)
    assert [event.kind for event in first.events] == [EventKind.TARGET_PRIVATE]
    assert first.state.notified_problem is TargetProblem.PRIVATE
    assert look_of(private, state=first.state).events == ()
    assert look_of(a_look(2000), state=first.state).state.notified_problem is None


def test_a_target_is_gone_only_while_the_source_reads_others() -> None:
    absent = replace(STATE, absence=Absence(5, NOW - 2 * DAY), failures=5)
    look = Look(absent, (an_order_state(),), a_failed_look(Outcome.NOT_FOUND))
    (blind,) = looks_of(look).looks
    assert (blind.state.absence.gone_at, blind.state.notified_problem) == (None, TargetProblem.UNREAD)
    (seeing,) = looks_of(look, reads={("simulated", Metric.FOLLOWERS): NOW - HOUR}).looks
    assert (seeing.state.absence.gone_at, seeing.state.notified_problem) == (NOW, TargetProblem.GONE)


def test_a_target_that_one_source_does_not_find_is_due_at_once_at_the_next() -> None:
    router = SourceRouter(
        (RoutedSource("simulated", lambda target: target.link.key), RoutedSource("other", lambda _: "page")),
        {},
    )
    found = look_of(a_failed_look(Outcome.NOT_FOUND), policy=LookPolicy(CADENCE, RULE, router))
    schedule = found.state.schedule
    assert (schedule.source, schedule.request_key, schedule.unseen_by) == (
        "other",
        "page",
        frozenset({"simulated"}),
    )
    assert found.next_look is not None
    assert (found.next_look.at, found.next_look.due_reason) == (NOW, "simulated cannot see it")
