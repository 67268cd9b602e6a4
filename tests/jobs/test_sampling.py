"""Sampling: due targets are read within the budget, each request is charged before it is sent."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from jobs.target_selection import CLAIMED_FOR
from monitor.cadence.schedule import Priority
from monitor.model.snapshot import Outcome
from monitor.model.target import Metric, Target
from monitor.sources.contract import Reading
from storage import sources, targets
from tests.builders import DAY, HOUR, INSTANT, MINUTE, SECOND, START
from tests.jobs.jobs_world import Answer, JobsWorld, ScriptedSource, a_configured_source, an_order


def always(answer: Answer) -> Callable[[str, datetime], Answer]:
    return lambda _name, _now: answer


def sell_many(world: JobsWorld, number: int) -> None:
    world.sell(*(an_order(str(i), f"profile{i:03}") for i in range(number)))


def requests_of(world: JobsWorld) -> list[datetime]:
    return sorted(world.rows("source_requests", "at"))


def pass_a_day(world: JobsWorld, source: ScriptedSource, tick: timedelta = MINUTE, **budget: Any) -> None:
    """Run a round at every tick of a day."""
    sampling = world.sampling(a_configured_source(source, **budget))
    end = world.now + DAY
    while world.now < end:
        began = world.now
        sampling.run_once()
        world.now = max(began + tick, world.now)


# Selection


def test_every_due_target_is_looked_at_once_and_nothing_else(world: JobsWorld) -> None:
    """An import makes its targets due; each look schedules the next one."""
    sell_many(world, 3)
    source = ScriptedSource()
    sampling = world.sampling(a_configured_source(source))
    sampling.run_once()
    sampling.run_once()
    assert source.names == ["profile000", "profile001", "profile002"]


def test_a_target_is_looked_at_from_the_moment_it_is_due(world: JobsWorld) -> None:
    """One instant earlier it is not read."""
    world.sell(an_order())
    source = ScriptedSource()
    sampling = world.sampling(a_configured_source(source))
    sampling.run_once()
    due = world.target().schedule.next_due_at
    assert due is not None
    for world.now in (due - INSTANT, due):
        sampling.run_once()
    assert source.times == [START, due]


def test_urgent_targets_come_before_routine_ones_regardless_of_waiting_time(world: JobsWorld) -> None:
    """A confirmation must not wait behind routine looks."""
    world.sell(an_order("1", "routine"))
    world.now += HOUR
    world.sell(an_order("2", "urgent"))
    with world.database.write() as tx:
        targets.schedule_by(tx, [world.target("urgent").target_id], world.now, "asked", Priority.URGENT)
    source = ScriptedSource()
    world.sampling(a_configured_source(source)).run_once()
    assert source.names == ["urgent", "routine"]


def test_a_source_is_asked_for_its_own_metrics_in_its_own_batches(world: JobsWorld) -> None:
    """A source for views never gets a profile; a source with batch=4 gets four targets at once."""
    sell_many(world, 8)
    blind = ScriptedSource(name="views", metrics=frozenset({Metric.VIEWS}))
    source = ScriptedSource(batch=4)
    world.sampling(a_configured_source(blind), a_configured_source(source)).run_once()
    assert blind.reads == []
    assert len(source.reads) == 8
    assert len(requests_of(world)) == 2


# The budget


def test_never_more_than_the_budget_in_any_hour_of_a_day(world: JobsWorld) -> None:
    """Eighty targets with a budget of twelve an hour: the limit and the spacing are kept."""
    sell_many(world, 80)
    source = ScriptedSource()
    pass_a_day(world, source, per_hour=12, spacing=2 * MINUTE)
    sent = source.times
    assert sent == requests_of(world)
    assert max(sum(at <= other < at + HOUR for other in sent) for at in sent) == 12
    assert min(later - earlier for earlier, later in pairwise(sent)) >= 2 * MINUTE
    assert len(sent) == 12 * 24


@pytest.mark.parametrize(("max_wait", "looks"), [(11, 3), (10, 3), (9, 1)])
def test_a_round_waits_for_the_spacing_no_longer_than_max_wait(
    world: JobsWorld, max_wait: int, looks: int
) -> None:
    """It ends when the next request is further away than max_wait."""
    sell_many(world, 3)
    source = ScriptedSource()
    world.sampling(a_configured_source(source, spacing=10 * SECOND), max_wait=max_wait * SECOND).run_once()
    assert source.times == [START + i * 10 * SECOND for i in range(looks)]


def test_a_request_is_paid_for_before_it_is_sent(world: JobsWorld) -> None:
    """The charge is committed before the read."""
    world.sell(an_order())
    paid: list[list[datetime]] = []
    source = ScriptedSource()
    source.while_reading = lambda: paid.append(requests_of(world))
    world.sampling(a_configured_source(source)).run_once()
    assert paid == [[START]]


@pytest.mark.parametrize(
    "death", [SystemExit("killed"), KeyboardInterrupt(), MemoryError(), ValueError("bug")]
)
def test_a_look_that_never_returns_is_charged_and_repeated_later(
    world: JobsWorld, death: BaseException
) -> None:
    """A kill or an error in a source loses neither the charge nor the target."""
    world.sell(an_order())
    source = ScriptedSource(always(death))
    sampling = world.sampling(a_configured_source(source))
    with pytest.raises(type(death)):
        sampling.run_once()
    assert requests_of(world) == [START]
    assert world.rows("snapshots") == []
    source.script = always(2000)
    for world.now in (START + CLAIMED_FOR - INSTANT, START + CLAIMED_FOR):
        sampling.run_once()
    assert source.times == [START, START + CLAIMED_FOR]
    assert world.target().last_outcome is Outcome.COUNT


def test_one_target_that_breaks_the_source_does_not_block_the_others(world: JobsWorld) -> None:
    """The failing target is claimed until later: each round fails at most once on it."""
    sell_many(world, 3)
    source = ScriptedSource(lambda name, _now: ValueError("bug") if name == "profile000" else 2000)
    sampling = world.sampling(a_configured_source(source))
    with pytest.raises(ValueError, match="bug"):
        sampling.run_once()
    sampling.run_once()
    assert source.names == ["profile000", "profile001", "profile002"]


def test_a_source_that_breaks_does_not_stop_the_others(world: JobsWorld) -> None:
    """The round still raises the error after all sources were read."""
    sell_many(world, 2)
    broken = ScriptedSource(always(ValueError("bug")), name="broken", metrics=frozenset({Metric.FOLLOWERS}))
    whole = ScriptedSource(name="whole")
    world.allowed = {"followers": ("broken",), "others": ("whole",)}
    world.sell(an_order("x", "other", service="others"))
    with pytest.raises(ValueError, match="bug"):
        world.sampling(a_configured_source(broken), a_configured_source(whole)).run_once()
    assert whole.names == ["other"]


class Incomplete(ScriptedSource):
    """A source that returns the first snapshot only."""

    def read(self, targets: Sequence[Target], now: datetime) -> Reading:
        return Reading(super().read(targets, now).snapshots[:1], 1)


def test_a_reading_with_a_missing_snapshot_is_an_error_and_loses_no_target(world: JobsWorld) -> None:
    """A reading must hold one snapshot per target, so that none is assigned to the wrong one."""
    sell_many(world, 2)
    with pytest.raises(ValueError, match="zip"):
        world.sampling(a_configured_source(Incomplete(batch=2))).run_once()
    assert world.rows("targets", "claimed_until") == [START + CLAIMED_FOR] * 2


def test_further_requests_of_a_read_are_charged_at_its_end(world: JobsWorld) -> None:
    """The spacing to the next request counts from the end of a slow read."""
    world.sell(an_order())
    source = ScriptedSource(cost=3)

    def read_slowly() -> None:
        world.wait(40 * SECOND)

    source.while_reading = read_slowly
    world.sampling(a_configured_source(source)).run_once()
    assert requests_of(world) == [START, START + 40 * SECOND, START + 40 * SECOND]


def test_a_read_that_sent_nothing_keeps_its_prepaid_request(world: JobsWorld) -> None:
    """The budget errs on the safe side."""
    world.sell(an_order())
    world.sampling(a_configured_source(ScriptedSource(cost=0))).run_once()
    assert requests_of(world) == [START]


# The breaker


def test_a_source_that_refuses_is_not_asked_until_its_pause_is_over(world: JobsWorld) -> None:
    """One refused request, then none for an hour; the refused target is read after it."""
    sell_many(world, 3)
    source = ScriptedSource(lambda _name, now: Outcome.RATE_LIMITED if now < START + HOUR else 2000)
    sampling = world.sampling(a_configured_source(source, first_pause=HOUR))
    for world.now in (START, START + 30 * MINUTE, START + HOUR - 11 * SECOND):
        sampling.run_once()
    assert source.times == [START]
    world.now = START + HOUR
    sampling.run_once()
    assert sorted(source.names[1:]) == ["profile000", "profile001", "profile002"]


def test_each_pause_and_the_stop_of_a_source_raise_one_alert(world: JobsWorld) -> None:
    """Pauses of one and two hours, then a stop that only an operator ends."""
    world.sell(an_order())
    source = ScriptedSource(always(Outcome.BLOCKED))
    pass_a_day(world, source, tick=10 * MINUTE)
    assert source.times == [START, START + HOUR, START + 3 * HOUR]
    expected = [
        "source scripted refuses us (blocked: scripted blocked); paused until 2026-03-01 13:00:00 UTC",
        "source scripted refuses us (blocked: scripted blocked); paused until 2026-03-01 15:00:00 UTC",
        "source scripted refuses us (blocked: scripted blocked); paused until an operator resumes it",
    ]
    assert world.alerts("kind", "text") == [("source.blocked", text) for text in expected]


def test_the_end_of_a_refusal_is_told_once(world: JobsWorld) -> None:
    """With the time since the first refusal, whether an operator has resumed the source or not."""
    world.sell(an_order())
    source = ScriptedSource(lambda _name, now: Outcome.BLOCKED if now < START + 3 * HOUR else 2000)
    pass_a_day(world, source, tick=10 * MINUTE)
    assert world.alerts("kind") == ["source.blocked", "source.blocked", "source.ready"]
    assert world.alerts("text")[-1] == "source scripted answers again, 3 hours after it was refused"


def test_the_end_of_a_stop_is_told_after_the_first_readable_answer(world: JobsWorld) -> None:
    """And not when the operator resumes the source."""
    world.sell(an_order())
    source = ScriptedSource(always(Outcome.BLOCKED))
    pass_a_day(world, source, tick=10 * MINUTE)
    with world.database.write() as tx:
        sources.save_breaker(tx, "scripted", sources.breaker(tx, "scripted").resumed())
    assert world.alerts("kind") == ["source.blocked"] * 3
    source.script = lambda _name, _now: 2000
    world.sampling(a_configured_source(source)).run_once()
    assert world.alerts("kind")[3:] == ["source.ready"]


def test_a_transient_failure_after_a_pause_raises_no_alert(world: JobsWorld) -> None:
    """A single transient failure starts no new pause."""
    world.sell(an_order())
    source = ScriptedSource(always(Outcome.BLOCKED))
    sampling = world.sampling(a_configured_source(source))
    sampling.run_once()
    source.script = always(Outcome.TRANSIENT)
    world.now = START + HOUR
    sampling.run_once()
    assert len(source.reads) == 2
    assert len(world.alerts()) == 1


def test_a_stopped_source_is_not_asked_until_it_is_resumed(world: JobsWorld) -> None:
    """After `resume` it is asked at once."""
    world.sell(an_order())
    source = ScriptedSource()
    sampling = world.sampling(a_configured_source(source))
    with world.database.write() as tx:
        sources.save_breaker(tx, "scripted", type(sources.breaker(tx, "scripted"))(stopped=True))
    world.now = START + 29 * DAY
    sampling.run_once()
    assert source.reads == []
    with world.database.write() as tx:
        sources.save_breaker(tx, "scripted", sources.breaker(tx, "scripted").resumed())
    sampling.run_once()
    assert source.times == [START + 29 * DAY]


def test_a_refused_batch_is_one_refusal_however_many_targets_it_asked_for(world: JobsWorld) -> None:
    """Three refused requests in a row stop a source, not three targets of one request."""
    sell_many(world, 10)
    world.sampling(a_configured_source(ScriptedSource(always(Outcome.RATE_LIMITED), batch=10))).run_once()
    with world.database.write() as tx:
        breaker = sources.breaker(tx, "scripted")
    assert (breaker.refusals, breaker.stopped) == (1, False)
    assert len(world.alerts()) == 1


@pytest.mark.parametrize("outcome", [Outcome.LOGIN_REQUIRED, Outcome.SCHEMA, Outcome.TRANSIENT])
def test_one_failed_answer_about_many_targets_is_one_suspected_refusal(
    world: JobsWorld, outcome: Outcome
) -> None:
    """Only a second failed request counts against the source."""
    sell_many(world, 10)
    world.sampling(a_configured_source(ScriptedSource(always(outcome), batch=10))).run_once()
    with world.database.write() as tx:
        breaker = sources.breaker(tx, "scripted")
    assert (breaker.refusals, breaker.closed_until(world.now)) == (0, None)
    assert world.alerts() == []


def test_a_refusal_of_the_source_is_stored_and_is_no_failure_of_the_target(world: JobsWorld) -> None:
    """The failures of the target stay 0."""
    world.sell(an_order())
    world.sampling(a_configured_source(ScriptedSource(always(Outcome.RATE_LIMITED)))).run_once()
    assert world.rows("snapshots", "outcome", "count") == [(Outcome.RATE_LIMITED, None)]
    assert world.target().failures == 0


def test_a_refused_look_is_repeated_soon(world: JobsWorld) -> None:
    """In ten minutes, because the next routine look may come after the end of the guarantee."""
    world.sell(an_order())
    world.look(2000, START + 10 * DAY)
    world.look(Outcome.RATE_LIMITED, START + 10 * DAY + 6 * HOUR)
    assert world.target().schedule.next_due_at == world.now + 10 * MINUTE


# Stop requests and heartbeats


def test_a_stop_request_ends_a_round_after_the_current_look(world: JobsWorld) -> None:
    """The snapshot of the current look is stored, and no further look starts."""
    sell_many(world, 5)
    source = ScriptedSource()

    def stop_at_the_second() -> None:
        world.stopping = len(source.reads) == 2

    source.while_reading = stop_at_the_second
    world.sampling(a_configured_source(source)).run_once()
    assert len(source.reads) == len(world.rows("snapshots")) == 2


def test_a_stop_request_during_a_wait_for_the_budget_ends_the_round(world: JobsWorld) -> None:
    """The spacing does not delay a shutdown."""
    sell_many(world, 2)
    source = ScriptedSource()
    sampling = world.sampling(a_configured_source(source, spacing=10 * SECOND))

    def stop() -> None:
        world.stopping = bool(world.waits)

    source.while_reading = stop
    sampling.run_once()
    assert len(source.reads) == 1


def test_nothing_is_asked_once_the_daemon_stops(world: JobsWorld) -> None:
    """The round does not start a look."""
    world.sell(an_order())
    world.stopping = True
    source = ScriptedSource()
    world.sampling(a_configured_source(source)).run_once()
    assert source.reads == []


def test_every_step_of_a_long_round_sends_a_heartbeat(world: JobsWorld) -> None:
    """Four looks and three waits: at least seven heartbeats."""
    sell_many(world, 4)
    world.sampling(a_configured_source(ScriptedSource(), spacing=10 * SECOND)).run_once()
    assert world.beats >= 7


# A month of looks


@pytest.mark.parametrize(
    ("outcome", "most"),
    [(None, 150), (Outcome.PRIVATE, 125), (Outcome.TRANSIENT, 135), (Outcome.RATE_LIMITED, 3)],
)
def test_one_order_takes_a_bounded_number_of_looks_in_its_whole_life(
    world: JobsWorld, outcome: Outcome | None, most: int
) -> None:
    """For every outcome the target stays scheduled until its guarantee ends, without a loop of looks."""
    world.sell(an_order())
    source = ScriptedSource(lambda _name, _now: 2000 if outcome is None else outcome)
    sampling = world.sampling(a_configured_source(source))
    while world.now < START + 31 * DAY:
        sampling.run_once()
        due = world.target().schedule.next_due_at
        world.now = max(world.now + MINUTE, due or START + 31 * DAY)
        if outcome is Outcome.RATE_LIMITED and len(source.reads) == 3:
            break
    assert 3 <= len(source.reads) <= most
    if outcome is not Outcome.RATE_LIMITED:
        assert source.times[-1] >= START + 30 * DAY - 6 * HOUR
        assert world.target().schedule.next_due_at is None
