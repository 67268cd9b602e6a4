"""One simulation: a shop's orders, the daemon's jobs and a simulated consumer on a virtual clock."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event

from jobs.configured_source import ConfiguredSource
from jobs.sampling import Sampling
from refilld.daemon.daemon import Daemon
from refilld.orders_file import ParsedRow, Refused
from refilld.settings.settings import Settings
from refilld.settings.sources import SourceSection
from refilld.simulate.clock import SimulationClock
from refilld.simulate.consumer import SimulatedConsumer
from refilld.simulate.meter import MeteredSource
from refilld.simulate.sales import Sales
from refilld.simulate.setting import for_simulation
from refilld.simulate.world import SimulatedWorld
from storage import due, migrate, sources
from storage.engine import Database
from storage.order_history import History, histories

HOUR = timedelta(hours=1)
UNLIMITED = timedelta(days=36_500)
"""A round of sampling waits for the budget until the next event, without a limit of its own."""
RESUMED_AFTER = timedelta(hours=8)
"""The time after which the simulated operator resumes a stopped source."""
_NOT_SCHEDULED = {"sampling", "self_check"}
"""Sampling runs when a look is due; the self-check is of the machine, of which no figure tells."""
_MEMORY_FOLDER = Path("/dev/shm")  # noqa: S108 - the folder created in it is private

OnProgress = Callable[[datetime], object]


@dataclass(frozen=True, slots=True)
class SimulationPlan:
    """The parameters of a simulation, except the cadence."""

    begin: datetime
    days: int
    section: SourceSection
    """The budget of the world's source."""
    delay: timedelta = timedelta(hours=24)
    """The time from a refill's claim to its delivery."""
    orders: Sequence[ParsedRow] | None = None
    """From a file; None when the world sells its own."""

    @property
    def end(self) -> datetime:
        return self.begin + timedelta(days=self.days)


@dataclass(frozen=True, slots=True)
class SimulationRecord:
    """The result of a simulation, for `figures`."""

    plan: SimulationPlan
    world: SimulatedWorld
    meter: MeteredSource
    histories: tuple[History, ...]
    refused: list[Refused]
    """Rows of the orders file that are not valid orders."""
    resumed: int
    """How often the simulated operator resumed a stopped source."""


class Simulation:
    """Simulates one shop under one cadence."""

    def __init__(
        self, plan: SimulationPlan, world: SimulatedWorld, settings: Settings, database: Database
    ) -> None:
        self._plan = plan
        self._world = world
        self._database = database
        self._clock = SimulationClock(plan.begin, plan.end)
        self._meter = MeteredSource(world.source)
        self._daemon = Daemon(for_simulation(settings), database, self._clock.now, Event())
        self._sales = Sales(database, settings, self._clock)
        self._resumed = 0

    def run(self, on_progress: OnProgress) -> SimulationRecord:
        """Run to the end; `on_progress` is called with the simulated time every hour."""
        self._schedule_events(on_progress)
        sampling = self._sampling()
        while not self._clock.over:
            self._clock.run_due()
            if not self._clock.over:
                sampling.run_once()
                self._clock.advance(self._next_due())
        with self._database.read() as tx:
            past = tuple(histories(tx))
        return SimulationRecord(
            self._plan, self._world, self._meter, past, self._sales.refused, self._resumed
        )

    def _schedule_events(self, on_progress: OnProgress) -> None:
        """Schedule the hourly events: sales, the other jobs, the consumer, the operator."""
        clock = self._clock
        if self._plan.orders is None:
            clock.every(HOUR, lambda: self._sales.import_new(self._world))
        else:
            self._sales.schedule(self._plan.orders)
        for job in self._daemon.scheduled_jobs(self._sampling(), lambda _job: None):
            if job.name not in _NOT_SCHEDULED:
                clock.every(max(job.every, HOUR), job.run)
        clock.every(HOUR, SimulatedConsumer(self._database, self._world, clock, self._plan.delay).claim)
        clock.every(HOUR, self._resume_stopped)
        clock.every(HOUR, lambda: on_progress(clock.now()))

    def _sources(self) -> tuple[ConfiguredSource, ...]:
        section = self._plan.section
        return (ConfiguredSource(self._meter, section.budget, section.first_pause),)

    def _sampling(self) -> Sampling:
        """The daemon's sampling job, waiting on the simulated clock."""
        sampling = self._daemon.sampling(self._sources(), self._clock.now)
        return replace(sampling, wait=self._clock.wait, max_wait=UNLIMITED)

    def _next_due(self) -> datetime | None:
        """When the next look is due; None when none is scheduled."""
        with self._database.read() as tx:
            return due.next_after(tx, self._meter.name, self._clock.now())

    def _resume_stopped(self) -> None:
        """Resume a source that stopped RESUMED_AFTER ago."""
        name, now = self._meter.name, self._clock.now()
        with self._database.write() as tx:
            breaker = sources.breaker(tx, name)
            if (
                breaker.stopped
                and breaker.refused_at is not None
                and now - breaker.refused_at >= RESUMED_AFTER
            ):
                sources.save_breaker(tx, name, breaker.resumed())
                self._resumed += 1


@contextmanager
def fresh_database() -> Iterator[Database]:
    """A migrated database for one simulation, in memory if the system has /dev/shm."""
    with _folder() as folder:
        path = Path(folder, "simulated.db")
        path.write_bytes(_migrated())
        with closing(Database(f"sqlite:///{path}")) as database:
            yield database


@cache
def _migrated() -> bytes:
    """The file of a migrated database: the simulation of each further cadence copies it."""
    with _folder() as folder:
        path = Path(folder, "migrated.db")
        with closing(Database(f"sqlite:///{path}")) as database:
            migrate.upgrade(database)
        return path.read_bytes()


def _folder() -> TemporaryDirectory[str]:
    return TemporaryDirectory(prefix="refilld-", dir=_MEMORY_FOLDER if _MEMORY_FOLDER.is_dir() else None)
