"""The outlook of a source: what its budget will see of the targets that it has to read."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.cadence.capacity import Allowance, BindingLimit, CadenceKind, Capacity
from monitor.model.target import Metric
from monitor.sources.budget import DAY, HOUR
from monitor.sources.registry import installed, open_source
from refilld.settings import SamplingSection, Settings, SourceSection
from refilld.sources import OFFICIAL
from storage import sources, target_counts
from storage.engine import Transaction
from storage.target_counts import TargetCounts, number_of_no_source, number_unseen, of_no_source

MEASURED_OVER = DAY
ENOUGH = 20
"""Requests from which on it is measured how many looks one of them brings."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """How old looks will be, and what that will miss."""

    capacity: Capacity
    policy: CadenceKind
    orders: int
    """Orders in guarantee."""
    binding: BindingLimit
    """The limit that holds the source back most."""

    @property
    def oldest_look(self) -> timedelta:
        """How old a look is when its target's turn comes again."""
        return self.capacity.oldest_look(self.policy)

    @property
    def by_turns(self) -> bool:
        """Whether the budget, and not the cadence, sets how old a look gets, and not all wait alike."""
        return self.policy is CadenceKind.LEARNED and self.oldest_look > self.capacity.floor(self.policy)

    @property
    def missed(self) -> float:
        """Share of the drops that nobody will see before the guarantee ends."""
        return self.capacity.missed(self.policy)

    @property
    def delay(self) -> timedelta:
        return self.capacity.delay(self.policy)


def forecasts(tx: Transaction, settings: Settings, now: datetime) -> dict[str, Forecast]:
    """The outlook of every source that is enabled and installed, by its name.

    Targets that none of them reads yet count for the first one that counts their metric.
    """
    return dict(_outlooks(tx, settings, now))


def unread(tx: Transaction, settings: Settings) -> int:
    """How many targets none of the enabled sources can see."""
    names = _eyes(settings)
    if not names:
        return 0
    unseen = number_unseen(tx)
    if not number_of_no_source(tx, names, set(Metric)):
        return unseen
    counted = {metric for _, metrics in _by_turn(settings) for metric in metrics}
    return unseen + number_of_no_source(tx, names, set(Metric) - counted)


def _outlooks(tx: Transaction, settings: Settings, now: datetime) -> Iterator[tuple[str, Forecast]]:
    sampling, configured_sources, left = settings.sampling, _eyes(settings), set(Metric)
    counts = {name: target_counts.of_source(tx, name) for name in configured_sources}
    if number_of_no_source(tx, configured_sources, left):
        for name, metrics in _by_turn(settings):
            counts[name] += of_no_source(tx, configured_sources, left & metrics)
            left -= metrics
    for name, section in configured_sources.items():
        yield name, _outlook(section, counts[name], sampling, _looks(tx, name, counts[name], now))


def _eyes(settings: Settings) -> dict[str, SourceSection]:
    """The sources that will look, in the order of the configuration."""
    known = installed()
    return {name: section for name, section in settings.enabled_sources.items() if name in known}


def _by_turn(settings: Settings) -> list[tuple[str, frozenset[Metric]]]:
    """What each of them counts, in the order in which they are asked to see a target.

    One that cannot be made may count anything, but comes last.
    """
    found = [(name, _metrics(name, section)) for name, section in _eyes(settings).items()]
    found.sort(key=lambda configured: (configured[1] is None, configured[0] != OFFICIAL))
    return [(name, frozenset(Metric) if metrics is None else metrics) for name, metrics in found]


def _outlook(
    section: SourceSection, count: TargetCounts, sampling: SamplingSection, looks: float
) -> Forecast:
    places = {limit.window: limit.places for limit in section.budget.limits()}
    allowed = Allowance(places[HOUR], places.get(DAY), section.spacing, section.jitter)
    capacity = Capacity(allowed.rate, count.targets, looks, sampling.every)
    return Forecast(capacity, CadenceKind(sampling.cadence), count.orders, allowed.binding)


def _looks(tx: Transaction, name: str, count: TargetCounts, now: datetime) -> float:
    """Looks that one request brings: measured, or else as many as the targets are read together."""
    requests, looks = sources.served(tx, name, now - MEASURED_OVER)
    if requests >= ENOUGH and looks > 0:
        return looks / requests
    return count.targets / count.asks if count.asks else 1.0


def _metrics(name: str, section: SourceSection) -> frozenset[Metric] | None:
    """What a source counts; None where it cannot be made to say."""
    try:
        return frozenset(open_source(name, section.options).metrics)
    except Exception:  # noqa: BLE001  # a plugin of others, or options that are wrong: `source.opens` tells
        return None
