"""One run: a shop's orders, the real jobs and a simulated consumer, from the first day to the last."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event

from jobs.configured_source import ConfiguredSource
from jobs.sampling import Sampling
from refilld.daemon import Daemon
from refilld.orders_file import Refused
from refilld.services.order_import import Parsed
from refilld.settings import Settings, SourceSection
from refilld.simulate.clock import SimulationClock
from refilld.simulate.consumer import SimulatedConsumer
from refilld.simulate.meter import MeteredSource
from refilld.simulate.sales import Sales
from refilld.simulate.setting import inside
from refilld.simulate.world import SimulatedWorld
from storage import due, migrate, sources
from storage.engine import Database
from storage.order_history import History, histories

HOUR = timedelta(hours=1)
PATIENCE = timedelta(days=36_500)
"""A round waits for the budget as long as the world lets it."""
OPERATOR = timedelta(hours=8)
"""How long a source that has stopped waits for the simulated operator."""
_MEMORY = Path("/dev/shm")  # noqa: S108 - the folder made in it is private

Tell = Callable[[datetime], object]


@dataclass(frozen=True, slots=True)
class SimulationPlan:
    """What is to be simulated, whatever the policy."""

    begin: datetime
    days: int
    section: SourceSection
    """The budget of the world's source."""
    delay: timedelta = timedelta(hours=24)
    """From a refill's claim to its delivery."""
    orders: Sequence[Parsed] | None = None
    """From a file; None where the world sells its own."""

    @property
    def end(self) -> datetime:
        return self.begin + timedelta(days=self.days)


@dataclass(frozen=True, slots=True)
class SimulationRecord:
    """What came out of a run, to be measured."""

    plan: SimulationPlan
    world: SimulatedWorld
    meter: MeteredSource
    histories: tuple[History, ...]
    refused: list[Refused]
    """Rows of the orders that were none."""
    resumed: int
    """How often the simulated operator let a stopped source look again."""


class Simulation:
    """One simulated shop under one policy."""

    def __init__(
        self, plan: SimulationPlan, world: SimulatedWorld, settings: Settings, database: Database
    ) -> None:
        self._plan = plan
        self._world = world
        self._database = database
        self._clock = SimulationClock(plan.begin, plan.end)
        self._meter = MeteredSource(world.source)
        self._daemon = Daemon(inside(settings), database, self._clock.now, Event())
        self._sales = Sales(database, settings, self._clock)
        self._resumed = 0

    def run(self, tell: Tell) -> SimulationRecord:
        """Let everything happen; `tell` hears the simulated time now and then."""
        self._plan_events(tell)
        sampling = self._sampling()
        while not self._clock.over:
            self._clock.let_happen()
            if not self._clock.over:
                sampling.run_once()
                self._clock.advance(self._due())
        with self._database.read() as tx:
            past = tuple(histories(tx))
        return SimulationRecord(
            self._plan, self._world, self._meter, past, self._sales.refused, self._resumed
        )

    def _plan_events(self, tell: Tell) -> None:
        """What happens each hour: sales, the other jobs, the consumer, the operator."""
        clock = self._clock
        if self._plan.orders is None:
            clock.every(HOUR, lambda: self._sales.ring_up(self._world))
        else:
            self._sales.plan(self._plan.orders)
        for job in self._daemon.scheduled_jobs(self._sampling(), lambda _job: None):
            if job.name != "sampling":
                clock.every(max(job.every, HOUR), job.run)
        clock.every(HOUR, SimulatedConsumer(self._database, self._world, clock, self._plan.delay).claim)
        clock.every(HOUR, self._operate)
        clock.every(HOUR, lambda: tell(clock.now()))

    def _eyes(self) -> tuple[ConfiguredSource, ...]:
        section = self._plan.section
        return (ConfiguredSource(self._meter, section.budget, section.first_pause),)

    def _sampling(self) -> Sampling:
        """The daemon's own sampling, but that it waits on the virtual clock."""
        return replace(self._daemon.sampling(self._eyes()), wait=self._clock.wait, max_wait=PATIENCE)

    def _due(self) -> datetime | None:
        """When a look is due next; None when none is known to be."""
        with self._database.read() as tx:
            return due.next_after(tx, self._meter.name, self._clock.now())

    def _operate(self) -> None:
        """Let a source that has stopped look again, some hours later."""
        name, now = self._meter.name, self._clock.now()
        with self._database.write() as tx:
            breaker = sources.breaker(tx, name)
            if breaker.stopped and breaker.refused_at is not None and now - breaker.refused_at >= OPERATOR:
                sources.save_breaker(tx, name, breaker.resumed())
                self._resumed += 1


@contextmanager
def fresh_database() -> Iterator[Database]:
    """A migrated database for one run, in memory where the machine has a folder for that."""
    with TemporaryDirectory(prefix="refilld-", dir=_MEMORY if _MEMORY.is_dir() else None) as folder:
        database = Database(f"sqlite:///{folder}/simulated.db")
        try:
            migrate.upgrade(database)
            yield database
        finally:
            database.close()
