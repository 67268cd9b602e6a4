"""The sources at a glance: whether each may look, its requests against its limits, and what it read last."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from monitor.model.target import Metric
from monitor.sources.breaker import Breaker
from monitor.sources.budget import DAY, HOUR
from monitor.sources.rate_limit_state import RateLimitState
from monitor.sources.registry import installed
from monitor.sources.source_state import SourceState, source_state
from refilld.settings.sources import SIMULATED, SourceSection
from storage import sources as stored
from storage.engine import Transaction

OFF = SourceState("off")
"""Of a source that is not enabled."""
_NOTHING_KNOWN = Breaker(), RateLimitState()


@dataclass(frozen=True, slots=True)
class SourceOverview:
    """One source that is installed."""

    name: str
    section: SourceSection | None
    """None if it is not configured."""
    state: SourceState
    requests_last_hour: int
    requests_last_day: int
    looks_last_day: int
    used_percent: int | None
    """Of the limit of the platform, as it has told."""
    last_reads: Mapping[Metric, datetime]

    @property
    def enabled(self) -> bool:
        return self.section is not None and self.section.enabled

    @property
    def looks_per_request(self) -> float | None:
        """Measured over the last day."""
        return round(self.looks_last_day / self.requests_last_day, 2) if self.requests_last_day else None


def overview(
    tx: Transaction, configured: Mapping[str, SourceSection], now: datetime
) -> tuple[SourceOverview, ...]:
    """Every installed source; the simulated one reads nothing real, so it must be configured."""
    states, reads = stored.states(tx), stored.reads(tx)
    names = (name for name in installed() if name != SIMULATED or name in configured)
    return tuple(
        _source(tx, name, configured.get(name), states.get(name, _NOTHING_KNOWN), reads.get(name, {}), now)
        for name in names
    )


def _source(
    tx: Transaction,
    name: str,
    section: SourceSection | None,
    state: tuple[Breaker, RateLimitState],
    reads: Mapping[Metric, datetime],
    now: datetime,
) -> SourceOverview:
    last_hour, _ = stored.served(tx, name, now - HOUR)
    last_day, looks = stored.served(tx, name, now - DAY)
    enabled = section is not None and section.enabled
    return SourceOverview(
        name,
        section,
        source_state(*state, now) if enabled else OFF,
        last_hour,
        last_day,
        looks,
        state[1].used(now),
        reads,
    )
