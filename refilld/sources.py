"""The enabled sources of an installation, their routing, and the configured cadence."""

from jobs.adaptive_selection import AdaptiveSelection
from jobs.configured_source import ConfiguredSource, canary_for
from jobs.routing import router_of
from jobs.target_selection import FixedSelection, TargetSelection
from monitor.cadence.adaptive import AdaptiveCadence
from monitor.cadence.fixed import FixedCadence
from monitor.cadence.hazard import Hazards
from monitor.cadence.schedule import Cadence
from monitor.cadence.virtual_time import VirtualTime
from monitor.evaluation.source_choice import SourceRouter
from monitor.sources.checked_source import CheckedSource
from monitor.sources.registry import open_source
from refilld.config import ConfigError
from refilld.settings.settings import Settings
from refilld.settings.sources import SourceSection
from storage import cadence_stats, routes
from storage.engine import Database

NOTHING_ENABLED = "no source is enabled, so nothing is looked at"
HOW_TO_ENABLE = (
    "set enabled = true under [sources.graph] or [sources.instaloader], after reading in the README "
    "what that means"
)
OFFICIAL = "graph"
"""The source that is preferred for targets that it can read."""


def open_sources(settings: Settings) -> tuple[ConfiguredSource, ...]:
    """Return the enabled sources, the official one first; BadInputError when one is not installed."""
    named = sorted(settings.enabled_sources.items(), key=lambda item: item[0] != OFFICIAL)
    return tuple(_open_configured(name, section) for name, section in named)


def _open_configured(name: str, section: SourceSection) -> ConfiguredSource:
    source = CheckedSource(open_source(name, section.options))
    return ConfiguredSource(source, section.budget, section.first_pause, canary_for(source, section.canary))


def require_sources(settings: Settings) -> tuple[ConfiguredSource, ...]:
    """Return the enabled sources; ConfigError when there is none."""
    configured_sources = open_sources(settings)
    if not configured_sources:
        raise ConfigError(f"{NOTHING_ENABLED}; {HOW_TO_ENABLE}")
    return configured_sources


def router_for(settings: Settings, configured_sources: tuple[ConfiguredSource, ...]) -> SourceRouter:
    """Return the router, which chooses the source of a target by its services."""
    services = settings.services.items()
    return router_of(
        configured_sources, {name: tuple(s.sources) for name, s in services if s.sources is not None}
    )


def cadence_for(settings: Settings, database: Database) -> tuple[Cadence, TargetSelection]:
    """Return the configured cadence, with its saved statistics, and its target selection."""
    every = settings.sampling.every
    if settings.sampling.cadence == "fixed":
        return FixedCadence(every), FixedSelection()
    with database.read() as tx:
        cadence = AdaptiveCadence(every, Hazards(cadence_stats.load(tx)), cadence_stats.average_prices(tx))
    return cadence, AdaptiveSelection(cadence)


def reroute_targets(database: Database, configured_sources: tuple[ConfiguredSource, ...]) -> None:
    """At the start of a daemon, reroute the targets of disabled sources, or all if a source is new."""
    with database.write() as tx:
        names = [configured.source.name for configured in configured_sources]
        new = [name for name in names if not cadence_stats.has_virtual_time(tx, name)]
        for name in new:
            cadence_stats.save_virtual_time(tx, name, VirtualTime())
        routes.leave_sources(tx, [] if new else names)
