"""Tiny simulated worlds whose figures can be calculated by hand, and runs in them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from monitor.model.snapshot import Outcome, Snapshot
from monitor.model.target import Target
from monitor.sources.contract import Reading
from monitor.sources.reader_adapter import ReaderAdapter
from refilld.settings.settings import Settings
from refilld.settings.sources import SourceSection
from refilld.simulate.run import Simulation, SimulationPlan, SimulationRecord
from refilld.simulate.world import SimulatedWorld
from tests.migrated_database import migrated_database
from tests.postgres_server import fast_directory

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
PLENTY = SourceSection(requests_per_hour=3600, spacing=timedelta(0))
"""A budget that delays nothing."""


def order_row(order_id: str = "1", profile: str = "nasa", **changes: object) -> dict[str, object]:
    """Give the row of an order: 1000 followers for 10, delivered ten days ago to a profile that had 1000."""
    row: dict[str, object] = {
        "order_id": order_id,
        "service": "svc",
        "metric": "followers",
        "link": f"@{profile}",
        "quantity": 1000,
        "status": "Completed",
        "completed_at": BEGIN - 10 * DAY,
        "start_count": 1000,
        "price": "10",
        "currency": "USD",
    }
    return row | changes


@dataclass
class StepWorld:
    """One count for all targets, which steps at known hours; refills raise it."""

    sold: list[dict[str, object]]
    steps: Sequence[tuple[float, int]] = ((0, 2000),)
    """Hours since the beginning, and the count from then on."""
    wrong_by: int = 0
    """The difference between the count of a look and the true count."""
    refills: list[tuple[datetime, str, int]] = field(default_factory=list)

    def read(self, targets: Sequence[Target], now: datetime) -> Reading | list[Snapshot]:
        return [Snapshot(t, now, Outcome.COUNT, "steps", self.truth(t, now) + self.wrong_by) for t in targets]

    def orders(self, now: datetime) -> list[Mapping[str, object]]:
        new = [row for row in self.sold if _delivered(row) <= now]
        self.sold = [row for row in self.sold if _delivered(row) > now]
        return list(new)

    def refilled(self, order_id: str, target: Target, units: int, now: datetime) -> None:
        self.refills.append((now, order_id, units))

    def truth(self, target: Target, now: datetime) -> int:
        level = next(count for start, count in reversed(self.steps) if now >= BEGIN + start * HOUR)
        return level + sum(units for at, _, units in self.refills if at <= now)


class WorldWithoutTrueCounts:
    """A world with orders and counts, but without true counts."""

    def __init__(self, world: StepWorld) -> None:
        self.read = world.read
        self.orders = world.orders


def _delivered(row: Mapping[str, object]) -> datetime:
    at = row["completed_at"]
    assert isinstance(at, datetime)
    return at


def ran(plugin: Any, days: int = 3, section: SourceSection = PLENTY, **settings: Any) -> SimulationRecord:
    """Simulate under a fixed cadence of six hours, unless the settings say otherwise."""
    under = Settings.model_validate({"sampling": {"cadence": "fixed", "every": "6h"}} | settings)
    world = SimulatedWorld.of(ReaderAdapter("steps", plugin))
    with (
        TemporaryDirectory(dir=fast_directory()) as folder,
        migrated_database(Path(folder, "simulated.db")) as database,
    ):
        return Simulation(SimulationPlan(BEGIN, days, section), world, under, database).run(lambda _now: None)


def hours_of_looks(happened: SimulationRecord) -> list[float]:
    """When the looks were, in hours since the beginning."""
    (looks,) = happened.meter.looks.values()
    return [(at - BEGIN) / HOUR for at in looks]
