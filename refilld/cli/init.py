"""`refilld init`: the configuration file and the database."""

import os
from importlib.resources import files
from pathlib import Path

import click

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
    try:
        _write_new(path, example)
        click.echo(f"wrote {path}")
    except FileExistsError:
        click.echo(f"{path} exists already, and is not changed")
    except OSError as error:
        raise ConfigError(f"{path}: cannot be written: {error.strerror}") from None
    context.config = path
    database = Database(context.settings.database.url, patience=MIGRATION)
    try:
        migrated(database)
    finally:
        database.close()
    click.echo(f"database {database.place} is ready")


def _write_new(path: Path, text: str) -> None:
    """Write a file that did not exist; only its owner and group may read it, as secrets may be added."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o640), "w", encoding="utf-8") as file:
        file.write(text)


COMMANDS = (init,)
