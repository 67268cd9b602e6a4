"""No lost unit is refilled twice because of a restore, whatever was delivered since the backup.

One order of 1000 followers, complete at 2000. Followers leave; refills are claimed, and their units arrive up
to 20 hours later, also after the database was restored. If more is delivered than was lost, the count exceeds
2000.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal, TypeAlias

from hypothesis import example, given, settings
from hypothesis import strategies as st

from jobs.look_recording import record_looks
from monitor.cadence.fixed import FixedCadence
from monitor.evaluation.evaluate import LookPolicy
from monitor.guarantee.mass_drop import MassDropRule
from storage import backup as backups
from storage import leases, orders, restore, targets
from storage.engine import Database
from tests import lease_calls
from tests.builders import DAY, HOUR, NOW, a_look, an_order
from tests.effort import EFFORT
from tests.migrated_database import migrated_database
from tests.postgres_server import fast_directory

Event: TypeAlias = tuple[Literal["leave", "deliver", "wait"], int]
POLICY = LookPolicy(FixedCadence(6 * HOUR), MassDropRule(enabled=False))
WHOLE = 2000
PACE = 3 * HOUR
EVENTS = st.lists(
    st.one_of(
        st.tuples(st.just("leave"), st.sampled_from([60, 100, 150])),
        st.tuples(st.just("deliver"), st.sampled_from([0, 3, 20])),
        st.tuples(st.just("wait"), st.sampled_from([1, 9])),
    ),
    max_size=7,
)
LOST: list[Event] = [("leave", 100), ("wait", 1)]


@dataclass
class World:
    """A profile, and a database that may be restored while deliveries to it are under way."""

    database: Database
    now: datetime = NOW
    count: int = WHOLE
    arriving: list[tuple[datetime, int]] = field(default_factory=list)
    delivered: int = 0

    def live(self, events: Sequence[Event]) -> None:
        for kind, number in events:
            if kind == "leave":
                self.count = max(self.count - number, 1200)
            elif kind == "deliver":
                self._deliver(timedelta(hours=number))
            for _ in range(number if kind == "wait" else 1):
                self._look()

    def _look(self) -> None:
        self.now += PACE
        self.count += sum(units for at, units in self.arriving if at <= self.now)
        self.arriving = [(at, units) for at, units in self.arriving if at > self.now]
        assert self.count <= WHOLE
        with self.database.write() as tx:
            target_id = targets.of_order(tx, "1").target_id
            record_looks(tx, {target_id: a_look(self.count, self.now)}, POLICY)

    def _deliver(self, delay: timedelta) -> None:
        """Claim and complete what is queued; its units arrive later."""
        with self.database.write() as tx:
            for refill in leases.claim(tx, self.now, limit=10, lease=HOUR):
                lease_calls.complete(tx, refill.refill_id, refill.lease_token, self.now)
                self.arriving.append((self.now + delay, refill.quantity))
                self.delivered += refill.quantity


def lived(before: Sequence[Event], lost: Sequence[Event], after: Sequence[Event]) -> World:
    """Make a backup, live on, restore it, and live on until everything has arrived and settled."""
    with TemporaryDirectory(dir=fast_directory()) as name:
        path, saved = Path(name) / "refilld.db", Path(name) / "backup"
        with migrated_database(path) as database:
            world, url = World(database), database.name
            with database.write() as tx:
                sold = an_order(cooldown=timedelta(0), max_refills=0, max_refill_percent=1000)
                orders.import_batch(tx, [sold], NOW)
            world.live(before)
            made = backups.write_backup(database, url, saved)
            world.live(lost)
        restore.restore(made, url, world.now, replace=True)
        world.database = Database(url)
        world.live([*after, ("wait", int(DAY / PACE) + 2), ("deliver", 0), ("wait", 2)])
        world.database.close()
        return world


@settings(max_examples=10 * EFFORT, deadline=None)
@given(EVENTS, EVENTS, EVENTS)
@example(LOST, [("deliver", 20)], [("wait", 1), ("deliver", 0)])  # queued in the backup, delivered since
@example([], [*LOST, ("deliver", 20)], [("wait", 2), ("deliver", 0)])  # not known to the backup at all
@example([("leave", 100)], [("wait", 1), ("deliver", 20)], [("wait", 1), ("deliver", 0)])  # suspected in it
def test_never_more_is_delivered_than_was_lost(
    before: list[Event], lost: list[Event], after: list[Event]
) -> None:
    lived(before, lost, after)


def test_what_was_lost_is_delivered_after_all() -> None:
    """Holding protects from the second refill, and not from the first."""
    world = lived(LOST, [], [])
    assert (world.count, world.delivered) == (WHOLE, 100)
