"""Leases: a refill whose lease has ended is queued again; all other refills stay."""

from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from jobs.leases import Leases
from monitor.model.refill import RefillState
from storage.errors import LeaseLostError
from tests import lease_calls
from tests.builders import DAY, HOUR, INSTANT, NOW, SECOND, START
from tests.jobs.jobs_world import JobsWorld, an_order
from tests.jobs.retention_world import maintenance_of
from tests.storage.shop import queue

LATER = START + 2 * DAY


@pytest.fixture
def queued(world: JobsWorld) -> JobsWorld:
    world.sell(an_order())
    world.lose()
    return world


def job(world: JobsWorld, max_attempts: int = 10) -> Leases:
    return Leases(world.database, world.clock, max_attempts)


def state_of(world: JobsWorld) -> RefillState:
    (state,) = world.rows("refills", "state")
    return RefillState(state)


def test_a_lease_is_kept_until_it_ends(queued: JobsWorld) -> None:
    """At its end the refill is queued again, and can be claimed at once."""
    (taken,) = queued.claim(HOUR)
    queued.now = taken.leased_until - INSTANT
    job(queued).run_once()
    assert state_of(queued) is RefillState.CLAIMED
    queued.now = taken.leased_until
    job(queued).run_once()
    assert state_of(queued) is RefillState.QUEUED
    assert [row.attempt for row in queued.claim()] == [2]


def test_a_refill_is_given_up_after_its_last_attempt_with_one_alert(queued: JobsWorld) -> None:
    """Three ended leases, one alert."""
    for _ in range(3):
        queued.claim(HOUR)
        queued.now += HOUR
        job(queued, max_attempts=3).run_once()
    assert state_of(queued) is RefillState.DEAD
    expected = "refill 1 of 500 for order 1 is given up (the lease ended); requeue or cancel it"
    before = queued.alerts("kind", "text")
    assert ("refill.dead", expected) in before
    job(queued, max_attempts=3).run_once()
    assert queued.alerts("kind", "text") == before


def test_a_late_completion_fails_because_the_lease_is_lost(queued: JobsWorld) -> None:
    """It must not complete a refill that another consumer has claimed."""
    (taken,) = queued.claim(HOUR)
    queued.now += HOUR
    job(queued).run_once()
    queued.claim(HOUR)
    with pytest.raises(LeaseLostError), queued.database.write() as tx:
        lease_calls.complete(tx, taken.refill_id, taken.lease_token, queued.now)
    assert state_of(queued) is RefillState.CLAIMED


def test_one_round_ends_all_leases_in_several_transactions(
    world: JobsWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many have ended together."""
    monkeypatch.setattr("jobs.leases._BATCH", 2)
    world.now, ended = NOW, list[int]()
    queue(world.database, *"12345")
    world.claim(HOUR)
    world.now += HOUR
    Leases(world.database, world.clock, 10, ended.append).run_once()
    assert ended == [2, 2, 1]
    assert world.rows("refills", "state") == [RefillState.QUEUED] * 5


def test_a_round_without_ended_leases_changes_nothing(queued: JobsWorld) -> None:
    """Queued and completed refills stay as they are."""
    queued.deliver()
    queued.now += 100 * DAY
    before = queued.everything()
    job(queued).run_once()
    assert queued.everything() == before


def test_the_units_of_a_refill_that_was_given_up_are_missing_again(queued: JobsWorld) -> None:
    """A new drop opens for them."""
    queued.claim(HOUR)
    queued.now += HOUR
    job(queued, max_attempts=1).run_once()
    queued.lose(1500, LATER + DAY)
    assert queued.rows("refills", "quantity", "state") == [
        (500, RefillState.DEAD),
        (500, RefillState.QUEUED),
    ]


@pytest.mark.parametrize("ahead", [HOUR, 2 * DAY, 6 * 365 * DAY])
def test_a_lease_of_a_clock_that_was_ahead_ends_in_time_without_any_source(
    queued: JobsWorld, ahead: timedelta
) -> None:
    """The maintenance round after the clock was set back repairs it, and only that one has to."""
    right = queued.now
    queued.now += ahead
    queued.claim(30 * SECOND)
    queued.now = right
    maintenance = maintenance_of(queued)
    with capture_logs() as logs:
        maintenance.run_once()
        maintenance.run_once()
    (line,) = [line for line in logs if line["event"] == "clock.was_ahead"]
    assert line["seconds"] == ahead.total_seconds()
    queued.now += 30 * SECOND - INSTANT
    job(queued).run_once()
    assert state_of(queued) is RefillState.CLAIMED
    queued.now += INSTANT
    job(queued).run_once()
    assert state_of(queued) is RefillState.QUEUED
