"""`refilld sources`: the eyes, what they may do now, and letting them look again."""

import click

from monitor.sources.budget import HOUR
from monitor.sources.registry import installed
from refilld.cli.office import Office, pass_office
from refilld.cli.output import json_option, print_rows
from storage import sources as kept

COLUMNS = ("source", "enabled", "state", "until", "reason", "requests_last_hour", "requests_per_hour")


@click.group()
def sources() -> None:
    """The sources: their state, and resuming one that has stopped."""


@sources.command("list")
@json_option
@pass_office
def list_(office: Office, *, as_json: bool) -> None:
    """Show every installed source."""
    now, configured = office.now(), office.settings.sources
    with office.database() as database, database.read() as tx:
        rows = []
        for name in installed():
            section, breaker = configured.get(name), kept.breaker(tx, name)
            rows.append(
                {
                    "source": name,
                    "enabled": section is not None and section.enabled,
                    "state": breaker.state(now),
                    "until": None if breaker.stopped else breaker.closed_until(now),
                    "reason": breaker.reason or None,
                    "requests_last_hour": kept.requests_since(tx, name, now - HOUR),
                    "requests_per_hour": section.requests_per_hour if section else None,
                }
            )
    print_rows(COLUMNS, rows, as_json=as_json)


@sources.command()
@click.argument("name")
@pass_office
def resume(office: Office, name: str) -> None:
    """Let a paused or stopped source look again, at once."""
    if name not in installed():
        raise click.BadParameter(f"no such source; there are: {', '.join(installed())}", param_hint="NAME")
    with office.database() as database, database.write() as tx:
        kept.save_breaker(tx, name, kept.breaker(tx, name).resumed())
    click.echo(f"{name} may look again")


COMMANDS = (sources,)
