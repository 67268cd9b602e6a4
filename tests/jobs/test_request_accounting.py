"""Request accounting: charges, rate limit hints, and the canary that probes a source."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from jobs import request_accounting
from jobs.configured_source import ConfiguredSource, canary_for
from monitor.errors import BadInputError
from monitor.model.snapshot import Outcome
from monitor.model.target import Metric, Target
from monitor.sources.budget import Budget, Purpose
from monitor.sources.contract import RateLimitHint, Reading
from storage import sources
from tests.builders import DAY, HOUR, MINUTE, SECOND, START, a_profile
from tests.jobs.jobs_world import Answer, JobsWorld, ScriptedSource, a_configured_source, an_order

LATER = START + 2 * DAY


@dataclass
class Platform(ScriptedSource):
    """A scripted source that also returns rate limit hints."""

    rate_limit: Callable[[datetime], RateLimitHint] = lambda _now: RateLimitHint()

    def read(self, targets: Sequence[Target], now: datetime) -> Reading:
        return replace(ScriptedSource.read(self, targets, now), rate_limit=self.rate_limit(now))


@dataclass
class Instagram:
    """A script with one answer for profiles and another for the canary."""

    profiles: Answer = 2000
    canary: Answer = 999
    reads: list[str] = field(default_factory=list)

    def __call__(self, name: str, _now: datetime) -> Answer:
        return self.canary if name == "instagram" else self.profiles


def with_canary(source: ScriptedSource, **how: Any) -> ConfiguredSource:
    return replace(a_configured_source(source, **how), canary=canary_for(source, "instagram"))


def state(world: JobsWorld, name: str = "scripted") -> str:
    with world.database.write() as tx:
        return sources.breaker(tx, name).state(world.now)


def purposes(world: JobsWorld) -> list[tuple[str, int]]:
    rows: list[tuple[str, int]] = world.rows("source_requests", "purpose", "looks")
    return rows


# Charges


def test_further_requests_of_a_reading_are_charged_with_its_purpose(world: JobsWorld) -> None:
    """One request is charged before the read, the two further ones after it."""
    world.sell(an_order())
    world.now = LATER
    world.checking(a_configured_source(ScriptedSource(cost=3))).check("1")
    assert purposes(world) == [("check", 1), ("check", 0), ("check", 0)]


def test_a_refused_look_is_charged(world: JobsWorld) -> None:
    """It is charged like a successful look."""
    world.sell(an_order())
    world.sampling(a_configured_source(ScriptedSource(lambda _n, _t: Outcome.BLOCKED, cost=2))).run_once()
    assert purposes(world) == [("look", 1), ("look", 0)]


def test_a_batch_is_one_request_that_serves_many_looks(world: JobsWorld) -> None:
    """Five looks, one request."""
    world.sell(*(an_order(str(i), f"profile{i}") for i in range(5)))
    world.sampling(a_configured_source(ScriptedSource(batch=5))).run_once()
    assert purposes(world) == [("look", 5)]


def test_routine_looks_leave_the_reserve_to_manual_checks(world: JobsWorld) -> None:
    """Of a budget of ten, eight requests go to routine looks and two to checks."""
    world.sell(*(an_order(str(i), f"profile{i}") for i in range(20)))
    source = ScriptedSource()
    configured = replace(a_configured_source(source), budget=Budget(10, timedelta(0), reserve=20))
    world.sampling(configured).run_once()
    assert len(source.reads) == 8
    world.now += MINUTE
    for order_id in ("17", "18", "19"):
        world.checking(configured).check(order_id)
    assert source.names[8:] == ["profile17", "profile18"]


# Rate limit hints


def test_a_platform_near_its_limit_is_not_asked_until_its_hour_is_over(world: JobsWorld) -> None:
    """Manual checks wait too, and another daemon reads the state from the database."""
    world.sell(*(an_order(str(i), f"profile{i}") for i in range(3)))
    source = Platform(rate_limit=lambda _now: RateLimitHint(used_percent=92))
    world.sampling(a_configured_source(source)).run_once()
    world.now += 59 * MINUTE
    world.sampling(a_configured_source(source)).run_once()
    world.checking(a_configured_source(source)).check("2")
    assert source.times == [START]
    world.now += MINUTE
    world.sampling(a_configured_source(source)).run_once()
    assert source.times == [START, START + HOUR]


def test_a_refusal_with_a_wait_pauses_for_the_longer_of_both(world: JobsWorld) -> None:
    """The breaker pauses for one hour, the platform asks for five."""
    world.sell(an_order())
    source = Platform(lambda _n, _t: Outcome.RATE_LIMITED, rate_limit=lambda _t: RateLimitHint(100, 5 * HOUR))
    configured = a_configured_source(source)
    world.sampling(configured).run_once()
    source.script = lambda _n, _t: 2000
    for hours in (1, 3, 5):
        world.now = START + hours * HOUR
        world.sampling(configured).run_once()
    assert source.times == [START, START + 5 * HOUR]


def test_near_the_rate_limit_looks_are_spaced_wider(world: JobsWorld) -> None:
    """At 80 percent, twice the even pace of sixty an hour."""
    world.sell(*(an_order(str(i), f"profile{i}") for i in range(3)))
    source = Platform(rate_limit=lambda _now: RateLimitHint(used_percent=80))
    world.sampling(a_configured_source(source, per_hour=60), max_wait=HOUR).run_once()
    assert source.times == [START, START + 2 * MINUTE, START + 4 * MINUTE]


# The canary


def test_after_a_pause_the_canary_alone_is_asked(world: JobsWorld) -> None:
    """Only the canary is asked until it can be read; then the targets follow."""
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


def test_a_canary_look_is_charged_and_stores_no_snapshot(world: JobsWorld) -> None:
    """Only the time of the successful read of the source is stored."""
    source = ScriptedSource(Instagram())
    configured = with_canary(source)
    with world.database.write() as tx:
        sources.save_breaker(tx, "scripted", sources.breaker(tx, "scripted").resumed())
    world.sampling(configured).run_once()
    assert (source.names, purposes(world)) == (["instagram"], [("canary", 0)])
    assert (world.rows("snapshots"), world.rows("targets")) == ([], [])
    assert world.rows("source_reads", "metric", "last_count_at") == [(Metric.FOLLOWERS, START)]


def test_a_canary_look_takes_a_slot_of_the_budget(world: JobsWorld) -> None:
    """The look after it keeps the spacing."""
    world.sell(an_order())
    source = ScriptedSource(Instagram())
    with world.database.write() as tx:
        sources.save_breaker(tx, "scripted", sources.breaker(tx, "scripted").resumed())
    world.sampling(with_canary(source, spacing=10 * SECOND)).run_once()
    assert source.reads == [(START, "instagram"), (START + 10 * SECOND, "natgeo")]


def test_a_customers_target_is_not_asked_before_the_canary(world: JobsWorld) -> None:
    """The check stays first in the queue until the canary has been read."""
    world.sell(an_order())
    world.look(2000, LATER)
    source = ScriptedSource(Instagram())
    configured = with_canary(source)
    with world.database.write() as tx:
        sources.save_breaker(tx, "scripted", sources.breaker(tx, "scripted").resumed())
    world.checking(configured).check("1")
    assert source.reads == []
    world.sampling(configured).run_once()
    assert source.names == ["instagram", "natgeo"]


def test_a_source_whose_canary_fails_stops_without_asking_for_customers_targets(world: JobsWorld) -> None:
    """Failed canaries extend the pause to two hours, then stop the source with an alert."""
    world.sell(an_order())
    source = ScriptedSource(Instagram(profiles=Outcome.BLOCKED, canary=Outcome.NOT_FOUND))
    sampling = world.sampling(with_canary(source))
    for hours in range(30):
        world.now = START + hours * HOUR
        sampling.run_once()
    assert source.reads == [
        (START, "natgeo"),
        (START + HOUR, "instagram"),
        (START + 3 * HOUR, "instagram"),
    ]
    assert state(world) == "stopped"
    assert world.alerts("text")[-1] == (
        "source scripted refuses us (canary not_found: scripted not_found); "
        "paused until an operator resumes it"
    )


@pytest.mark.parametrize("outcome", [Outcome.NOT_FOUND, Outcome.UNAVAILABLE])
def test_without_other_reads_the_canary_confirms_an_absence(world: JobsWorld, outcome: Outcome) -> None:
    """With one target only, no other read can confirm that it is gone."""
    world.sell(an_order())
    source = ScriptedSource(Instagram(profiles=outcome))
    sampling = world.sampling(with_canary(source))
    for hours in range(40):
        world.now = START + hours * HOUR
        sampling.run_once()
    assert source.names[:2] == ["natgeo", "instagram"]
    assert world.target().absence.gone_at is not None


def test_with_other_reads_no_canary_is_asked(world: JobsWorld) -> None:
    """A count of the last hour confirms the source already."""
    world.sell(an_order("1", "natgeo"))
    world.look(2000, START)
    world.sell(an_order("2", "gone"))
    source = ScriptedSource(lambda name, _now: Outcome.NOT_FOUND if name == "gone" else 2000)
    sampling = world.sampling(with_canary(source))
    for minutes in range(0, 60, 10):
        world.now = START + minutes * MINUTE
        sampling.run_once()
    assert set(source.names) == {"gone"}


def test_a_late_answer_from_before_the_pause_is_no_second_refusal(world: JobsWorld) -> None:
    """Two daemons ask the canary at once, both in vain: that is one refusal."""
    configured = with_canary(ScriptedSource(Instagram(canary=Outcome.NOT_FOUND)))
    for _ in range(2):
        request_accounting.probe_canary(world.database, configured, world.clock)
    with world.database.write() as tx:
        assert sources.breaker(tx, "scripted").refusals == 1


# The configured canary


def test_a_canary_is_a_profile_given_by_username() -> None:
    """With or without @, in any case; none without a name."""
    assert canary_for(ScriptedSource(), "@Instagram") == a_profile("instagram")
    assert canary_for(ScriptedSource(), "") is None


def test_a_source_that_reads_no_followers_has_no_canary() -> None:
    """The canary is a follower count."""
    assert canary_for(ScriptedSource(metrics=frozenset({Metric.LIKES})), "instagram") is None


def test_an_invalid_username_is_refused_as_canary() -> None:
    """The error names the configuration key."""
    with pytest.raises(BadInputError, match=r"sources\.scripted\.canary"):
        canary_for(ScriptedSource(), "in..stagram")


def test_a_canary_request_is_charged_before_it_is_sent(world: JobsWorld) -> None:
    """The charge is stored when the source is asked."""
    seen: list[list[tuple[str, int]]] = []
    source = ScriptedSource(Instagram(), while_reading=lambda: seen.append(purposes(world)))
    configured = with_canary(source)
    with world.database.write() as tx:
        request_accounting.charge(tx, configured, START, 0, Purpose.CANARY)
    request_accounting.probe_canary(world.database, configured, world.clock)
    assert seen == [[("canary", 0)]]


@pytest.mark.parametrize(
    ("wait", "until"),
    [(DAY, START + DAY + SECOND), (MINUTE, START + HOUR), (None, START + HOUR + SECOND)],
)
def test_the_alert_of_a_pause_tells_the_time_that_holds(
    world: JobsWorld, wait: timedelta | None, until: datetime
) -> None:
    """The later one of our pause, and of the wait that the platform asks for when it answers."""
    world.sell(an_order())

    def answer_a_second_later() -> None:
        world.now += SECOND

    source = Platform(
        lambda _name, _now: Outcome.RATE_LIMITED,
        while_reading=answer_a_second_later,
        rate_limit=lambda _now: RateLimitHint(100, wait),
    )
    sampling = world.sampling(a_configured_source(source))
    sampling.run_once()
    [text] = world.alerts("text")
    assert text.endswith(f"; paused until {until:%Y-%m-%d %H:%M:%S} UTC")
    assert len(source.reads) == 1
