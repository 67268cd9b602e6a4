"""Judging: one look and everything that follows from it, in one transaction or not at all."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from jobs.look_recording import record_looks
from monitor.alerts.alert import PRIVATE_WORDS
from monitor.cadence.schedule import Priority
from monitor.model.decision import Action, Reason
from monitor.model.drop import DropState
from monitor.model.order import Flag, OrderStatus
from monitor.model.refill import RefillState
from monitor.model.snapshot import Outcome
from storage.errors import WrongStateError
from tests.jobs.jobs_world import DAY, HOUR, INSTANT, MINUTE, START, JobsWorld, a_look, a_profile, an_order

LATER = START + 2 * DAY
"""The standard order has long been settled."""


def drops_of(world: JobsWorld) -> list[tuple[str, DropState, int]]:
    return world.rows("drops", "order_id", "state", "looks")


def decisions_of(world: JobsWorld) -> list[tuple[str, Action, Reason, int]]:
    return world.rows("decisions", "order_id", "decision", "reason", "quantity")


def refills_of(world: JobsWorld) -> list[tuple[str, int, RefillState]]:
    return world.rows("refills", "order_id", "quantity", "state")


def alerts_of(world: JobsWorld) -> list[str]:
    """All but reviews: most orders here are short at their first look, which is not what this is about."""
    return [str(kind) for kind in world.rows("outbox", "kind") if kind != "review.opened"]


# The whole life of a drop


def test_a_loss_is_suspected_then_confirmed_then_refilled(world: JobsWorld) -> None:
    """1000 delivered on 1000, 1500 left: two looks two hours apart, and 500 are queued, once."""
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
    assert world.rows("outbox", "kind", "order_id", "text")[1:] == [("drop.confirmed", "1", text)]


def test_the_same_loss_is_never_refilled_twice(world: JobsWorld) -> None:
    """While the units are on their way nothing is missing, however often one looks."""
    world.sell(an_order())
    world.lose(1500)
    for hours in range(3, 60, 3):
        world.look(1500, LATER + hours * HOUR)
    assert refills_of(world) == [("1", 500, RefillState.QUEUED)]
    assert len(drops_of(world)) == 1


def test_what_is_lost_after_a_refill_is_refilled_after_the_cooldown(world: JobsWorld) -> None:
    """Completed, seen, lost again: the drop waits until the refill is a day old, then 300 go out."""
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


def test_a_decision_to_wait_is_kept_and_told_once_however_often_it_is_repeated(world: JobsWorld) -> None:
    """The third look says nothing new."""
    world.sell(an_order(terms={"refill": "on_request"}))
    world.lose()
    recorded = world.look(1500, LATER + 5 * HOUR)
    assert recorded.decisions == ()
    assert decisions_of(world) == [("1", Action.WAIT, Reason.AWAITING_REQUEST, 0)]
    assert alerts_of(world) == ["drop.waiting"]
    assert drops_of(world) == [("1", DropState.WAITING, 3)]


def test_on_request_the_refill_follows_the_customers_request_at_the_next_look(world: JobsWorld) -> None:
    """The request is answered by it, so that the next drop needs a request of its own."""
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


def test_the_baseline_is_measured_by_the_first_count_and_stored_as_measured(world: JobsWorld) -> None:
    """1400 seen after 1000 delivered: 400 to begin with; a later count changes nothing."""
    world.sell(an_order(start_count=None))
    world.look(1400, START + HOUR)
    world.look(1390, LATER)
    assert world.rows("orders", "start_count", "start_measured") == [(400, True)]
    world.lose(1000, LATER + DAY)
    assert refills_of(world) == [("1", 400, RefillState.QUEUED)]


def test_a_failed_look_measures_no_baseline(world: JobsWorld) -> None:
    """Only a count is a number."""
    world.sell(an_order(start_count=None))
    world.look(Outcome.TRANSIENT, START + HOUR)
    assert world.rows("orders", "start_count", "start_measured") == [(None, False)]


def test_the_next_look_confirms_a_suspicion_in_the_first_lane(world: JobsWorld) -> None:
    """Two hours after it opened, before all routine looks."""
    world.sell(an_order())
    world.look(1500, LATER)
    target = world.target()
    assert (target.next_due_at, target.due_reason) == (LATER + 2 * HOUR, "confirm drop of 1")
    assert world.rows("targets", "priority") == [int(Priority.URGENT)]


def test_a_target_without_covered_orders_is_due_no_more(world: JobsWorld) -> None:
    """After the guarantee has ended."""
    world.sell(an_order())
    world.look(2000, START + 30 * DAY)
    assert world.target().next_due_at is None
    assert world.target().due_reason == "no order is covered"


# Held and refused


def test_a_count_below_the_start_is_held_for_the_operator(world: JobsWorld) -> None:
    """900 is below the 1000 from before the order; the units stay reserved, nothing new opens."""
    world.sell(an_order())
    world.lose(900)
    world.look(900, LATER + DAY)
    assert refills_of(world) == [("1", 1000, RefillState.HELD)]
    assert drops_of(world) == [("1", DropState.HELD, 2)]
    assert alerts_of(world) == ["drop.held"]
    assert world.claim() == []
    world.operate("approve")
    assert len(world.claim()) == 1


@pytest.mark.parametrize(
    ("action", "state"), [("reject", RefillState.REJECTED), ("cancel", RefillState.CANCELLED)]
)
def test_what_an_operator_refuses_is_not_asked_again_until_it_has_recovered(
    world: JobsWorld, action: str, state: RefillState
) -> None:
    """RULES 5: the drop counts as refused; a later one is decided anew."""
    world.sell(an_order())
    world.lose(900)
    world.operate(action)
    world.lose(900, LATER + DAY)
    assert refills_of(world) == [("1", 1000, state)]
    world.look(2000, LATER + 2 * DAY)
    world.lose(1500, LATER + 3 * DAY)
    assert refills_of(world) == [("1", 1000, state), ("1", 500, RefillState.QUEUED)]


def test_a_dead_refill_that_was_made_good_since_is_not_paid_twice(world: JobsWorld) -> None:
    """The units of a refill given up are owed anew; when another has brought them, requeue is refused."""
    world.sell(an_order())
    world.lose(1500)
    world.give_up()
    world.lose(1500, LATER + DAY)
    world.deliver()
    with pytest.raises(WrongStateError, match="the order misses 0"):
        world.operate("requeue", 1)
    assert [state for _, _, state in refills_of(world)] == [RefillState.DEAD, RefillState.COMPLETED]


def test_a_refused_drop_is_told_once_and_not_decided_again_until_it_has_recovered(world: JobsWorld) -> None:
    """Its looks go on counting, its decision stands."""
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
    """1000 and 1000 on 1000, 2400 left: 600 are missing, and the order that ends first pays them."""
    world.sell(an_order("1"), an_order("2", completed_at=START + DAY, start_count=2000))
    world.lose(2400, START + 3 * DAY)
    assert refills_of(world) == [("1", 600, RefillState.QUEUED)]


def test_a_loss_beyond_one_orders_room_is_shared(world: JobsWorld) -> None:
    """1500 are missing: 1000 by the one that ends first, 500 by the other."""
    cap = {"below_start": "cap"}
    world.sell(an_order("1", terms=cap), an_order("2", completed_at=START + DAY, start_count=2000, terms=cap))
    world.lose(1500, START + 3 * DAY)
    assert refills_of(world) == [("1", 1000, RefillState.QUEUED), ("2", 500, RefillState.QUEUED)]


def test_orders_on_other_targets_are_left_alone(world: JobsWorld) -> None:
    """A look at one profile changes no row of another."""
    world.sell(an_order("1"), an_order("2", "nasa"))
    world.look(2000, LATER, profile="nasa")
    nasa = world.target("nasa")
    world.lose(1500)
    assert world.target("nasa") == nasa
    assert {order for order, _, _ in drops_of(world)} == {"1"}


# Failed looks


@pytest.mark.parametrize("outcome", [o for o in Outcome if o is not Outcome.COUNT])
def test_a_failed_look_changes_nothing_but_the_snapshot_and_the_schedule(
    world: JobsWorld, outcome: Outcome
) -> None:
    """An open drop neither grows nor closes, whatever kind of failure it was."""
    world.sell(an_order())
    world.look(1500, LATER)
    before = world.everything()
    world.look(outcome, LATER + HOUR)
    after = world.everything()
    changed = {table for table in before if before[table] != after[table]} - {"outbox"}
    assert changed == {"snapshots", "targets"}
    target = world.target()
    assert target.next_due_at is not None
    assert target.next_due_at > world.now
    assert (target.series.last_count, target.last_count_at) == (1500, LATER)
    assert after["snapshots"][-1][1:4] == (LATER + HOUR, outcome, None)


def test_failures_in_a_row_are_counted_and_forgotten_with_the_next_count(world: JobsWorld) -> None:
    """A refusal of the whole source in between counts for nothing."""
    world.sell(an_order())
    counted = []
    for hours, answer in enumerate([Outcome.TRANSIENT, Outcome.BLOCKED, Outcome.SCHEMA, 2000]):
        world.look(answer, LATER + hours * HOUR)
        counted.append(world.target().failures)
    assert counted == [1, 1, 2, 0]


@pytest.mark.parametrize("outcome", [Outcome.NOT_FOUND, Outcome.TRANSIENT, Outcome.HIDDEN])
def test_a_target_that_cannot_be_read_is_told_once_after_three_looks(
    world: JobsWorld, outcome: Outcome
) -> None:
    """And once more after it could be read in between."""
    world.sell(an_order())
    for hours in range(6):
        world.look(outcome, LATER + hours * HOUR)
    link = "https://www.instagram.com/natgeo/"
    text = f"followers of {link} could not be read 3 times in a row ({outcome})"
    assert world.rows("outbox", "kind", "text", "link") == [("target.refused", text, link)]
    world.look(2000, LATER + 7 * HOUR)
    for hours in range(8, 12):
        world.look(outcome, LATER + hours * HOUR)
    assert alerts_of(world) == ["target.refused", "target.refused"]


def test_nobody_is_told_of_a_target_whose_orders_are_not_covered(world: JobsWorld) -> None:
    """A flagged order suspends the interest in its target."""
    world.sell(an_order())
    world.flag("1", Flag.DISPUTE)
    for hours in range(5):
        world.look(Outcome.PRIVATE if hours == 4 else Outcome.NOT_FOUND, LATER + hours * HOUR)
    assert alerts_of(world) == []


# Private


def test_a_private_profile_suspends_its_orders_and_is_told_once(world: JobsWorld) -> None:
    """With the words for the customer; looks that fail otherwise in between do not make it news again."""
    world.sell(an_order("1"), an_order("2", completed_at=START + DAY, start_count=2000))
    for hours, outcome in enumerate([Outcome.PRIVATE, Outcome.TRANSIENT, Outcome.PRIVATE, Outcome.PRIVATE]):
        world.look(outcome, LATER + hours * HOUR)
    (text,) = world.rows("outbox", "text")
    expected = "https://www.instagram.com/natgeo/ is private; 2 order(s) suspended. To the customer: "
    assert text == f'{expected}"{PRIVATE_WORDS}"'
    assert world.target().private_since == LATER


def test_nothing_is_claimed_confirmed_or_refilled_while_the_profile_is_private(world: JobsWorld) -> None:
    """The suspicion and the queued refill wait for the first count after it."""
    world.sell(an_order(terms={"cooldown": timedelta(0)}))
    world.lose(1500)
    for days in range(1, 5):
        world.look(Outcome.PRIVATE, LATER + days * DAY)
        assert world.claim() == []
    world.look(1500, LATER + 5 * DAY)
    assert world.target().private_since is None
    assert [row.quantity for row in world.claim()] == [500]


def test_a_profile_that_becomes_private_again_is_told_again(world: JobsWorld) -> None:
    """Once for each time it was public in between."""
    world.sell(an_order())
    for hours, answer in enumerate([Outcome.PRIVATE, 2000, Outcome.PRIVATE, Outcome.PRIVATE, 2000]):
        world.look(answer, LATER + hours * HOUR)
    assert alerts_of(world) == ["target.private", "target.private"]


def test_the_operator_is_told_of_a_private_profile_for_a_new_order_too(world: JobsWorld) -> None:
    """The profile was private when an old guarantee ended; its new order suffers from it, untold."""
    world.sell(an_order("old"))
    world.look(Outcome.PRIVATE, START + 29 * DAY)
    world.look(Outcome.PRIVATE, START + 30 * DAY)
    world.now = START + 100 * DAY
    world.sell(an_order("new", completed_at=START + 99 * DAY))
    world.look(Outcome.PRIVATE, START + 100 * DAY)
    assert alerts_of(world) == ["target.private", "target.private"]


# What may not join the series


def test_a_fall_to_0_is_kept_as_a_fault_and_judged_only_when_it_is_seen_again(world: JobsWorld) -> None:
    """The second 0 is a count: it opens the drop, and the doubt had its second look soon."""
    world.sell(an_order())
    world.look(2000, LATER)
    kept = world.look(0, LATER + 6 * HOUR).snapshot
    assert (kept.outcome, kept.count, kept.detail) == (Outcome.SCHEMA, None, "the count fell from 2000 to 0")
    assert drops_of(world) == []
    assert world.target().next_due_at == LATER + 6 * HOUR + 10 * MINUTE
    world.look(0, LATER + 6 * HOUR + 10 * MINUTE)
    assert drops_of(world) == [("1", DropState.SUSPECTED, 1)]


def test_a_single_0_between_two_counts_leaves_no_trace_in_the_drops(world: JobsWorld) -> None:
    """Neither suspicion nor recovery."""
    world.sell(an_order())
    for hours, answer in enumerate([2000, 0, 2000, 0, Outcome.TRANSIENT, 1990]):
        world.look(answer, LATER + hours * HOUR)
    assert (drops_of(world), alerts_of(world)) == ([], [])


def test_a_number_that_counts_something_else_is_not_judged(world: JobsWorld) -> None:
    """A series never mixes kinds of count."""
    world.sell(an_order())
    world.look(2000, LATER)
    kept = world.look(100, LATER + HOUR, count_kind="play_count").snapshot
    assert (kept.outcome, kept.count) == (Outcome.SCHEMA, None)
    assert drops_of(world) == []
    assert world.target().series.last_count == 2000


# Flags and updates


def test_a_flag_closes_the_drop_and_a_lifted_one_starts_afresh(world: JobsWorld) -> None:
    """The looks from before the flag confirm nothing after it."""
    world.sell(an_order())
    world.look(1500, LATER)
    world.flag("1", Flag.HOLD)
    world.look(1500, LATER + 2 * HOUR)
    assert world.target().next_due_at is None
    world.now = LATER + 3 * HOUR
    world.unflag("1", Flag.HOLD)
    assert world.target().next_due_at == world.now
    world.look(1500, LATER + 3 * HOUR)
    assert drops_of(world) == [("1", DropState.CLOSED, 1), ("1", DropState.SUSPECTED, 1)]
    assert refills_of(world) == []


def test_a_delivery_corrected_under_an_open_suspicion_causes_no_storm_of_looks(world: JobsWorld) -> None:
    """The order has to settle anew; until then no look could confirm anything."""
    world.sell(an_order())
    world.look(1500, LATER)
    world.sell(an_order(completed_at=LATER + HOUR))
    world.look(1500, LATER + HOUR)
    world.look(1500, LATER + 3 * HOUR)
    assert world.target().next_due_at == LATER + 4 * HOUR
    assert drops_of(world) == [("1", DropState.SUSPECTED, 1)]


def test_a_refunded_order_is_judged_no_more(world: JobsWorld) -> None:
    """Its queued refill is withdrawn, and no look is due."""
    world.sell(an_order())
    world.lose()
    world.sell(an_order(status=OrderStatus.REFUNDED, completed_at=None))
    assert refills_of(world) == [("1", 500, RefillState.CANCELLED)]
    world.look(1200, LATER + DAY)
    assert len(drops_of(world)) == 1
    assert world.target().next_due_at is None


# Clocks


@pytest.mark.parametrize("back", [timedelta(0), INSTANT, HOUR, 400 * DAY])
def test_a_clock_that_was_set_back_puts_no_look_before_an_earlier_one(
    world: JobsWorld, back: timedelta
) -> None:
    """The later look stays the later one: it is kept an instant after the one before."""
    world.sell(an_order())
    world.look(1500, LATER)
    kept = world.look(1400, LATER - back).snapshot
    assert kept.at == LATER + INSTANT
    assert world.rows("snapshots", "at", "count") == [(LATER, 1500), (LATER + INSTANT, 1400)]
    assert world.target().series.last_count == 1400


# All or nothing


@pytest.mark.parametrize(
    "table", ["snapshots", "drops", "decisions", "refills", "refill_events", "outbox", "targets"]
)
def test_a_look_and_what_follows_from_it_are_written_together_or_not_at_all(
    world: JobsWorld, table: str
) -> None:
    """Whichever write fails, the last one included; the next look makes it good."""
    world.sell(an_order())
    world.look(1500, LATER)
    before = world.everything()
    for action in ("INSERT", "UPDATE"):
        break_table(world, table, action)
    with pytest.raises(IntegrityError, match="the disk is full"):
        world.look(1500, LATER + 2 * HOUR)
    assert world.everything() == before
    for action in ("INSERT", "UPDATE"):
        mend_table(world, action)
    world.look(1500, LATER + 2 * HOUR)
    assert refills_of(world) == [("1", 500, RefillState.QUEUED)]


def break_table(world: JobsWorld, table: str, action: str) -> None:
    with world.database.write() as tx:
        tx.exec_driver_sql(
            f"CREATE TRIGGER broken_{action} BEFORE {action} ON {table} "
            "BEGIN SELECT RAISE(ABORT, 'the disk is full'); END"
        )


def mend_table(world: JobsWorld, action: str) -> None:
    with world.database.write() as tx:
        tx.exec_driver_sql(f"DROP TRIGGER broken_{action}")


def test_an_error_after_the_last_write_leaves_nothing_behind(world: JobsWorld) -> None:
    """Everything was written, nothing was committed."""
    world.sell(an_order())
    world.look(1500, LATER)
    before = world.everything()
    shot = a_look(1500, LATER + 2 * HOUR, a_profile())

    def record_twice() -> None:
        with world.database.write() as tx:
            assert record_looks(tx, {1: shot}, world.policy)[0].decisions
            tx.exec_driver_sql("INSERT INTO snapshots SELECT * FROM snapshots")

    with pytest.raises(IntegrityError):
        record_twice()
    assert world.everything() == before


def test_looks_at_the_same_target_from_any_time_zone_are_one_series(world: JobsWorld) -> None:
    """A time is a time."""
    world.sell(an_order())
    world.look(2000, LATER)
    world.look(1999, datetime.fromisoformat("2026-03-03T15:00:00+02:00"))
    assert world.rows("snapshots", "at") == [LATER, LATER + HOUR]


def test_a_refill_queued_at_the_last_look_waits_for_a_public_profile(world: JobsWorld) -> None:
    """Its target is looked at as long as the refill is open, guarantee or not."""
    world.sell(an_order(terms={"window": 5 * DAY}))
    last = START + 5 * DAY - HOUR
    world.look(2000, START + DAY)
    world.look(1500, last)
    world.look(1500, last + 2 * HOUR)
    due = world.target().next_due_at
    assert due is not None
    world.look(Outcome.PRIVATE, due)
    assert world.claim() == []


@pytest.mark.parametrize("action", ["reject", "cancel"])
def test_what_an_operator_declined_is_a_decision_that_can_be_told(world: JobsWorld, action: str) -> None:
    """The customer who asks is not told that somebody is still waiting."""
    world.sell(an_order())
    world.lose(900 if action == "reject" else 1500)
    world.operate(action)
    assert decisions_of(world)[-1] == ("1", Action.REFUSE, Reason.DECLINED, 0)
    answer, _ = world.checking().check("1")
    assert (answer.word, answer.sentence) == (
        "declined", "A refill for this drop was looked at by an operator and declined.",
    )  # fmt: skip


def test_requeue_keeps_to_what_was_promised_at_most(world: JobsWorld) -> None:
    """One refill and 60% were promised; the given-up one may not go out beside the delivered one."""
    world.sell(an_order(terms={"max_refills": 1, "max_refill_percent": 60, "cooldown": timedelta(0)}))
    world.lose(1500)
    world.give_up()
    world.lose(1500, LATER + DAY)
    world.deliver()
    world.look(2000, LATER + 3 * DAY)
    world.lose(1500, LATER + 4 * DAY)
    with pytest.raises(WrongStateError, match="refill_limit_reached"):
        world.operate("requeue", 1)
