"""Runs all checks: configuration, database, sources, clock, budgets, alert channels, texts."""

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from datetime import datetime
from pathlib import Path

from refilld.doctor import (
    alert_texts,
    alertmanager,
    answers,
    budget,
    channels,
    clock,
    configuration,
    daemons,
    database,
    limits,
    oidc,
    queue,
    shadow,
    sources,
    tokens,
    web,
    webhooks,
)
from refilld.doctor.finding import Finding
from refilld.settings.settings import Settings
from storage.engine import Database
from storage.errors import NotMigratedError, UnreachableError
from storage.patience import CALLER


def run_checks(
    config: Path | None, settings: Settings, now: datetime, *, send_test_alert: bool
) -> Iterator[Finding]:
    """Yield all findings; changes nothing, and sends something only with `send_test_alert`."""
    yield from configuration.findings(config)
    yield from database.file_findings(settings.database.url)
    found = list(sources.findings(settings))
    yield from found
    yield from _with_database(config, settings, now, sources.opened(found))
    yield from web.findings(settings.web, settings.http)
    yield from oidc.findings(settings.web)
    yield from answers.findings(settings.answers)
    yield from alert_texts.findings(settings.alerts)
    yield from alertmanager.findings(settings.alerts.alertmanager)
    yield from channels.findings(settings.alerts, send=send_test_alert)


def _with_database(
    config: Path | None, settings: Settings, now: datetime, opened_sources: AbstractSet[str]
) -> Iterator[Finding]:
    """The checks that need the database; an unusable database is a finding as well."""
    try:
        connected = Database(settings.database.url, create=False, patience=CALLER)
    except (NotMigratedError, UnreachableError) as fault:
        yield database.unusable(fault)
        return
    try:
        yield from database.connection_findings(connected)
        with connected.read() as tx:
            found = [*daemons.findings(tx, config, now), *clock.findings(tx, now)]
            found += budget.findings(tx, settings, now)
            found += shadow.findings(tx, settings.guarantee, now)
            found += queue.findings(tx)
            found += limits.findings(tx, settings.limits.caps)
            found += webhooks.findings(tx)
            found += tokens.findings(tx, now)
            found += channels.failing(tx)
            found += sources.breakers(tx, settings, now, opened_sources)
        yield from found
    except (NotMigratedError, UnreachableError) as fault:
        yield database.unusable(fault)
    finally:
        connected.close()
