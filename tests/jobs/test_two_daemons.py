"""Two daemons on one PostgreSQL database, through PgBouncer: what the remote side sees of both together."""

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import pairwise
from threading import Event, get_ident

import pytest

from jobs import routing
from jobs.configured_source import ConfiguredSource
from jobs.held_job import HeldJob
from jobs.sampling import Sampling
from monitor.model.snapshot import Outcome
from storage import daemons
from storage.daemons import DaemonMode
from storage.engine import Database
from storage.shared_clock import measured
from tests.builders import DAY, HOUR, MINUTE, SECOND
from tests.jobs.jobs_world import JobsWorld, ScriptedSource, a_configured_source, an_order
from tests.pgbouncer import pgbouncer
from tests.storage.shop import at_once

SPACING = timedelta(milliseconds=20)
BUDGET = 16
BEHIND = 10 * MINUTE
"""The difference of the two machines' clocks."""


@dataclass
class TwoDaemons:
    """Two processes, each with its own connections and its own clock."""

    worlds: tuple[JobsWorld, JobsWorld]

    @property
    def database(self) -> Database:
        return self.worlds[0].database

    def sell(self, number: int) -> None:
        completed = datetime.now(UTC) - 2 * DAY
        self.worlds[0].now = completed
        self.worlds[0].sell(
            *(an_order(f"{one}", f"profile.{one}", completed_at=completed) for one in range(number))
        )
        router = self.worlds[0].sampling(a_configured_source(ScriptedSource())).policy.router
        assert router is not None
        with self.database.write() as tx:
            routing.route_new(tx, router, self.worlds[0].selection.queue_position, completed)

    def round(self, source: ScriptedSource, per_hour: int = BUDGET) -> None:
        """One round of sampling of both at the same time."""
        configured = a_configured_source(source, per_hour=per_hour, spacing=SPACING)
        rounds = [self._sampling(number, configured) for number in (0, 1)]
        at_once(2, lambda number: rounds[number].run_once())

    def _sampling(self, number: int, configured: ConfiguredSource) -> Sampling:
        """The second one's clock is behind."""
        world = self.worlds[number]
        clock = measured(world.database, lambda: datetime.now(UTC) - number * BEHIND)
        return replace(world.sampling(configured), clock=clock, wait=_wait)

    def an_hour_passes(self) -> None:
        with self.database.write() as tx:
            tx.exec_driver_sql(f"UPDATE source_requests SET at = at - {HOUR // timedelta.resolution}")

    def charged(self) -> list[datetime]:
        """The times at which requests were charged."""
        return sorted(self.worlds[0].rows("source_requests", "at"))


def _wait(duration: timedelta) -> bool:
    return Event().wait(duration.total_seconds())


@contextmanager
def two_daemons(url: str) -> Iterator[TwoDaemons]:
    with ExitStack() as stack:
        first, second = (stack.enter_context(closing(Database(url))) for _ in range(2))
        yield TwoDaemons((JobsWorld(first), JobsWorld(second)))


@pytest.fixture
def both(migrated_postgres_url: str) -> Iterator[TwoDaemons]:
    with pgbouncer(migrated_postgres_url) as url, two_daemons(url) as found:
        yield found


def test_two_daemons_together_keep_the_budget_and_look_at_each_target_once(both: TwoDaemons) -> None:
    """Although their clocks differ, both take part, and no target is left out."""
    targets, remote, senders = BUDGET + 6, ScriptedSource(), set[int]()
    remote.while_reading = lambda: senders.add(get_ident())
    both.sell(targets)
    both.round(remote)
    assert len(remote.names) == len(set(remote.names)) == BUDGET
    assert len(senders) == 2
    charged = both.charged()
    assert all(later - earlier >= SPACING for earlier, later in pairwise(charged))
    assert charged[-1] - charged[0] < MINUTE
    both.an_hour_passes()
    both.round(remote)
    assert sorted(remote.names) == sorted(f"profile.{one}" for one in range(targets))
    assert len(both.charged()) == targets


def test_a_refusal_of_one_daemon_stops_both(both: TwoDaemons) -> None:
    """A request of the other may be on its way at that moment, and no more."""
    remote = ScriptedSource()
    remote.script = lambda _name, _now: Outcome.RATE_LIMITED if len(remote.reads) >= BUDGET // 4 else 2000
    both.sell(BUDGET)
    both.round(remote, per_hour=1000)
    assert BUDGET // 4 <= len(remote.reads) <= BUDGET // 4 + 1
    both.round(remote, per_hour=1000)
    assert len(remote.reads) <= BUDGET // 4 + 1


def test_a_killed_daemon_gives_its_targets_back_after_ten_minutes(both: TwoDaemons) -> None:
    """It was killed between the request and the record of the look."""
    both.sell(1)
    with pytest.raises(SystemExit):
        both.round(ScriptedSource(while_reading=_killed))
    remote = ScriptedSource()
    both.round(remote)
    assert remote.names == []
    with both.database.write() as tx:
        tx.exec_driver_sql(
            f"UPDATE targets SET claimed_until = claimed_until - {10 * MINUTE // timedelta.resolution}"
        )
    both.round(remote)
    assert remote.names == ["profile.0"]


def _killed() -> None:
    raise SystemExit


def test_a_held_job_is_carried_out_by_one_daemon_and_by_the_other_when_that_is_gone(both: TwoDaemons) -> None:
    """Once in each period, whoever does it."""
    rounds: list[int] = []
    at = datetime.now(UTC)
    now = [at]
    jobs, ids = [], []
    for number, world in enumerate(both.worlds):
        with world.database.write() as tx:
            ids.append(daemons.register(tx, "host", number, "1", DaemonMode.RUN, at))
        daemon_id, run = partial(ids.__getitem__, number), partial(rounds.append, number)
        jobs.append(HeldJob("digests", MINUTE, run, world.database, daemon_id, lambda: now[0]))

    def period() -> None:
        rounds.clear()
        at_once(2, lambda number: jobs[number].run_once())

    period()
    (holder,) = rounds
    now[0] += MINUTE
    period()
    assert rounds == [holder]
    other = 1 - holder
    with both.database.write() as tx:
        daemons.beat(tx, ids[other], now[0] + SECOND)
    now[0] += MINUTE + SECOND
    rounds.clear()
    jobs[other].run_once()
    jobs[holder].run_once()
    assert rounds == [other]
