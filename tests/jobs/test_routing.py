"""Routing: each target is read by the first source that can, and a switch of source is no drop."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from jobs import routing
from jobs.configured_source import ConfiguredSource
from monitor.evaluation.source_choice import RETRY_AFTER
from monitor.model.refill import RefillState
from monitor.model.snapshot import Outcome
from monitor.model.target import Metric
from refilld.services.refill_requests import Recheck
from refilld.sources import reroute_targets
from tests.builders import DAY, HOUR, MINUTE, START
from tests.jobs.jobs_world import Answer, JobsWorld, a_configured_source, an_order
from tests.jobs.scripted_sources import EVERY, LATER, Pages, Profiles, a_post_order, learn


def ways(world: JobsWorld) -> list[tuple[str, str]]:
    return world.rows("targets", "source", "request_key")


def run(world: JobsWorld, *configured_sources: ConfiguredSource, at: datetime | None = None) -> None:
    world.now = at or world.now
    world.sampling(*configured_sources).run_once()


def pass_time(
    world: JobsWorld, *configured_sources: ConfiguredSource, until: datetime, tick: timedelta = HOUR
) -> None:
    sampling = world.sampling(*configured_sources)
    while world.now < until:
        sampling.run_once()
        world.now += tick


def falls_to(count: int, at: datetime) -> Callable[[str, datetime], Answer]:
    return lambda _name, now: count if now >= at else 2000


def test_each_target_is_read_by_the_first_source_that_can_count_it(world: JobsWorld) -> None:
    """Followers and likes by the first, views and posts without an owner by the second."""
    world.sell(
        an_order("1"),
        a_post_order("2", "AAA"),
        a_post_order("3", "AAA", Metric.VIEWS),
        a_post_order("4", "BBB", owner=None),
    )
    first, second = Profiles(), Pages()
    run(world, a_configured_source(first), a_configured_source(second))
    assert sorted(first.seen) == ["AAA:likes", "natgeo:followers"]
    assert sorted(second.seen) == ["AAA:views", "BBB:likes"]
    assert sorted(ways(world)) == [
        ("pages", "post:AAA"),
        ("pages", "post:BBB"),
        ("profiles", "profile:natgeo"),
        ("profiles", "profile:natgeo"),
    ]


def test_a_post_whose_owner_becomes_known_moves_to_the_source_that_needs_the_owner(world: JobsWorld) -> None:
    world.sell(a_post_order("1", "AAA", owner=None))
    first, second = a_configured_source(Profiles()), a_configured_source(Pages())
    run(world, first, second)
    assert ways(world) == [("pages", "post:AAA")]
    world.sell(a_post_order("2", "AAA"))
    run(world, first, second)
    assert ways(world) == [("profiles", "profile:natgeo")]


def test_a_service_may_exclude_the_first_source_and_prefer_another(world: JobsWorld) -> None:
    world.allowed = {"followers": ("pages",), "likes": ("pages", "profiles")}
    world.sell(an_order("1"), a_post_order("2", "AAA"))
    first, second = Profiles(), Pages()
    run(world, a_configured_source(first), a_configured_source(second))
    assert first.seen == []
    assert sorted(second.seen) == ["AAA:likes", "natgeo:followers"]


def test_a_target_that_no_source_can_read_is_not_routed(world: JobsWorld) -> None:
    world.sell(a_post_order("1", "AAA", Metric.VIEWS))
    run(world, a_configured_source(Profiles()))
    assert ways(world) == [("", "")]
    assert world.rows("snapshots") == []


@pytest.mark.parametrize("outcome", [Outcome.NOT_FOUND, Outcome.UNAVAILABLE])
def test_a_target_the_first_source_cannot_find_is_guaranteed_through_the_second(
    world: JobsWorld, outcome: Outcome
) -> None:
    """No alert is raised, the target is not gone, and a drop is refilled."""
    world.sell(an_order("1"))
    first = Profiles(script=lambda _name, _now: outcome)
    second = Pages(script=falls_to(1500, START + 3 * DAY))
    pass_time(world, a_configured_source(first), a_configured_source(second), until=START + 4 * DAY)
    assert len(first.seen) == 1
    assert world.target().absence.gone_at is None
    assert world.rows("refills", "order_id", "quantity") == [("1", 500)]
    assert "target.gone" not in [str(kind) for kind in world.alerts("kind")]


@pytest.mark.parametrize("learned", [False, True])
@pytest.mark.parametrize("start", [1000, None])
def test_a_target_the_first_source_cannot_find_is_read_by_the_second_in_the_same_round(
    world: JobsWorld, learned: bool, start: int | None
) -> None:
    """The target does not wait again."""
    if learned:
        learn(world)
    world.sell(an_order("1", start_count=start))
    first, second = Profiles(script=lambda _name, _now: Outcome.NOT_FOUND), Pages()
    run(world, a_configured_source(first), a_configured_source(second), at=LATER)
    assert (first.times, second.times) == ([LATER], [LATER])


def test_a_check_continues_with_the_next_source(world: JobsWorld) -> None:
    """The next source is asked at once, because the customer waits."""
    world.sell(an_order("1"))
    world.now = LATER
    first, second = Profiles(script=lambda _name, _now: Outcome.NOT_FOUND), Pages()
    answer, recheck = world.checking(a_configured_source(first), a_configured_source(second)).check("1")
    assert (answer.word, answer.count, recheck) == ("no_drop", 2000, Recheck.DONE)
    assert world.rows("source_requests", "source", "purpose") == [("profiles", "check"), ("pages", "check")]


def test_a_check_that_no_source_can_answer_asks_each_once(world: JobsWorld) -> None:
    world.sell(an_order("1"))
    world.now = LATER
    first, second = (
        configured(script=lambda _name, _now: Outcome.NOT_FOUND) for configured in (Profiles, Pages)
    )
    answer, _ = world.checking(a_configured_source(first), a_configured_source(second)).check("1")
    assert (answer.count, len(first.times), len(second.times)) == (None, 1, 1)


@pytest.mark.parametrize("learned", [False, True])
def test_a_source_that_could_not_find_a_target_is_asked_again_after_thirty_days(
    world: JobsWorld, learned: bool
) -> None:
    """If it can read the target then, the target moves back to it."""
    if learned:
        learn(world)
    world.sell(an_order("1", terms={"window": None}))
    answers: list[Answer] = [Outcome.NOT_FOUND]
    first, second = Profiles(script=lambda _name, _now: answers[0]), Pages()
    configured_sources = a_configured_source(first), a_configured_source(second)
    run(world, *configured_sources)
    answers[0] = 2000
    pass_time(world, *configured_sources, until=START + RETRY_AFTER - HOUR, tick=EVERY)
    assert len(first.seen) == 1
    pass_time(world, *configured_sources, until=START + RETRY_AFTER + 2 * DAY, tick=EVERY)
    assert len(first.seen) > 1
    assert ways(world) == [("profiles", "profile:natgeo")]


def test_a_target_that_no_source_finds_is_gone_after_the_looks_of_the_last(world: JobsWorld) -> None:
    """RULES 7: three looks over a day, while the last source reads other targets."""
    world.sell(an_order("1"), an_order("2", "seen"))
    first = Profiles(script=lambda name, _now: Outcome.NOT_FOUND if name == "natgeo" else 2000)
    second = Pages(script=first.script)
    world.sell(an_order("3", "alive", service="pages only"))
    world.allowed = {"pages only": ("pages",)}
    pass_time(world, a_configured_source(first), a_configured_source(second), until=START + 4 * DAY)
    assert world.target().absence.gone_at is not None
    assert [str(kind) for kind in world.alerts("kind")].count("target.gone") == 1


# Sources added and removed


def test_targets_of_a_disabled_source_move_to_the_others_at_the_next_start(world: JobsWorld) -> None:
    world.sell(an_order("1"), a_post_order("2", "AAA"))
    pages = Pages()
    first, second = a_configured_source(Profiles()), a_configured_source(pages)
    run(world, first, second)
    reroute_targets(world.database, (second,))
    run(world, second, at=LATER)
    assert sorted(ways(world)) == [("pages", "post:AAA"), ("pages", "profile:natgeo")]
    assert sorted(pages.seen) == ["AAA:likes", "natgeo:followers"]


def test_a_new_source_gets_the_targets_it_comes_first_for(world: JobsWorld) -> None:
    world.sell(an_order("1"), a_post_order("2", "AAA", Metric.VIEWS))
    first, second = a_configured_source(Profiles()), a_configured_source(Pages())
    run(world, second)
    reroute_targets(world.database, (first, second))
    run(world, first, second, at=LATER)
    assert sorted(ways(world)) == [("pages", "post:AAA"), ("profiles", "profile:natgeo")]


def test_a_source_without_metrics_changes_no_queue_position_at_a_start(world: JobsWorld) -> None:
    """A restart does not delay any target."""
    learn(world)
    world.sell(*(an_order(str(n), f"profile{n}") for n in range(3)))
    blind = a_configured_source(Profiles(metrics=frozenset()))
    second = a_configured_source(Pages(), per_hour=1)
    run(world, blind, second, at=LATER)
    before = world.rows("targets", "source", "virtual_due")
    reroute_targets(world.database, (blind, second))
    with world.database.write() as tx:
        router = world.sampling(blind, second).policy.router
        assert router is not None
        routing.route_new(tx, router, world.selection.queue_position, world.now + HOUR)
    assert world.rows("targets", "source", "virtual_due") == before


def test_restarts_do_not_extend_the_rest_of_a_target(world: JobsWorld) -> None:
    """The rest is counted from the last look, not from the start of the process."""
    world.sell(an_order("1"))
    pages = Pages()
    blind = a_configured_source(Profiles(metrics=frozenset()))
    second = a_configured_source(pages, per_hour=1)
    for world.now in (LATER + n * 20 * MINUTE for n in range(7)):
        learn(world)
        reroute_targets(world.database, (blind, second))
        run(world, blind, second)
    assert pages.times == [LATER, LATER + HOUR, LATER + 2 * HOUR]


# Switch of source


SWITCH = START + 5 * DAY


def switching(
    world: JobsWorld, script: Callable[[str, datetime], Answer], differs: int
) -> tuple[ConfiguredSource, ConfiguredSource]:
    """Count a target by one source up to SWITCH; returns it and the source used from then on."""
    first = a_configured_source(Profiles(script=script))
    second = a_configured_source(Pages(script=script, differs=differs))
    pass_time(world, first, until=SWITCH)
    reroute_targets(world.database, (second,))
    return first, second


@pytest.mark.parametrize("differs", [-1900, -400, 0, 400])
def test_a_switch_of_source_is_no_drop(world: JobsWorld, differs: int) -> None:
    """A new series starts with a measured count_offset; no drop opens."""
    world.sell(an_order("1"))
    _, second = switching(world, falls_to(0, START + 999 * DAY), differs)
    pass_time(world, second, until=SWITCH + 3 * DAY)
    series = world.target().series
    assert (series.source, series.count_kind, series.count_offset) == ("pages", "count", -differs)
    assert series.last_count == 2000
    assert world.rows("drops") == world.rows("refills") == []


@pytest.mark.parametrize("differs", [-1000, 0, 400])
def test_a_drop_after_a_switch_is_found_and_refilled_once(world: JobsWorld, differs: int) -> None:
    world.sell(an_order("1"))
    _, second = switching(world, falls_to(1500, SWITCH + 2 * DAY), differs)
    pass_time(world, second, until=SWITCH + 6 * DAY)
    assert world.rows("refills", "order_id", "quantity") == [("1", 500)]


@pytest.mark.parametrize("differs", [-1000, 400])
def test_a_switch_waits_for_an_open_refill(world: JobsWorld, differs: int) -> None:
    """The new series starts after the refill has settled; its units are not refilled twice."""
    world.sell(an_order("1"))
    delivered_at = SWITCH + DAY
    script = lambda _name, now: 1500 if START + 4 * DAY <= now < delivered_at else 2000  # noqa: E731
    _, second = switching(world, script, differs)
    pass_time(world, second, until=delivered_at)
    assert world.rows("refills", "state") == [RefillState.QUEUED]
    assert world.target().series.source == "profiles"
    world.deliver()
    pass_time(world, second, until=delivered_at + DAY - MINUTE)
    assert world.target().series.source == "profiles"
    pass_time(world, second, until=delivered_at + 4 * DAY)
    series = world.target().series
    assert (series.source, series.count_offset, series.last_count) == ("pages", -differs, 2000)
    assert world.rows("refills", "quantity") == [500]


def test_a_look_that_begins_a_series_is_not_judged(world: JobsWorld) -> None:
    """It sets no settled_look_at and measures no start count."""
    world.sell(an_order("1", terms={"settle": 6 * DAY}))
    _, second = switching(world, falls_to(0, START + 999 * DAY), -300)
    run(world, second, at=START + 7 * DAY)
    assert world.rows("orders", "settled_look_at") == [None]
    run(world, second, at=START + 8 * DAY)
    assert world.rows("orders", "settled_look_at") == [START + 8 * DAY]
