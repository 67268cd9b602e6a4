"""The examination: all checks, in the order in which one would look oneself."""

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from datetime import datetime
from pathlib import Path

from refilld.doctor import budget, channels, clock, configuration, database, sources
from refilld.doctor.finding import Finding
from refilld.settings import Settings
from storage.engine import Database
from storage.errors import NotMigratedError, UnreachableError


def examine(
    config: Path | None, settings: Settings, now: datetime, *, send_test_alert: bool
) -> Iterator[Finding]:
    """Look at everything; nothing is changed, and only `send_test_alert` sends something."""
    yield from configuration.findings(config)
    yield from database.place(settings.database.url)
    found = list(sources.findings(settings))
    yield from found
    yield from _inside(settings, now, sources.begun(found))
    yield from channels.findings(settings.alerts.urls, send=send_test_alert)


def _inside(settings: Settings, now: datetime, begun: AbstractSet[str]) -> Iterator[Finding]:
    """What only the database knows; one that is out of reach is a finding as well."""
    try:
        opened = Database(settings.database.url, create=False)
    except (NotMigratedError, UnreachableError) as fault:
        yield database.out_of_reach(fault)
        return
    try:
        yield from database.state(opened)
        with opened.read() as tx:
            found = [*clock.findings(tx, now), *budget.findings(tx, settings, now)]
            found += sources.breakers(tx, settings, now, begun)
        yield from found
    except (NotMigratedError, UnreachableError) as fault:
        yield database.out_of_reach(fault)
    finally:
        opened.close()
