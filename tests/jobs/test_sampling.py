"""Sampling: what is due, within the budget, with the request paid before it is sent, and nothing lost."""

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from jobs.target_selection import LOOK_AGAIN
from monitor.cadence.schedule import Priority
from monitor.model.snapshot import Outcome
from monitor.model.target import Metric
from storage import sources, targets
from tests.jobs.jobs_world import (
    DAY,
    HOUR,
    INSTANT,
    MINUTE,
    SECOND,
    START,
    Answer,
    JobsWorld,
    ScriptedSource,
    an_eye,
    an_order,
)


def always(answer: Answer) -> Callable[[str, datetime], Answer]:
    return lambda _name, _now: answer


def sell_many(world: JobsWorld, number: int) -> None:
    world.sell(*(an_order(str(i), f"profile{i:03}") for i in range(number)))


def requests_of(world: JobsWorld) -> list[datetime]:
    return sorted(world.rows("source_requests", "at"))


def pass_a_day(world: JobsWorld, source: ScriptedSource, tick: timedelta = MINUTE, **budget: object) -> None:
    """Run a round at every tick of a day."""
    sampling = world.sampling(an_eye(source, **budget))  # type: ignore[arg-type]
    end = world.now + DAY
    while world.now < end:
        began = world.now
        sampling.run_once()
        world.now = max(began + tick, world.now)


# What is looked at


def test_every_due_target_is_looked_at_once_and_nothing_else(world: JobsWorld) -> None:
    """An import makes its targets due; the look then says when the next one is."""
    sell_many(world, 3)
    source = ScriptedSource()
    sampling = world.sampling(an_eye(source))
    sampling.run_once()
    sampling.run_once()
    assert source.names == ["profile000", "profile001", "profile002"]


def test_a_target_is_looked_at_from_the_moment_it_is_due(world: JobsWorld) -> None:
    """Not an instant earlier."""
    world.sell(an_order())
    source = ScriptedSource()
    sampling = world.sampling(an_eye(source))
    sampling.run_once()
    due = world.target().next_due_at
    assert due is not None
    for world.now in (due - INSTANT, due):
        sampling.run_once()
    assert source.times == [START, due]


def test_the_first_lane_goes_before_the_routine_however_long_that_has_waited(world: JobsWorld) -> None:
    """A confirmation must not queue behind a thousand routine looks."""
    world.sell(an_order("1", "routine"))
    world.now += HOUR
    world.sell(an_order("2", "urgent"))
    with world.database.write() as tx:
        targets.schedule_by(tx, [world.target("urgent").target_id], world.now, "asked", Priority.URGENT)
    source = ScriptedSource()
    world.sampling(an_eye(source)).run_once()
    assert source.names == ["urgent", "routine"]


def test_an_eye_is_asked_for_its_own_metrics_in_its_own_batches(world: JobsWorld) -> None:
    """A source that counts views only never sees a profile; one that takes four gets four at once."""
    sell_many(world, 6)
    blind = ScriptedSource(name="views", metrics=frozenset({Metric.VIEWS}))
    source = ScriptedSource(batch=4)
    world.sampling(an_eye(blind), an_eye(source)).run_once()
    assert blind.request_pending == []
    assert len(source.request_pending) == 6
    assert len(requests_of(world)) == 2


# The budget


def test_never_more_than_the_budget_in_any_hour_of_a_day(world: JobsWorld) -> None:
    """Eighty targets want far more looks than twelve an hour: they wait, and the spacing holds."""
    sell_many(world, 80)
    source = ScriptedSource()
    pass_a_day(world, source, per_hour=12, spacing=2 * MINUTE)
    sent = source.times
    assert sent == requests_of(world)
    assert max(sum(at <= other < at + HOUR for other in sent) for at in sent) == 12
    assert min(later - earlier for earlier, later in pairwise(sent)) >= 2 * MINUTE
    assert len(sent) == 12 * 24


@pytest.mark.parametrize(("patience", "looks"), [(11, 3), (10, 3), (9, 1)])
def test_a_round_waits_for_the_spacing_no_longer_than_its_patience(
    world: JobsWorld, patience: int, looks: int
) -> None:
    """It ends when the budget is further away than the next round."""
    sell_many(world, 3)
    source = ScriptedSource()
    world.sampling(an_eye(source, spacing=10 * SECOND), max_wait=patience * SECOND).run_once()
    assert source.times == [START + i * 10 * SECOND for i in range(looks)]


def test_a_request_is_paid_for_before_it_is_sent(world: JobsWorld) -> None:
    """A look in hand is in the database, whatever becomes of it."""
    world.sell(an_order())
    paid: list[list[datetime]] = []
    source = ScriptedSource()
    source.while_reading = lambda: paid.append(requests_of(world))
    world.sampling(an_eye(source)).run_once()
    assert paid == [[START]]


@pytest.mark.parametrize(
    "death", [SystemExit("killed"), KeyboardInterrupt(), MemoryError(), ValueError("bug")]
)
def test_a_look_that_never_comes_back_has_cost_a_request_and_is_taken_again_later(
    world: JobsWorld, death: BaseException
) -> None:
    """A kill, or a fault in a source, loses neither the budget nor the target."""
    world.sell(an_order())
    source = ScriptedSource(always(death))
    sampling = world.sampling(an_eye(source))
    with pytest.raises(type(death)):
        sampling.run_once()
    assert requests_of(world) == [START]
    assert world.rows("snapshots") == []
    source.script = always(2000)
    for world.now in (START + LOOK_AGAIN - INSTANT, START + LOOK_AGAIN):
        sampling.run_once()
    assert source.times == [START, START + LOOK_AGAIN]
    assert world.target().last_outcome is Outcome.COUNT


def test_one_target_that_breaks_the_source_does_not_keep_the_others_from_being_seen(world: JobsWorld) -> None:
    """The poisoned one is pushed ahead: each round fails at most once on it."""
    sell_many(world, 3)
    source = ScriptedSource(lambda name, _now: ValueError("bug") if name == "profile000" else 2000)
    sampling = world.sampling(an_eye(source))
    with pytest.raises(ValueError, match="bug"):
        sampling.run_once()
    sampling.run_once()
    assert source.names == ["profile000", "profile001", "profile002"]


def test_a_source_that_breaks_does_not_blind_the_others(world: JobsWorld) -> None:
    """Whatever its place among them; the round fails all the same, and the log tells it."""
    sell_many(world, 2)
    broken = ScriptedSource(always(ValueError("bug")), name="broken", metrics=frozenset({Metric.FOLLOWERS}))
    whole = ScriptedSource(name="whole")
    world.allowed = {"followers": ("broken",), "others": ("whole",)}
    world.sell(an_order("x", "other", service="others"))
    with pytest.raises(ValueError, match="bug"):
        world.sampling(an_eye(broken), an_eye(whole)).run_once()
    assert whole.names == ["other"]


def test_a_source_that_forgets_a_target_is_a_fault_and_loses_no_target(world: JobsWorld) -> None:
    """One snapshot per asked target, or nothing is taken for an answer to the wrong one."""
    sell_many(world, 2)
    source = ScriptedSource(batch=2)
    read = source.read
    source.read = lambda due, now: type(r := read(due, now))(r.snapshots[:1], 1)  # type: ignore[method-assign]
    with pytest.raises(ValueError, match="zip"):
        world.sampling(an_eye(source)).run_once()
    assert world.rows("targets", "claimed_until") == [START + LOOK_AGAIN] * 2


def test_requests_beyond_the_first_are_charged_when_the_last_of_them_has_gone(world: JobsWorld) -> None:
    """A slow read of three requests keeps its distance to the next one from its end."""
    world.sell(an_order())
    source = ScriptedSource(cost=3)
    source.while_reading = lambda: world.wait(40 * SECOND) and None
    world.sampling(an_eye(source)).run_once()
    assert requests_of(world) == [START, START + 40 * SECOND, START + 40 * SECOND]


def test_a_read_that_sent_nothing_has_still_cost_the_request_that_was_paid(world: JobsWorld) -> None:
    """Rather a request too few than one too many."""
    world.sell(an_order())
    world.sampling(an_eye(ScriptedSource(cost=0))).run_once()
    assert requests_of(world) == [START]


# The breaker


def test_a_source_that_refuses_is_left_alone_until_its_pause_is_over(world: JobsWorld) -> None:
    """One refused request, then none for an hour; the refused target is tried again, not lost."""
    sell_many(world, 3)
    source = ScriptedSource(lambda _name, now: Outcome.RATE_LIMITED if now < START + HOUR else 2000)
    sampling = world.sampling(an_eye(source, first_pause=HOUR))
    for world.now in (START, START + 30 * MINUTE, START + HOUR - 11 * SECOND):
        sampling.run_once()
    assert source.times == [START]
    world.now = START + HOUR
    sampling.run_once()
    assert sorted(source.names[1:]) == ["profile000", "profile001", "profile002"]


def test_the_operator_is_told_once_per_pause_and_of_the_stop(world: JobsWorld) -> None:
    """One, two hours of pause, then a stop that only an operator ends."""
    world.sell(an_order())
    source = ScriptedSource(always(Outcome.BLOCKED))
    pass_a_day(world, source, tick=10 * MINUTE)
    assert source.times == [START, START + HOUR, START + 3 * HOUR]
    expected = [
        "source scripted refuses us (blocked); paused until 2026-03-01 13:00:00 UTC",
        "source scripted refuses us (blocked); paused until 2026-03-01 15:00:00 UTC",
        "source scripted refuses us (blocked); paused until an operator resumes it",
    ]
    assert world.rows("outbox", "kind", "text") == [("source.blocked", text) for text in expected]


def test_an_oddity_after_a_pause_is_not_told_as_a_new_one(world: JobsWorld) -> None:
    """The breaker remembers its last pause, and a single passing fault is none."""
    world.sell(an_order())
    source = ScriptedSource(always(Outcome.BLOCKED))
    sampling = world.sampling(an_eye(source))
    sampling.run_once()
    source.script = always(Outcome.TRANSIENT)
    world.now = START + HOUR
    sampling.run_once()
    assert len(source.request_pending) == 2
    assert len(world.rows("outbox")) == 1


def test_a_stopped_source_is_not_asked_however_long_it_takes(world: JobsWorld) -> None:
    """Resumed, it is asked at once."""
    world.sell(an_order())
    source = ScriptedSource()
    sampling = world.sampling(an_eye(source))
    with world.database.write() as tx:
        sources.save_breaker(tx, "scripted", type(sources.breaker(tx, "scripted"))(stopped=True))
    world.now = START + 29 * DAY
    sampling.run_once()
    assert source.request_pending == []
    with world.database.write() as tx:
        sources.save_breaker(tx, "scripted", sources.breaker(tx, "scripted").resumed())
    sampling.run_once()
    assert source.times == [START + 29 * DAY]


def test_a_refused_batch_is_one_refusal_however_many_targets_it_asked_for(world: JobsWorld) -> None:
    """A source stops when it is refused three times in a row, not three targets at a time."""
    sell_many(world, 10)
    world.sampling(an_eye(ScriptedSource(always(Outcome.RATE_LIMITED), batch=10))).run_once()
    with world.database.write() as tx:
        breaker = sources.breaker(tx, "scripted")
    assert (breaker.refusals, breaker.stopped) == (1, False)
    assert len(world.rows("outbox")) == 1


@pytest.mark.parametrize("outcome", [Outcome.LOGIN_REQUIRED, Outcome.SCHEMA, Outcome.TRANSIENT])
def test_one_odd_answer_about_many_targets_is_one_doubt(world: JobsWorld, outcome: Outcome) -> None:
    """One request has failed, not ten: only another request that fails so too speaks of the source."""
    sell_many(world, 10)
    world.sampling(an_eye(ScriptedSource(always(outcome), batch=10))).run_once()
    with world.database.write() as tx:
        breaker = sources.breaker(tx, "scripted")
    assert (breaker.refusals, breaker.closed_until(world.now)) == (0, None)
    assert world.rows("outbox") == []


def test_a_refusal_of_the_source_is_kept_as_a_look_and_says_nothing_of_the_target(world: JobsWorld) -> None:
    """It counts as no failure of the target."""
    world.sell(an_order())
    world.sampling(an_eye(ScriptedSource(always(Outcome.RATE_LIMITED)))).run_once()
    assert world.rows("snapshots", "outcome", "count") == [(Outcome.RATE_LIMITED, None)]
    assert world.target().failures == 0


def test_a_look_that_the_source_refused_is_taken_again_soon(world: JobsWorld) -> None:
    """Not at the next routine time, which may be six hours away or behind the guarantee's end."""
    world.sell(an_order())
    world.look(2000, START + 10 * DAY)
    world.look(Outcome.RATE_LIMITED, START + 10 * DAY + 6 * HOUR)
    assert world.target().next_due_at == world.now + 10 * MINUTE


# Stopping and beating


def test_the_stop_wish_ends_a_round_after_the_look_in_hand(world: JobsWorld) -> None:
    """What was asked for is written down, and nothing more is asked."""
    sell_many(world, 5)
    source = ScriptedSource()

    def stop_at_the_second() -> None:
        world.stopping = len(source.request_pending) == 2

    source.while_reading = stop_at_the_second
    world.sampling(an_eye(source)).run_once()
    assert len(source.request_pending) == len(world.rows("snapshots")) == 2


def test_a_stop_wish_during_a_wait_for_the_budget_ends_the_round(world: JobsWorld) -> None:
    """Nobody waits for a spacing while the machine shuts down."""
    sell_many(world, 2)
    source = ScriptedSource()
    sampling = world.sampling(an_eye(source, spacing=10 * SECOND))

    def stop() -> None:
        world.stopping = bool(world.waits)

    source.while_reading = stop
    sampling.run_once()
    assert len(source.request_pending) == 1


def test_nothing_is_asked_once_the_daemon_stops(world: JobsWorld) -> None:
    """Not even the first look of the round."""
    world.sell(an_order())
    world.stopping = True
    source = ScriptedSource()
    world.sampling(an_eye(source)).run_once()
    assert source.request_pending == []


def test_every_step_of_a_long_round_beats(world: JobsWorld) -> None:
    """Four looks and three waits: a long round is not taken for a dead one."""
    sell_many(world, 4)
    world.sampling(an_eye(ScriptedSource(), spacing=10 * SECOND)).run_once()
    assert world.beats >= 7


# A month of the cadence


@pytest.mark.parametrize(
    ("outcome", "most"),
    [(None, 150), (Outcome.PRIVATE, 125), (Outcome.TRANSIENT, 135), (Outcome.RATE_LIMITED, 3)],
)
def test_one_order_takes_a_bounded_number_of_looks_in_its_whole_life(
    world: JobsWorld, outcome: Outcome | None, most: int
) -> None:
    """However its looks end, never a loop, and never a target that is forgotten before its guarantee ends."""
    world.sell(an_order())
    source = ScriptedSource(lambda _name, _now: 2000 if outcome is None else outcome)
    sampling = world.sampling(an_eye(source))
    while world.now < START + 31 * DAY:
        sampling.run_once()
        due = world.target().next_due_at
        world.now = max(world.now + MINUTE, due or START + 31 * DAY)
        if outcome is Outcome.RATE_LIMITED and len(source.request_pending) == 3:
            break
    assert 3 <= len(source.request_pending) <= most
    if outcome is not Outcome.RATE_LIMITED:
        assert source.times[-1] >= START + 30 * DAY - 6 * HOUR
        assert world.target().next_due_at is None
