"""`refilld init`: the configuration file and the database."""

import os
from importlib.resources import files
from pathlib import Path

import click

from refilld.atomic_file import atomic_file
from refilld.cli.context import CommandContext, pass_context
from refilld.cli.database import migrated
from refilld.config import PLACES, ConfigError, named_place
from storage.engine import Database
from storage.patience import MIGRATION


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
    if os.path.lexists(path):
        click.echo(f"{path} exists already, and is not changed")
    else:
        _write_new(path, example)
        click.echo(f"wrote {path}")
    context.config = path
    database = Database(context.settings.database.url, patience=MIGRATION)
    try:
        migrated(database)
    finally:
        database.close()
    click.echo(f"database {database.place} is ready")


def _write_new(path: Path, text: str) -> None:
    """Write a new file whole, or not at all; only its owner and group may read it: it may get secrets."""
    try:
        with atomic_file(path) as file:
            os.fchmod(file.fileno(), 0o640 & ~_umask())
            file.write(text)
    except click.ClickException as error:
        raise ConfigError(error.message) from None


def _umask() -> int:
    os.umask(before := os.umask(0o077))
    return before


COMMANDS = (init,)
