"""The forecast of a source: how old its looks will be under its budget, and how many drops that misses."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock

from monitor.cadence.capacity import Allowance, BindingLimit, CadenceKind, Capacity
from monitor.model.instants import EPOCH
from monitor.model.target import Metric
from monitor.sources.budget import DAY, HOUR
from monitor.sources.registry import installed, open_source
from refilld.settings.settings import SamplingSection, Settings
from refilld.settings.sources import SourceSection
from refilld.sources import OFFICIAL
from storage import sources, target_counts
from storage.engine import Transaction
from storage.target_counts import TargetCounts, number_of_no_source, number_unseen, of_no_source

MEASURED_OVER = DAY
KEPT_FOR = timedelta(minutes=10)
ENOUGH = 20
"""The number of requests from which on the looks per request are measured."""


@dataclass(frozen=True, slots=True)
class SourceForecast:
    """What to expect of one source."""

    capacity: Capacity
    cadence: CadenceKind
    orders: int
    """Orders in guarantee."""
    binding: BindingLimit
    """The limit of the budget that allows the fewest requests."""

    @property
    def oldest_look(self) -> timedelta:
        """The age of a look when its target is looked at again."""
        return self.capacity.oldest_look(self.cadence)

    @property
    def budget_bound(self) -> bool:
        """Whether the budget is too small for the adaptive cadence, which then looks at targets unequally."""
        return self.cadence is CadenceKind.LEARNED and self.oldest_look > self.capacity.floor(self.cadence)

    @property
    def missed(self) -> float:
        """Share of the drops that are not seen before the guarantee ends."""
        return self.capacity.missed(self.cadence)

    @property
    def delay(self) -> timedelta:
        """The mean time from a drop to the look that sees it."""
        return self.capacity.delay(self.cadence)


def forecasts(tx: Transaction, settings: Settings, now: datetime) -> dict[str, SourceForecast]:
    """The forecast of every source that is enabled and installed, by its name.

    Targets that none of them reads yet count for the first one that reads their metric.
    """
    return dict(_forecasts(tx, settings, now))


class KeptForecasts:
    """The forecasts of one configuration; they read every target, so pages use them for some minutes."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._kept: dict[str, SourceForecast] = {}
        self._until = EPOCH

    def get(self, tx: Transaction, settings: Settings, now: datetime) -> Mapping[str, SourceForecast]:
        """The forecasts, computed anew when they are old."""
        with self._lock:
            if not now < self._until <= now + KEPT_FOR:
                self._kept = forecasts(tx, settings, now)
                self._until = now + KEPT_FOR
            return self._kept


def number_unread(tx: Transaction, settings: Settings) -> int:
    """The number of targets that no enabled source can read."""
    names = _active_sources(settings)
    if not names:
        return 0
    unseen = number_unseen(tx)
    if not number_of_no_source(tx, names, set(Metric)):
        return unseen
    readable = {metric for _, metrics in _by_precedence(settings) for metric in metrics}
    return unseen + number_of_no_source(tx, names, set(Metric) - readable)


def _forecasts(tx: Transaction, settings: Settings, now: datetime) -> Iterator[tuple[str, SourceForecast]]:
    sampling, active, left = settings.sampling, _active_sources(settings), set(Metric)
    counts = {name: target_counts.of_source(tx, name) for name in active}
    if number_of_no_source(tx, active, left):
        for name, metrics in _by_precedence(settings):
            counts[name] += of_no_source(tx, active, left & metrics)
            left -= metrics
    for name, section in active.items():
        looks = _looks_per_request(tx, name, counts[name], now)
        yield name, _forecast(section, counts[name], sampling, looks)


def _active_sources(settings: Settings) -> dict[str, SourceSection]:
    """The sources that are enabled and installed, in the order of the configuration."""
    known = installed()
    return {name: section for name, section in settings.enabled_sources.items() if name in known}


def _by_precedence(settings: Settings) -> list[tuple[str, frozenset[Metric]]]:
    """Each active source with the metrics that it reads, in the order in which targets are offered to them.

    A source that cannot be opened comes last, and counts for every metric.
    """
    found = [(name, _metrics(name, section)) for name, section in _active_sources(settings).items()]
    found.sort(key=lambda source: (source[1] is None, source[0] != OFFICIAL))
    return [(name, frozenset(Metric) if metrics is None else metrics) for name, metrics in found]


def _forecast(
    section: SourceSection, count: TargetCounts, sampling: SamplingSection, looks_per_request: float
) -> SourceForecast:
    places = {limit.window: limit.places for limit in section.budget.limits()}
    allowed = Allowance(places[HOUR], places.get(DAY), section.spacing, section.jitter)
    capacity = Capacity(allowed.rate, count.targets, looks_per_request, sampling.every)
    return SourceForecast(capacity, CadenceKind(sampling.cadence), count.orders, allowed.binding)


def _looks_per_request(tx: Transaction, name: str, count: TargetCounts, now: datetime) -> float:
    """Measured over the last day; with too few requests, targets per different request key."""
    requests, looks = sources.served(tx, name, now - MEASURED_OVER)
    if requests >= ENOUGH and looks > 0:
        return looks / requests
    return count.targets / count.asks if count.asks else 1.0


def _metrics(name: str, section: SourceSection) -> frozenset[Metric] | None:
    """The metrics that a source reads; None when it cannot be opened."""
    try:
        return frozenset(open_source(name, section.options).metrics)
    except Exception:  # noqa: BLE001  # a third-party plugin, or wrong options: `source.opens` reports it
        return None
