"""`refilld init` and `refilld db`: the configuration file, the database and its migrations."""

from datetime import datetime
from importlib.resources import files
from pathlib import Path

import click

from refilld.cli.context import CommandContext, pass_context
from refilld.cli.database_compact import compact
from refilld.config import PLACES, ConfigError, named_place
from refilld.services.line_changes import line_changes
from storage import migrate, revision
from storage.daemon_lock import daemon_lock
from storage.engine import Database


@click.command()
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    help="Path of the file; the default is $REFILLD_CONFIG, else ./refilld.toml.",
)
@pass_context
def init(context: CommandContext, config: Path | None) -> None:
    """Write a commented configuration and create the database; never overwrites a file."""
    path = config or named_place(context.config) or Path(PLACES[0])
    example = files("refilld").joinpath("config.example.toml").read_text(encoding="utf-8")
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(example)
        click.echo(f"wrote {path}")
    except FileExistsError:
        click.echo(f"{path} exists already, and is not changed")
    except OSError as error:
        raise ConfigError(f"{path}: cannot be written: {error.strerror}") from None
    context.config = path
    database = Database(context.settings.database.url)
    try:
        _migrate(database)
    finally:
        database.close()
    click.echo(f"database {database.place} is ready")


def _migrate(database: Database) -> None:
    """Migrate a database to this version; fails while a daemon uses it."""
    if revision.current(database) != revision.newest():
        with daemon_lock(database):
            migrate.upgrade(database)


_LOWEST_BASES = "0005"
"""Revision since which lines use the lowest base of the orders that may overlap."""


@click.group()
def db() -> None:
    """The schema of the database, and its migrations."""


@db.command()
@pass_context
def upgrade(context: CommandContext) -> None:
    """Migrate the database to the schema of this version; stop the daemon first.

    Lists the orders whose lines the rules of this version change; what was decided stays.
    """
    database = Database(context.settings.database.url)
    try:
        before = revision.current(database)
        _migrate(database)
        click.echo(f"{database.name} is at {revision.newest()}, {_what_happened(before)}")
        if before is not None and before < _LOWEST_BASES:
            _print_line_changes(database, context.now())
    finally:
        database.close()


def _what_happened(before: str | None) -> str:
    if before is None:
        return "created"
    return "unchanged" if before == revision.newest() else f"migrated from {before}"


def _print_line_changes(database: Database, now: datetime) -> None:
    with database.read() as connection:
        changes = list(line_changes(connection, now))
    if changes:
        click.echo(f"{len(changes)} orders have another line now, because deliveries may have overlapped;")
        click.echo(
            "what was decided stays, and the change itself causes no refill (docs/rules.md, section 3):"
        )
    for change in changes:
        click.echo(f"  order {change.order_id}: line {change.before} before, {change.now} now")


@db.command()
@pass_context
def check(context: CommandContext) -> None:
    """Check the integrity of the database, and that its schema is of this version."""
    with context.database() as database:
        database.quick_check()
        click.echo(f"{database.name} is sound and at {revision.newest()}")


db.add_command(compact)

COMMANDS = (init, db)
