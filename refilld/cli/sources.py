"""`refilld sources`: the state of each source, and pausing or resuming one."""

from collections.abc import Mapping
from datetime import datetime, timedelta

import click

from monitor.model.time_words import second
from monitor.sources.budget import HOUR
from monitor.sources.registry import installed
from refilld.cli.context import CommandContext, pass_context
from refilld.cli.lists import Column, list_options, print_list
from refilld.cli.parameters import duration_between, text_up_to
from refilld.cli.source_login import login
from refilld.cli.source_probe import probe
from refilld.services.source_forecast import SourceForecast, forecasts
from refilld.services.source_overview import SourceOverview, overview
from refilld.services.source_pause import LONGEST_PAUSE, LONGEST_REASON, pause_source, resume_source

COLUMNS = (
    Column("source", least=12),
    Column("state"),
    Column("until"),
    Column("reason", least=10),
    Column("requests_last_hour", heading="last_hour"),
    Column("requests_per_hour", heading="per_hour"),
    Column("expected_age_hours", heading="age_h"),
    Column("requests_last_day", heading="last_day"),
    Column("requests_per_day", heading="per_day"),
    Column("expected_missed_percent", heading="missed_%"),
    Column("looks_per_request"),
    Column("used_percent"),
    Column("enabled"),
    Column("detail", least=10),
)


@click.group()
def sources() -> None:
    """The sources: their state, and pausing or resuming one."""


@sources.command("list")
@list_options
@pass_context
def list_(context: CommandContext, *, as_json: bool, wide: bool) -> None:
    """Show every source: its state, its requests against their limits, and what to expect of it."""
    now = context.now()
    with context.database() as database, database.read() as tx:
        expected = forecasts(tx, context.settings, now)
        found = overview(tx, context.settings.sources, now)
    rows = [{**_fields(one), **_expectation(expected.get(one.name))} for one in found]
    print_list(COLUMNS, rows, as_json=as_json, wide=wide)


@sources.command()
@click.argument("name")
@click.option(
    "--for", "how_long", type=duration_between(timedelta(seconds=1), LONGEST_PAUSE), metavar="DURATION",
    help="For example 2h; without it the source is paused until it is resumed.",
)  # fmt: skip
@click.option("--reason", type=text_up_to(LONGEST_REASON), metavar="TEXT", help="Shown in the list.")
@pass_context
def pause(context: CommandContext, name: str, how_long: timedelta | None, reason: str | None) -> None:
    """Pause a source, for a time or until it is resumed."""
    _require_installed(name)
    until = None if how_long is None else context.now() + how_long
    with context.database() as database, database.write() as tx:
        result = pause_source(tx, name, until, reason, context.now())
    if result.changed:
        click.echo(f"{name} is {_until(result.until)}")
    else:
        click.echo(
            f"{name} is {_until(result.until)} already ({result.reason}); "
            f"for a shorter pause, refilld sources resume {name} comes first"
        )


@sources.command()
@click.argument("name")
@pass_context
def resume(context: CommandContext, name: str) -> None:
    """Let a paused or stopped source look again, at once."""
    _require_installed(name)
    with context.database() as database, database.write() as tx:
        paused = resume_source(tx, name, context.now())
    click.echo(f"{name} may look again" if paused else f"{name} was not paused")


def _until(until: datetime | None) -> str:
    return f"paused until {second(until)}Z" if until else "stopped until it is resumed"


def _fields(one: SourceOverview) -> Mapping[str, object]:
    return {
        "source": one.name,
        "enabled": one.enabled,
        "state": one.state.state,
        "until": one.state.until,
        "reason": one.state.reason or None,
        "detail": one.state.detail or None,
        "requests_last_hour": one.requests_last_hour,
        "requests_per_hour": one.section.requests_per_hour if one.section else None,
        "requests_last_day": one.requests_last_day,
        "requests_per_day": one.section.requests_per_day if one.section else None,
        "looks_per_request": one.looks_per_request,
        "used_percent": one.used_percent,
    }


def _expectation(forecast: SourceForecast | None) -> Mapping[str, object]:
    """How old a look will be, and which share of drops is missed; None for a source without targets."""
    if forecast is None or not forecast.capacity.targets:
        return {"expected_age_hours": None, "expected_missed_percent": None}
    return {
        "expected_age_hours": round(forecast.oldest_look / HOUR, 1),
        "expected_missed_percent": round(100 * forecast.missed, 1),
    }


def _require_installed(name: str) -> None:
    if name not in installed():
        raise click.BadParameter(f"no such source; there are: {', '.join(installed())}", param_hint="NAME")


sources.add_command(login)
sources.add_command(probe)
COMMANDS = (sources,)
