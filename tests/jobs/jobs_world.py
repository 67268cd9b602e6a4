"""The world around the jobs: a migrated database, a settable clock and a scripted source."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from sqlalchemy import select

from jobs.configured_source import ConfiguredSource
from jobs.look_recording import RecordedLook, record_looks
from jobs.routing import router_of
from jobs.sampling import Sampling
from jobs.target_selection import FixedSelection, TargetSelection
from monitor.cadence.fixed import FixedCadence
from monitor.evaluation.evaluate import LookPolicy
from monitor.evaluation.target_state import TargetState
from monitor.guarantee.mass_drop import MassDropRule
from monitor.model.decision import Action, Reason
from monitor.model.drop import DropState
from monitor.model.order import Flag, Order
from monitor.model.refill import RefillState
from monitor.model.snapshot import Outcome, Snapshot
from monitor.model.target import Metric, Target
from monitor.sources.budget import Budget
from monitor.sources.contract import Reading, Source
from refilld.services.alert_fields import alert_fields
from refilld.services.manual_check import ManualCheck
from storage import alert_list, flags, leases, operator_actions, orders, requests, targets
from storage.alert_list import AlertFilter
from storage.engine import Database
from storage.leases import ClaimedRefill
from storage.schema import metadata
from tests import builders, lease_calls
from tests.builders import DAY, HOUR, SECOND, START, a_profile
from tests.migrated_database import migrated_database
from tests.pages import rows_of_list

Answer = int | Outcome | BaseException
"""A scripted answer: a count, a failed look, or an exception that `read` raises."""


def an_order(order_id: str = "1", profile: str = "natgeo", **changes: Any) -> Order:
    """Give the standard order of `builders` with changes; `terms` holds changed fields of its terms."""
    return builders.an_order(order_id, profile, **changes.pop("terms", {}), **changes)


def a_look(
    answer: int | Outcome, at: datetime, target: Target, count_kind: str = "follower_count"
) -> Snapshot:
    if isinstance(answer, Outcome):
        return Snapshot(target, at, answer, "scripted", detail=f"scripted {answer}")
    return Snapshot(target, at, Outcome.COUNT, "scripted", answer, count_kind)


@dataclass
class ScriptedSource:
    """The only fake: a source that answers from a script and records its reads."""

    script: Callable[[str, datetime], Answer] = lambda _name, _now: 2000
    name: str = "scripted"
    metrics: frozenset[Metric] = frozenset(Metric)
    batch: int = 1
    cost: int = 1
    """Requests that one read takes."""
    while_reading: Callable[[], None] = lambda: None
    reads: list[tuple[datetime, str]] = field(default_factory=list)

    def request_key(self, target: Target) -> str | None:
        if target.metric not in self.metrics:
            return None
        return "everything" if self.batch > 1 else f"{target.metric}:{target.link.key}"

    def read(self, targets: Sequence[Target], now: datetime) -> Reading:
        self.reads += [(now, target.link.key) for target in targets]
        self.while_reading()
        return Reading(tuple(self._snapshot(target, now) for target in targets), self.cost)

    def _snapshot(self, target: Target, now: datetime) -> Snapshot:
        answer = self.script(target.link.key, now)
        if isinstance(answer, BaseException):
            raise answer
        return a_look(answer, now, target)

    @property
    def times(self) -> list[datetime]:
        return [at for at, _ in self.reads]

    @property
    def names(self) -> list[str]:
        return [name for _, name in self.reads]


@dataclass
class JobsWorld:
    """A database and a clock, with short methods to import orders, record looks and run the jobs."""

    database: Database
    now: datetime = START
    policy: LookPolicy = field(default_factory=lambda: LookPolicy(FixedCadence(6 * HOUR), MassDropRule()))
    stopping: bool = False
    beats: int = 0
    waits: list[timedelta] = field(default_factory=list)
    selection: TargetSelection = field(default_factory=FixedSelection)
    allowed: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def clock(self) -> datetime:
        return self.now

    def wait(self, duration: timedelta) -> bool:
        """Advance the clock by the duration at once."""
        self.waits.append(duration)
        self.now += duration
        return self.stopping

    def heartbeat(self) -> None:
        self.beats += 1

    # Orders, flags and requests

    def sell(self, *sold: Order) -> None:
        with self.database.write() as tx:
            orders.import_batch(tx, sold, self.now)

    def flag(self, order_id: str, flag: Flag) -> None:
        with self.database.write() as tx:
            flags.set_flag(tx, order_id, flag, self.now)

    def unflag(self, order_id: str, flag: Flag) -> None:
        with self.database.write() as tx:
            flags.lift_flag(tx, order_id, flag, self.now)

    def ask(self, order_id: str) -> None:
        with self.database.write() as tx:
            requests.ask(tx, order_id, self.now)

    # Looks

    def look(self, answer: int | Outcome, at: datetime | None = None, **how: Any) -> RecordedLook:
        """Record one look at a profile, now or at a time to which the clock is then set."""
        self.now = self.now if at is None else at
        profile = how.pop("profile", "natgeo")
        snapshot = a_look(answer, self.now, a_profile(profile), **how)
        with self.database.write() as tx:
            (recorded,) = record_looks(tx, {self.target(profile).target_id: snapshot}, self.policy)
        return recorded

    def lose(self, count: int = 1500, at: datetime | None = None) -> None:
        """Confirm a loss on the standard order: two looks, two hours apart."""
        first = START + 2 * DAY if at is None else at
        self.look(count, first)
        self.look(count, first + 2 * HOUR)

    # Fulfilment

    def deliver(self, **how: Any) -> list[int]:
        """Claim and complete everything that is ready; returns the refill ids."""
        with self.database.write() as tx:
            taken = leases.claim(tx, self.now, limit=1000, lease=HOUR)
            for row in taken:
                lease_calls.complete(tx, row.refill_id, row.lease_token, self.now, **how)
        return [row.refill_id for row in taken]

    def claim(self, lease: timedelta = HOUR) -> list[ClaimedRefill]:
        with self.database.write() as tx:
            return leases.claim(tx, self.now, limit=1000, lease=lease)

    def give_up(self) -> None:
        """Claim everything that is ready, and report a permanent failure."""
        with self.database.write() as tx:
            for row in leases.claim(tx, self.now, limit=1000, lease=HOUR):
                failure = leases.Failure("no such profile", retryable=False)
                lease_calls.fail(tx, row.refill_id, row.lease_token, self.now, failure, max_attempts=10)

    def operate(self, action: str, refill_id: int = 1) -> None:
        with self.database.write() as tx:
            operator_actions.act(tx, refill_id, action, self.now)

    # The jobs

    def sampling(self, *configured_sources: ConfiguredSource, max_wait: timedelta = 10 * SECOND) -> Sampling:
        policy = replace(self.policy, router=router_of(configured_sources, self.allowed))
        return Sampling(
            self.database,
            configured_sources,
            policy,
            self.clock,
            self.wait,
            max_wait,
            self.heartbeat,
            self.selection,
        )

    def checking(self, *configured_sources: ConfiguredSource) -> ManualCheck:
        return ManualCheck(self.database, self.sampling(*configured_sources), self.clock)

    # Stored rows

    def target(self, profile: str = "natgeo") -> TargetState:
        with self.database.read() as tx:
            url = a_profile(profile).link.url
            table = metadata.tables["targets"]
            target_id = tx.execute(select(table.c.target_id).where(table.c.link == url)).scalar_one()
            return targets.get(tx, target_id)

    def rows(self, table: str, *columns: str) -> list[Any]:
        """Rows of a table in the order of its key: whole, or some columns, or the values of one."""
        found = metadata.tables[table]
        wanted = [found.c[name] for name in columns or found.c.keys()]
        with self.database.read() as tx:
            rows = tx.execute(select(*wanted).order_by(*found.primary_key)).all()
        return [row[0] if len(columns) == 1 else tuple(row) if columns else row for row in rows]

    def alerts(self, *columns: str) -> list[Any]:
        """Alerts as they are listed, oldest first: whole, or some fields, or the values of one."""
        with self.database.read() as tx:
            found = [alert_fields(row) for row in reversed(rows_of_list(alert_list.page, tx, AlertFilter()))]
        if len(columns) == 1:
            return [fields[columns[0]] for fields in found]
        if not columns:
            return [SimpleNamespace(**fields) for fields in found]
        return [tuple(fields[name] for name in columns) for fields in found]

    def everything(self) -> Mapping[str, list[Any]]:
        return {table: self.rows(table) for table in metadata.tables}


def a_configured_source(
    source: Source,
    per_hour: int = 1000,
    spacing: timedelta = timedelta(0),
    first_pause: timedelta = HOUR,
) -> ConfiguredSource:
    return ConfiguredSource(source, Budget(per_hour, spacing), first_pause)


def drops_of(world: JobsWorld) -> list[tuple[str, DropState, int]]:
    return world.rows("drops", "order_id", "state", "looks")


def decisions_of(world: JobsWorld) -> list[tuple[str, Action, Reason, int]]:
    return world.rows("decisions", "order_id", "decision", "reason", "quantity")


def refills_of(world: JobsWorld) -> list[tuple[str, int, RefillState]]:
    return world.rows("refills", "order_id", "quantity", "state")


def alerts_of(world: JobsWorld) -> list[str]:
    """The kinds of all alerts except reviews, which a short first look adds."""
    return [str(kind) for kind in world.alerts("kind") if kind != "review.opened"]


@contextmanager
def jobs_world(directory: Path) -> Iterator[JobsWorld]:
    """A new world in a directory; its database is closed afterwards."""
    with migrated_database(directory / "jobs.db") as database:
        yield JobsWorld(database)
