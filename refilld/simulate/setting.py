"""Sets up a simulation: its world, and the request budget of its source."""

from collections.abc import Sequence
from datetime import timedelta

from monitor.sources.registry import open_source
from monitor.sources.simulated.shop import SimulatedShop
from monitor.sources.simulated.source import SimulatedSource
from refilld.settings.alerts import AlertsSection
from refilld.settings.guarantee import GuaranteeSection
from refilld.settings.settings import Settings
from refilld.settings.sources import SourceSection
from refilld.settings.survival import SurvivalSection
from refilld.simulate.world import SimulatedWorld

HOUR = timedelta(hours=1)
_LIFETIME = timedelta(days=365)


def built_in(settings: Settings, *, orders: int, days: int, seed: int) -> SimulatedWorld:
    """The built-in shop: it sells the configured services, for the length of the default terms."""
    services = tuple((name, s.metric) for name, s in settings.services.items() if s.metric is not None)
    window = settings.all_terms["default"].window or _LIFETIME
    shop = SimulatedShop(orders, days, max(1, window.days), services)
    return SimulatedWorld.of(SimulatedSource(shop, seed))


def plugged_in(settings: Settings, name: str) -> SimulatedWorld:
    """The world of an installed source; BadInputError when it is not installed."""
    section = settings.sources.get(name, SourceSection())
    return SimulatedWorld.of(open_source(name, section.options))


def section_of(settings: Settings, name: str, requests_per_hour: int | None) -> SourceSection:
    """The budget of the source if it is configured, else the sum of all enabled sources."""
    enabled = [settings.sources[name]] if name in settings.sources else [*settings.enabled_sources.values()]
    section = _combined(enabled) if enabled else SourceSection()
    if requests_per_hour is None:
        return section
    spacing = min(section.spacing, HOUR / requests_per_hour)
    values = {"requests_per_hour": requests_per_hour, "spacing": spacing, "requests_per_day": None}
    return section.model_copy(update=values)


def _combined(sections: Sequence[SourceSection]) -> SourceSection:
    """Several sources as one: their requests add up."""
    first, *others = sections
    if not others:
        return first
    total = sum(section.requests_per_hour for section in sections)
    spacings = [section.spacing / timedelta(seconds=1) for section in sections]
    spacing = 1 / sum(1 / seconds for seconds in spacings) if all(spacings) else 0.0
    budget = {
        "requests_per_hour": total,
        "spacing": timedelta(seconds=spacing),
        "requests_per_day": None,
    }
    return first.model_copy(update=budget)


def for_simulation(settings: Settings) -> Settings:
    """The settings inside a simulation: one source for all services, no channels, shadow mode or curves."""
    services = {name: one.model_copy(update={"sources": None}) for name, one in settings.services.items()}
    changed = {
        "services": services,
        "alerts": AlertsSection(),
        "guarantee": GuaranteeSection(),
        "survival": SurvivalSection(enabled=False),
    }
    return settings.model_copy(update=changed)


def with_cadence(settings: Settings, cadence: str) -> Settings:
    """The same settings with another cadence."""
    sampling = settings.sampling.model_copy(update={"cadence": cadence})
    return settings.model_copy(update={"sampling": sampling})
