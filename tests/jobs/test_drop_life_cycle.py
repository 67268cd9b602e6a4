"""The life cycle of a drop through recorded looks: suspected, confirmed, and refilled, held or refused."""

from datetime import timedelta

import pytest

from monitor.cadence.schedule import Priority
from monitor.model.decision import Action, Reason
from monitor.model.drop import DropState
from monitor.model.refill import RefillState
from monitor.model.snapshot import Outcome
from storage.errors import WrongStateError
from tests.builders import DAY, HOUR, START
from tests.jobs.jobs_world import JobsWorld, alerts_of, an_order, decisions_of, drops_of, refills_of

LATER = START + 2 * DAY
"""Two days after completion: the standard order has settled."""


# The life cycle of a drop


def test_a_loss_is_suspected_then_confirmed_then_refilled(world: JobsWorld) -> None:
    """1000 delivered on 1000, 1500 left: two looks two hours apart queue one refill of 500."""
    world.sell(an_order())
    assert world.look(1500, LATER).decisions == ()
    assert drops_of(world) == [("1", DropState.SUSPECTED, 1)]
    assert world.look(1500, LATER + HOUR).decisions == ()
    assert drops_of(world) == [("1", DropState.SUSPECTED, 2)]
    assert (refills_of(world), alerts_of(world)) == ([], [])
    (decision,) = world.look(1490, LATER + 2 * HOUR).decisions
    assert (decision.action, decision.reason, decision.quantity) == ("refill", "drop_confirmed", 510)
    assert drops_of(world) == [("1", DropState.REFILLED, 3)]
    assert decisions_of(world) == [("1", Action.REFILL, Reason.DROP_CONFIRMED, 510)]
    assert refills_of(world) == [("1", 510, RefillState.QUEUED)]
    text = (
        "order 1: followers of https://www.instagram.com/natgeo/ are 1490, whole at 2000, 510 missing; "
        "a refill of 510 is queued (drop_confirmed)"
    )
    assert world.alerts("kind", "order_id", "text")[1:] == [("drop.confirmed", "1", text)]


def test_the_same_loss_is_never_refilled_twice(world: JobsWorld) -> None:
    """Units in flight are not missing, however many looks follow."""
    world.sell(an_order())
    world.lose(1500)
    for hours in range(3, 60, 3):
        world.look(1500, LATER + hours * HOUR)
    assert refills_of(world) == [("1", 500, RefillState.QUEUED)]
    assert len(drops_of(world)) == 1


def test_a_loss_after_a_refill_is_refilled_after_the_cooldown(world: JobsWorld) -> None:
    """A drop after a completed refill waits until that refill is a day old, then 800 are queued."""
    world.sell(an_order())
    world.lose(1500)
    world.deliver()
    world.look(2000, LATER + 12 * HOUR)
    world.look(1200, LATER + 13 * HOUR)
    world.look(1200, LATER + 15 * HOUR)
    assert decisions_of(world)[1:] == [("1", Action.WAIT, Reason.COOLDOWN, 0)]
    world.look(1200, LATER + 26 * HOUR)
    assert decisions_of(world)[2:] == [("1", Action.REFILL, Reason.DROP_CONFIRMED, 800)]
    assert refills_of(world) == [("1", 500, RefillState.COMPLETED), ("1", 800, RefillState.QUEUED)]


def test_what_a_refill_did_not_deliver_is_owed_again_and_uses_no_allowance(world: JobsWorld) -> None:
    """Nothing was delivered, so all is owed; twice the 500 would exceed the allowance of 600 units."""
    world.sell(an_order(terms={"max_refill_percent": 60}))
    world.lose(1500)
    world.deliver(delivered=0)
    world.lose(1500, LATER + 4 * HOUR)
    assert decisions_of(world)[-1] == ("1", Action.WAIT, Reason.COOLDOWN, 0)
    world.look(1500, LATER + 2 * DAY)
    assert refills_of(world) == [("1", 500, RefillState.COMPLETED), ("1", 500, RefillState.QUEUED)]
    world.deliver()
    world.look(2000, LATER + 4 * DAY)
    assert (len(refills_of(world)), drops_of(world)[-1][1]) == (2, DropState.REFILLED)


def test_a_repeated_decision_to_wait_is_stored_and_alerted_once(world: JobsWorld) -> None:
    """The third look repeats the decision of the second."""
    world.sell(an_order(terms={"refill": "on_request"}))
    world.lose()
    recorded = world.look(1500, LATER + 5 * HOUR)
    assert recorded.decisions == ()
    assert decisions_of(world) == [("1", Action.WAIT, Reason.AWAITING_REQUEST, 0)]
    assert alerts_of(world) == ["drop.waiting"]
    assert drops_of(world) == [("1", DropState.WAITING, 3)]


def test_on_request_the_next_look_after_the_customers_request_queues_the_refill(world: JobsWorld) -> None:
    """The look also answers the request, so the next drop needs a new one."""
    world.sell(an_order(terms={"refill": "on_request", "cooldown": timedelta(0)}))
    world.lose()
    world.ask("1")
    world.look(1500, LATER + 5 * HOUR)
    assert refills_of(world) == [("1", 500, RefillState.QUEUED)]
    assert world.rows("requests", "answered_at") == [LATER + 5 * HOUR]
    world.deliver()
    world.lose(1500, LATER + 10 * DAY)
    assert decisions_of(world)[-1] == ("1", Action.WAIT, Reason.AWAITING_REQUEST, 0)


def test_a_loss_that_comes_back_by_itself_costs_nothing(world: JobsWorld) -> None:
    """Recovered before the second look: no decision, no refill, no alert."""
    world.sell(an_order())
    world.look(1500, LATER)
    world.look(1990, LATER + 2 * HOUR)
    assert drops_of(world) == [("1", DropState.RECOVERED, 1)]
    assert (decisions_of(world), refills_of(world), alerts_of(world)) == ([], [], [])


def test_a_missing_start_count_is_measured_by_the_first_count_and_marked_as_measured(
    world: JobsWorld,
) -> None:
    """1400 seen after 1000 delivered: the start count is 400; a later count does not change it."""
    world.sell(an_order(start_count=None))
    world.look(1400, START + HOUR)
    world.look(1390, LATER)
    assert world.rows("orders", "start_count", "start_measured") == [(400, True)]
    world.lose(1000, LATER + DAY)
    assert refills_of(world) == [("1", 400, RefillState.QUEUED)]


def test_a_failed_look_measures_no_start_count(world: JobsWorld) -> None:
    """The start count stays unknown until a count is read."""
    world.sell(an_order(start_count=None))
    world.look(Outcome.TRANSIENT, START + HOUR)
    assert world.rows("orders", "start_count", "start_measured") == [(None, False)]


def test_the_confirmation_look_has_the_urgent_priority(world: JobsWorld) -> None:
    """It is due two hours after the suspicion opened, before all routine looks."""
    world.sell(an_order())
    world.look(1500, LATER)
    target = world.target()
    assert (target.schedule.next_due_at, target.schedule.due_reason) == (
        LATER + 2 * HOUR,
        "confirm drop of 1",
    )
    assert world.rows("targets", "priority") == [int(Priority.URGENT)]


def test_a_target_without_covered_orders_is_not_due(world: JobsWorld) -> None:
    """The guarantee has ended."""
    world.sell(an_order())
    world.look(2000, START + 30 * DAY)
    assert world.target().schedule.next_due_at is None
    assert world.target().schedule.due_reason == "no order is covered"


# Held and refused


def test_a_count_below_the_start_is_held_for_the_operator(world: JobsWorld) -> None:
    """900 is below the start count of 1000; the units stay reserved and no new drop opens."""
    world.sell(an_order())
    world.lose(900)
    world.look(900, LATER + DAY)
    assert refills_of(world) == [("1", 1000, RefillState.HELD)]
    assert drops_of(world) == [("1", DropState.HELD, 2)]
    assert alerts_of(world) == ["drop.held"]
    assert world.claim() == []
    world.operate("approve")
    assert len(world.claim()) == 1


def test_a_refill_can_be_approved_before_a_sibling_is_counted(world: JobsWorld) -> None:
    """It was imported since, its start count is not measured, it ends first, and misses 1000 of 1100."""
    world.sell(an_order())
    world.lose(900)
    world.sell(an_order("2", start_count=None, completed_at=START - DAY))
    world.operate("approve")
    assert refills_of(world) == [("1", 100, RefillState.QUEUED)]


@pytest.mark.parametrize(
    ("action", "state"), [("reject", RefillState.REJECTED), ("cancel", RefillState.CANCELLED)]
)
def test_a_drop_refused_by_an_operator_is_not_decided_again_until_it_has_recovered(
    world: JobsWorld, action: str, state: RefillState
) -> None:
    """RULES 5: the drop counts as refused; a later drop gets its own decision."""
    world.sell(an_order())
    world.lose(900)
    world.operate(action)
    world.lose(900, LATER + DAY)
    assert refills_of(world) == [("1", 1000, state)]
    world.look(2000, LATER + 2 * DAY)
    world.lose(1500, LATER + 3 * DAY)
    assert refills_of(world) == [("1", 1000, state), ("1", 500, RefillState.QUEUED)]


def test_a_dead_refill_replaced_by_a_later_one_cannot_be_requeued(world: JobsWorld) -> None:
    """The units of a dead refill are owed again; once another refill delivered them, requeue is refused."""
    world.sell(an_order())
    world.lose(1500)
    world.give_up()
    world.lose(1500, LATER + DAY)
    world.deliver()
    with pytest.raises(WrongStateError, match="the order misses 0"):
        world.operate("requeue", 1)
    assert [state for _, _, state in refills_of(world)] == [RefillState.DEAD, RefillState.COMPLETED]


def test_units_of_dead_refills_open_new_drops_without_a_limit(world: JobsWorld) -> None:
    """Neither max_refills nor max_refill_percent nor the cooldown (24h) counts them."""
    world.sell(an_order(terms={"max_refills": 1, "max_refill_percent": 50}))
    world.lose(1500)
    for _ in range(3):
        world.give_up()
        world.lose(1500, world.now + HOUR)
    dead = ("1", 500, RefillState.DEAD)
    assert refills_of(world) == [dead, dead, dead, ("1", 500, RefillState.QUEUED)]


def test_a_refused_drop_is_alerted_once_and_not_decided_again_until_it_has_recovered(
    world: JobsWorld,
) -> None:
    """Its looks are still counted, its decision stays."""
    world.sell(an_order(terms={"below_start": "refuse"}))
    world.lose(900)
    world.look(900, LATER + DAY)
    assert decisions_of(world) == [("1", Action.REFUSE, Reason.BELOW_START_COUNT, 0)]
    assert (alerts_of(world), drops_of(world)) == (["drop.refused"], [("1", DropState.REFUSED, 3)])
    world.look(2000, LATER + 2 * DAY)
    world.lose(1500, LATER + 3 * DAY)
    assert refills_of(world) == [("1", 500, RefillState.QUEUED)]


# Overlapping orders


def test_orders_on_one_target_never_claim_more_than_is_missing(world: JobsWorld) -> None:
    """1000 and 1000 on 1000, 2400 left: 600 are missing, and the order that ends first refills them."""
    world.sell(an_order("1"), an_order("2", completed_at=START + DAY, start_count=2000))
    world.lose(2400, START + 3 * DAY)
    assert refills_of(world) == [("1", 600, RefillState.QUEUED)]


def test_a_loss_larger_than_one_order_is_split_between_orders(world: JobsWorld) -> None:
    """1500 are missing: 1000 by the one that ends first, 500 by the other."""
    cap = {"below_start": "cap"}
    world.sell(an_order("1", terms=cap), an_order("2", completed_at=START + DAY, start_count=2000, terms=cap))
    world.lose(1500, START + 3 * DAY)
    assert refills_of(world) == [("1", 1000, RefillState.QUEUED), ("2", 500, RefillState.QUEUED)]


def test_orders_on_other_targets_do_not_change(world: JobsWorld) -> None:
    """A look at one profile changes no row of another profile."""
    world.sell(an_order("1"), an_order("2", "nasa"))
    world.look(2000, LATER, profile="nasa")
    nasa = world.target("nasa")
    world.lose(1500)
    assert world.target("nasa") == nasa
    assert {order for order, _, _ in drops_of(world)} == {"1"}


# One transaction


@pytest.mark.parametrize("action", ["reject", "cancel"])
def test_an_operators_refusal_is_a_decision_that_a_check_reports(world: JobsWorld, action: str) -> None:
    """The answer to the customer is `declined`, not that the drop is still in review."""
    world.sell(an_order())
    world.lose(900 if action == "reject" else 1500)
    world.operate(action)
    assert decisions_of(world)[-1] == ("1", Action.REFUSE, Reason.DECLINED, 0)
    answer, _ = world.checking().check("1")
    assert answer.word == "declined"


def test_requeue_respects_the_refill_limits(world: JobsWorld) -> None:
    """max_refills is 1 and one refill was delivered: the dead one cannot be requeued."""
    world.sell(an_order(terms={"max_refills": 1, "max_refill_percent": 60, "cooldown": timedelta(0)}))
    world.lose(1500)
    world.give_up()
    world.lose(1500, LATER + DAY)
    world.deliver()
    world.look(2000, LATER + 3 * DAY)
    world.lose(1500, LATER + 4 * DAY)
    with pytest.raises(WrongStateError, match="refill_limit_reached"):
        world.operate("requeue", 1)
