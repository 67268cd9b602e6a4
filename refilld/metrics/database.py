"""The collector of the gauges that are read from the database.

A database that cannot be read in time leaves them out, and `refilld_database_up` is 0: the other metrics of
the process are answered all the same.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock
from time import monotonic

import structlog
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from monitor.errors import RefilldError
from refilld.metrics.gauges import GAUGES, GaugeReading, families, quick_readings, slow_readings
from refilld.settings.sources import SourceSection
from storage.engine import Database, Transaction

log = structlog.get_logger()
QUICK_FOR, SLOW_FOR = 5.0, 60.0
"""Seconds for which values are given again, however often they are asked for."""
UP = "refilld_database_up", "1 if the database answers in time and has the schema of this version."
WRITABLE = "refilld_database_writable", "0 if the last write of this process has failed, or the disk is full."


@dataclass(slots=True)
class _Kept:
    """Values that are given again for some seconds."""

    seconds: float
    load: Callable[[Transaction], Iterable[GaugeReading]]
    loaded_at: float | None = None
    readings: tuple[GaugeReading, ...] = ()

    def refresh(self, tx: Transaction, now: float) -> None:
        if self.loaded_at is None or now - self.loaded_at >= self.seconds:
            self.readings = tuple(self.load(tx))
            self.loaded_at = now


@dataclass(slots=True, eq=False)  # a registry keeps it as a key
class DatabaseCollector(Collector):
    """Reads the gauges of a database, at most once in some seconds."""

    database: Database
    require_ready: Callable[[], None]
    """Raises RefilldError, soon, unless the database answers."""
    enabled: Mapping[str, SourceSection]
    """The enabled sources."""
    clock: Callable[[], datetime]
    monotonic: Callable[[], float] = monotonic
    _lock: Lock = field(default_factory=Lock)
    _kept: tuple[_Kept, ...] = field(init=False)

    def __post_init__(self) -> None:
        """Load nothing yet."""
        quick = _Kept(QUICK_FOR, lambda tx: quick_readings(tx, self.enabled, self.clock()))
        self._kept = (quick, _Kept(SLOW_FOR, slow_readings))

    def describe(self) -> Iterable[Metric]:
        """All gauges without values: to register the collector reads nothing."""
        yield from (GaugeMetricFamily(*one) for one in (UP, WRITABLE))
        yield from (GaugeMetricFamily(name, text, labels=labels) for name, (text, labels) in GAUGES.items())

    def collect(self) -> Iterator[Metric]:
        """The gauges with their values, as far as the database can be read."""
        readings = self._readings()
        yield GaugeMetricFamily(*UP, value=readings is not None)
        yield GaugeMetricFamily(*WRITABLE, value=self.database.storage_fault is None)
        yield from families(readings or ())

    def _readings(self) -> list[GaugeReading] | None:
        """The values; None if the database cannot be read."""
        with self._lock:
            try:
                self._refresh()
            except RefilldError as error:
                log.warning("metrics.database_unavailable", error=str(error), once_a_minute=True)
                return None
            except Exception:
                log.exception("metrics.failed", once_a_minute=True)
                return None
            return [reading for kept in self._kept for reading in kept.readings]

    def _refresh(self) -> None:
        self.require_ready()
        with self.database.read() as tx:
            for kept in self._kept:
                kept.refresh(tx, self.monotonic())
