"""Obstacles: why no look is possible, what to do about it, and when it ends."""

import pytest

from monitor.model.order import Flag
from monitor.model.snapshot import Outcome
from monitor.model.target import Metric
from monitor.model.time_words import second
from monitor.sources.breaker import Breaker
from monitor.sources.contract import RateLimitHint
from monitor.sources.rate_limit_state import RateLimitState
from refilld.services.look_obstacle import EnabledSources, find_obstacle
from refilld.services.refill_requests import Recheck
from storage import order_states, sources
from storage.engine import Transaction
from tests.builders import DAY, HOUR, MINUTE, START, a_post
from tests.jobs.jobs_world import JobsWorld, ScriptedSource, a_configured_source, an_order

LATER = START + 2 * DAY
PROFILES = ScriptedSource(name="profiles", metrics=frozenset({Metric.FOLLOWERS}))


def hold(tx: Transaction, world: JobsWorld, minutes: int | None) -> None:
    until = None if minutes is None else world.now + minutes * MINUTE
    sources.save_breaker(tx, "scripted", sources.breaker(tx, "scripted").held(until, "refused"))


def test_without_an_enabled_source_the_operator_is_told_how_to_enable_one(world: JobsWorld) -> None:
    world.sell(an_order())
    answer, recheck = world.checking().check("1")
    assert recheck is Recheck.IMPOSSIBLE
    assert answer.look.obstacle is not None
    assert answer.look.obstacle.startswith(
        "no source is enabled, so nothing is looked at; set enabled = true"
    )


def test_a_metric_that_no_source_reads_is_named(world: JobsWorld) -> None:
    world.sell(an_order(target=a_post(metric=Metric.VIEWS, owner="natgeo")))
    answer, recheck = world.checking(a_configured_source(PROFILES)).check("1")
    assert recheck is Recheck.IMPOSSIBLE
    assert answer.look.obstacle == (
        "no enabled source can read the views of https://www.instagram.com/p/C0deAAAAAAA/; "
        'enable a source that can, or allow one under sources of the service "followers"'
    )


def test_a_post_without_an_owner_gets_the_owner_as_remedy(world: JobsWorld) -> None:
    """The official source finds a post only through its owner."""
    world.sell(an_order(target=a_post()))
    answer, _ = world.checking(a_configured_source(PROFILES)).check("1")
    assert "import the order again with its owner" in str(answer.look.obstacle)


def test_the_service_of_the_order_that_was_asked_about_is_named(world: JobsWorld) -> None:
    """As a string that can be pasted into the configuration."""
    world.sell(an_order(), an_order("2", service='the "best"'))
    world.allowed = {"followers": ("other",), 'the "best"': ("other",)}
    answer, _ = world.checking(a_configured_source(ScriptedSource())).check("2")
    assert str(answer.look.obstacle).endswith(r'sources of the service "the \"best\""')


def test_a_service_that_allows_no_enabled_source_is_named(world: JobsWorld) -> None:
    world.sell(an_order())
    world.allowed = {"followers": ("other",)}
    answer, recheck = world.checking(a_configured_source(ScriptedSource())).check("1")
    assert recheck is Recheck.IMPOSSIBLE
    assert 'sources of the service "followers"' in str(answer.look.obstacle)


@pytest.mark.parametrize(
    ("minutes", "recheck", "note"),
    [
        (
            None,
            Recheck.IMPOSSIBLE,
            "scripted is stopped: refused; find out why, wait some hours, then refilld sources resume",
        ),
        (
            30,
            Recheck.DUE,
            "scripted is paused until 2026-03-03 12:30:00Z: refused; it goes on by itself; refilld",
        ),
    ],
)
def test_a_source_that_may_not_look_is_named(
    world: JobsWorld, minutes: int | None, recheck: Recheck, note: str
) -> None:
    """A pause ends by itself, and the target is looked at then; a stopped source waits for the operator."""
    world.sell(an_order())
    world.look(2000, LATER)
    with world.database.write() as tx:
        hold(tx, world, minutes)
    answer, found = world.checking(a_configured_source(ScriptedSource())).check("1")
    assert (found, answer.word, answer.stale) == (recheck, "no_drop", True)
    assert str(answer.look.obstacle).startswith(note)


def test_the_obstacle_of_a_pause_ends_with_the_wait_of_the_platform(world: JobsWorld) -> None:
    """With the message of the refusal; nobody is asked to resume a source that its platform asks to wait."""
    world.sell(an_order())
    with world.database.write() as tx:
        refused = Breaker().after(Outcome.BLOCKED, "a", world.now, HOUR, "renew the token")
        sources.save_breaker(tx, "scripted", refused)
        wait = RateLimitState().after(RateLimitHint(None, DAY), world.now)
        sources.save_rate_limit_state(tx, "scripted", wait)
    answer, _ = world.checking(a_configured_source(ScriptedSource())).check("1")
    until = world.now + DAY
    assert answer.look.obstacle == (
        f"scripted is paused until {second(until)}Z: blocked: renew the token; it goes on by itself"
    )


def test_a_spent_budget_is_no_obstacle(world: JobsWorld) -> None:
    world.sell(an_order())
    source = a_configured_source(ScriptedSource(), spacing=MINUTE)
    with world.database.write() as tx:
        sources.note_requests(tx, "scripted", world.now, 1)
    answer, recheck = world.checking(source).check("1")
    assert (recheck, answer.look.obstacle) == (Recheck.DUE, None)


def test_an_answer_that_needs_no_look_has_no_obstacle(world: JobsWorld) -> None:
    world.sell(an_order())
    world.flag("1", Flag.DISPUTE)
    answer, recheck = world.checking().check("1")
    assert (recheck, answer.look.obstacle) == (Recheck.NOT_NEEDED, None)


def test_a_target_whose_source_is_not_chosen_yet_has_no_obstacle(world: JobsWorld) -> None:
    """Without an open source nobody knows whether it can be read."""
    world.sell(an_order())
    state = world.target()
    with world.database.read() as tx:
        orders = order_states.of_target(tx, state.target_id)
        assert find_obstacle(tx, state, orders, "1", EnabledSources(("scripted",)), LATER + HOUR) is None
