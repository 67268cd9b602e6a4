"""The account of a look: what it costs, what a platform asks for, and the canary that proves a source."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest

from jobs import request_accounting
from jobs.configured_source import ConfiguredSource, canary_for
from monitor.errors import BadInputError
from monitor.model.snapshot import Outcome
from monitor.model.target import Metric, Target
from monitor.sources.budget import Budget, Purpose
from monitor.sources.contract import RateLimitHint, Reading
from storage import sources
from tests.jobs.jobs_world import (
    DAY,
    HOUR,
    MINUTE,
    SECOND,
    START,
    Answer,
    JobsWorld,
    ScriptedSource,
    a_profile,
    an_eye,
    an_order,
)

LATER = START + 2 * DAY


@dataclass
class Platform(ScriptedSource):
    """A source that also tells of its own limit, by the script."""

    rate_limit: Callable[[datetime], RateLimitHint] = lambda _now: RateLimitHint()

    def read(self, targets: Sequence[Target], now: datetime) -> Reading:
        return replace(ScriptedSource.read(self, targets, now), rate_limit=self.rate_limit(now))


@dataclass
class Instagram:
    """Whom the platform shows when: a script for profiles and for the canary apart."""

    profiles: Answer = 2000
    canary: Answer = 999
    request_pending: list[str] = field(default_factory=list)

    def __call__(self, name: str, _now: datetime) -> Answer:
        return self.canary if name == "instagram" else self.profiles


def with_canary(source: ScriptedSource, **how: timedelta) -> ConfiguredSource:
    return replace(an_eye(source, **how), canary=canary_for(source, "instagram"))  # type: ignore[arg-type]


def state(world: JobsWorld, name: str = "scripted") -> str:
    with world.database.write() as tx:
        return sources.breaker(tx, name).state(world.now)


def purposes(world: JobsWorld) -> list[tuple[str, int]]:
    rows: list[tuple[str, int]] = world.rows("source_requests", "purpose", "looks")
    return rows


# What a look costs


def test_further_requests_of_a_reading_are_charged_with_its_purpose(world: JobsWorld) -> None:
    """Paid before: one, which serves the look. Afterwards: the two that it took beside."""
    world.sell(an_order())
    world.now = LATER
    world.checking(an_eye(ScriptedSource(cost=3))).check("1")
    assert purposes(world) == [("check", 1), ("check", 0), ("check", 0)]


def test_a_refused_look_costs_what_it_costs(world: JobsWorld) -> None:
    """It is charged like any other."""
    world.sell(an_order())
    world.sampling(an_eye(ScriptedSource(lambda _n, _t: Outcome.BLOCKED, cost=2))).run_once()
    assert purposes(world) == [("look", 1), ("look", 0)]


def test_a_batch_is_one_request_that_serves_many_looks(world: JobsWorld) -> None:
    """As many as were asked for together."""
    world.sell(*(an_order(str(i), f"profile{i}") for i in range(5)))
    world.sampling(an_eye(ScriptedSource(batch=5))).run_once()
    assert purposes(world) == [("look", 5)]


def test_routine_leaves_the_reserve_to_those_who_ask(world: JobsWorld) -> None:
    """Eight of ten places for what is due, two for checks, and then nothing for anybody."""
    world.sell(*(an_order(str(i), f"profile{i}") for i in range(20)))
    source = ScriptedSource()
    configured = replace(an_eye(source), budget=Budget(10, timedelta(0), reserve=20))
    world.sampling(configured).run_once()
    assert len(source.request_pending) == 8
    world.now += MINUTE
    for order_id in ("17", "18", "19"):
        world.checking(configured).check(order_id)
    assert source.names[8:] == ["profile17", "profile18"]


# What the platform says of its limit


def test_a_platform_that_is_nearly_full_is_left_alone_until_its_hour_has_rolled(world: JobsWorld) -> None:
    """Nobody asks, not even for a customer, and another daemon knows it from the database."""
    world.sell(*(an_order(str(i), f"profile{i}") for i in range(3)))
    source = Platform(rate_limit=lambda _now: RateLimitHint(used_percent=92))
    world.sampling(an_eye(source)).run_once()
    world.now += 59 * MINUTE
    world.sampling(an_eye(source)).run_once()
    world.checking(an_eye(source)).check("2")
    assert source.times == [START]
    world.now += MINUTE
    world.sampling(an_eye(source)).run_once()
    assert source.times == [START, START + HOUR]


def test_a_refusal_with_a_wait_pauses_for_the_longer_of_both(world: JobsWorld) -> None:
    """The breaker says one hour, the platform five."""
    world.sell(an_order())
    source = Platform(lambda _n, _t: Outcome.RATE_LIMITED, rate_limit=lambda _t: RateLimitHint(100, 5 * HOUR))
    configured = an_eye(source)
    world.sampling(configured).run_once()
    source.script = lambda _n, _t: 2000
    for hours in (1, 3, 5):
        world.now = START + hours * HOUR
        world.sampling(configured).run_once()
    assert source.times == [START, START + 5 * HOUR]


def test_under_strain_looks_go_out_slower(world: JobsWorld) -> None:
    """At 80 percent, twice the even pace of sixty an hour."""
    world.sell(*(an_order(str(i), f"profile{i}") for i in range(3)))
    source = Platform(rate_limit=lambda _now: RateLimitHint(used_percent=80))
    world.sampling(an_eye(source, per_hour=60), max_wait=HOUR).run_once()
    assert source.times == [START, START + 2 * MINUTE, START + 4 * MINUTE]


# The canary


def test_after_a_pause_the_canary_alone_is_asked(world: JobsWorld) -> None:
    """Refused again, no customer's target was spent on it; seen again, the targets follow."""
    world.sell(*(an_order(str(i), f"profile{i}") for i in range(3)))
    platform = Instagram(profiles=Outcome.BLOCKED, canary=Outcome.BLOCKED)
    source = ScriptedSource(platform, batch=2)
    sampling = world.sampling(with_canary(source))
    sampling.run_once()
    world.now = START + HOUR
    sampling.run_once()
    assert source.names[2:] == ["instagram"]
    platform.profiles, platform.canary = 2000, 999
    world.now = START + 3 * HOUR
    sampling.run_once()
    assert source.names[3] == "instagram"
    assert sorted(set(source.names[4:])) == ["profile0", "profile1", "profile2"]
    assert state(world) == "ready"


def test_a_look_at_the_canary_is_paid_and_nobodys_snapshot(world: JobsWorld) -> None:
    """Its count vouches for the source, and that is all that is kept of it."""
    source = ScriptedSource(Instagram())
    configured = with_canary(source)
    with world.database.write() as tx:
        sources.save_breaker(tx, "scripted", sources.breaker(tx, "scripted").resumed())
    world.sampling(configured).run_once()
    assert (source.names, purposes(world)) == (["instagram"], [("canary", 0)])
    assert (world.rows("snapshots"), world.rows("targets")) == ([], [])
    assert world.rows("source_reads", "metric", "last_count_at") == [(Metric.FOLLOWERS, START)]


def test_a_canary_costs_its_place_in_the_budget(world: JobsWorld) -> None:
    """The look after it keeps the spacing."""
    world.sell(an_order())
    source = ScriptedSource(Instagram())
    with world.database.write() as tx:
        sources.save_breaker(tx, "scripted", sources.breaker(tx, "scripted").resumed())
    world.sampling(with_canary(source, spacing=10 * SECOND)).run_once()
    assert source.request_pending == [(START, "instagram"), (START + 10 * SECOND, "natgeo")]


def test_a_customers_target_is_not_asked_before_the_canary(world: JobsWorld) -> None:
    """His request waits at the head of the queue until the source has proved itself."""
    world.sell(an_order())
    world.look(2000, LATER)
    source = ScriptedSource(Instagram())
    configured = with_canary(source)
    with world.database.write() as tx:
        sources.save_breaker(tx, "scripted", sources.breaker(tx, "scripted").resumed())
    world.checking(configured).check("1")
    assert source.request_pending == []
    world.sampling(configured).run_once()
    assert source.names == ["instagram", "natgeo"]


def test_a_blind_source_stops_without_asking_for_any_customer_again(world: JobsWorld) -> None:
    """The canary climbs the ladder: two hours, then stopped; the operator reads why."""
    world.sell(an_order())
    source = ScriptedSource(Instagram(profiles=Outcome.BLOCKED, canary=Outcome.NOT_FOUND))
    sampling = world.sampling(with_canary(source))
    for hours in range(30):
        world.now = START + hours * HOUR
        sampling.run_once()
    assert source.request_pending == [
        (START, "natgeo"),
        (START + HOUR, "instagram"),
        (START + 3 * HOUR, "instagram"),
    ]
    assert state(world) == "stopped"
    assert world.rows("outbox", "text")[-1] == (
        "source scripted refuses us (canary not_found); paused until an operator resumes it"
    )


@pytest.mark.parametrize("outcome", [Outcome.NOT_FOUND, Outcome.UNAVAILABLE])
def test_where_nobody_vouches_for_an_absence_the_canary_does(world: JobsWorld, outcome: Outcome) -> None:
    """The only profile of a shop is gone: without another to be read it would never count as gone."""
    world.sell(an_order())
    source = ScriptedSource(Instagram(profiles=outcome))
    sampling = world.sampling(with_canary(source))
    for hours in range(40):
        world.now = START + hours * HOUR
        sampling.run_once()
    assert source.names[:2] == ["natgeo", "instagram"]
    assert world.target().absence.gone_at is not None


def test_where_others_are_read_no_canary_is_asked(world: JobsWorld) -> None:
    """A count of the last hour vouches already: the canary costs nothing."""
    world.sell(an_order("1", "natgeo"))
    world.look(2000, START)
    world.sell(an_order("2", "gone"))
    source = ScriptedSource(lambda name, _now: Outcome.NOT_FOUND if name == "gone" else 2000)
    sampling = world.sampling(with_canary(source))
    for minutes in range(0, 60, 10):
        world.now = START + minutes * MINUTE
        sampling.run_once()
    assert set(source.names) == {"gone"}


def test_a_straggler_of_before_the_pause_is_no_second_refusal(world: JobsWorld) -> None:
    """Two daemons ask the canary at once, both in vain: that is one refusal."""
    configured = with_canary(ScriptedSource(Instagram(canary=Outcome.NOT_FOUND)))
    for _ in range(2):
        request_accounting.probe_canary(world.database, configured, world.clock)
    with world.database.write() as tx:
        assert sources.breaker(tx, "scripted").refusals == 1


# Which canary


def test_a_canary_is_a_profile_by_its_name() -> None:
    """With or without @, in any case; none without a name."""
    assert canary_for(ScriptedSource(), "@Instagram") == a_profile("instagram")
    assert canary_for(ScriptedSource(), "") is None


def test_a_source_that_reads_no_followers_has_no_canary() -> None:
    """It could not be asked for it."""
    assert canary_for(ScriptedSource(metrics=frozenset({Metric.LIKES})), "instagram") is None


def test_what_no_profile_can_be_called_is_refused() -> None:
    """By its name in the configuration."""
    with pytest.raises(BadInputError, match=r"sources\.scripted\.canary"):
        canary_for(ScriptedSource(), "in..stagram")


def test_a_canary_must_be_paid_for_first(world: JobsWorld) -> None:
    """The request is in the books when the source is asked."""
    seen: list[list[tuple[str, int]]] = []
    source = ScriptedSource(Instagram(), while_reading=lambda: seen.append(purposes(world)))
    configured = with_canary(source)
    with world.database.write() as tx:
        request_accounting.charge(tx, configured, START, 0, Purpose.CANARY)
    request_accounting.probe_canary(world.database, configured, world.clock)
    assert seen == [[("canary", 0)]]
