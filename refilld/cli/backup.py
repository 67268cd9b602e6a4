"""`refilld db backup` and `refilld db restore`."""

from pathlib import Path
from time import monotonic

import click

from monitor.errors import BadInputError
from monitor.model.time_words import minute
from refilld.atomic_file import exit_on_signals
from refilld.cli.confirm import confirm_options, confirmed
from refilld.cli.context import CommandContext, pass_context
from storage import backup as backups
from storage import restore as restores
from storage.backup import Backup, BackupFormat
from storage.patience import MIGRATION
from storage.restore import Present, Restored

_file = click.argument("file", type=click.Path(path_type=Path))


@click.command()
@_file
@click.option("--force", is_flag=True, help="Replace the file if it exists.")
@pass_context
def backup(context: CommandContext, file: Path, *, force: bool) -> None:
    """Write a backup of the database to FILE, while the daemon works; readable by its owner only."""
    if str(file) == "-":
        raise BadInputError("FILE", "a backup is written to a file, not to standard output")
    began, url = monotonic(), context.settings.database.url
    database = context.opened(MIGRATION)
    try:
        with exit_on_signals():
            written = backups.write_backup(database, url, file, overwrite=force)
    finally:
        database.close()
    size, seconds = f"{written.size:,} bytes", f"{monotonic() - began:.1f} s"
    at = minute(context.now())
    click.echo(f"{file}: {size}, revision {written.revision}, made {at} UTC, read back, {seconds}")


@click.command()
@_file
@confirm_options
@click.option("--replace", is_flag=True, help="PostgreSQL: drop the tables that are there.")
@pass_context
def restore(context: CommandContext, file: Path, *, yes: bool, dry_run: bool, replace: bool) -> None:
    """Replace the database by the backup in FILE; stop the daemon first.

    Ids are never given out again, and open refills are held until counts show what was delivered since.
    """
    url = context.settings.database.url
    found = backups.read_backup(file)
    present = restores.present(url, found)
    sure = yes or not present.exists
    if not confirmed([_plan(present, found)], "replace it?", yes=sure, dry_run=dry_run):
        return
    with exit_on_signals():
        done = restores.restore(found, url, context.now(), replace=replace)
    _report(done)


def _plan(present: Present, found: Backup) -> str:
    source = f"{found.path} (revision {found.revision}"
    time = "newest look" if found.format is BackupFormat.SQLITE else "made"
    source += ")" if found.at is None else f", {time} {minute(found.at)} UTC)"
    if not present.exists:
        return f"{present.place} is empty or missing; it will be restored from {source}"
    if not present.readable:
        return f"{present.place} cannot be read; it will be replaced by {source}"
    look = "no look" if present.newest_look is None else f"newest look {minute(present.newest_look)} UTC"
    has = f"{look}, {present.refills_since} refills created since the backup"
    return f"{present.place} ({has}) will be replaced by {source}"


def _report(done: Restored) -> None:
    start = done.start
    click.echo(f"restored; ids begin at {start.first_id}")
    click.echo(
        f"{start.held} open refills are held until {minute(start.hold_until)} UTC and counted again then"
    )
    if done.kept is not None:
        click.echo(f"the database before is kept as {done.kept}")


DB_COMMANDS = (backup, restore)
