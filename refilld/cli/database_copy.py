"""`refilld db copy` and `refilld db reopen`."""

from time import monotonic

import click

from refilld.atomic_file import exit_on_signals
from refilld.cli.context import CommandContext, pass_context
from storage import database_copy, new_start, revision, transfers
from storage.daemon_lock import daemon_lock
from storage.database_copy import Copied
from storage.engine import Database
from storage.errors import MovedError, TransferError
from storage.patience import MIGRATION, WORK
from storage.transfer_action import TransferAction


@click.command()
@click.option("--to", "url", required=True, help="URL of an empty database, such as postgresql+psycopg://…")
@pass_context
def copy(context: CommandContext, url: str) -> None:
    """Copy everything to another database, to go on there; stop the daemon first.

    Every row is compared. Interrupted, it can simply be run again; or `refilld db reopen` goes on here.
    """
    began = monotonic()
    source = context.opened(MIGRATION)
    try:
        target = Database(url, patience=MIGRATION)
        try:
            with exit_on_signals():
                copied = database_copy.copy(source, target, context.now(), _print_progress)
            _report(copied, source, target, monotonic() - began)
        finally:
            target.close()
    finally:
        source.close()


def _print_progress(table: str, rows: int) -> None:
    if rows:
        click.echo(f"{table}: {rows:,}", err=True)


def _report(copied: Copied, source: Database, target: Database, seconds: float) -> None:
    if copied.again:
        click.echo(f"{source.name} had been copied to {target.name} already")
    else:
        rows = f"{copied.rows:,} rows of {copied.tables} tables"
        click.echo(f"{rows} copied to {target.name} and compared one by one, {seconds:.1f} s")
    click.echo(f"{source.name} is marked as moved: every command on it stops with one line")
    click.echo("now set database.url to the URL that was given with --to, and start refilld")


@click.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
@pass_context
def reopen(context: CommandContext, *, yes: bool) -> None:
    """Go on in a database that was copied to another one; stop refilld there first.

    What was delivered since is not known here: ids and refills continue as after a restore.
    """
    database = context.opened(WORK)
    try:
        place = _place_of_move(database)
        if not yes:
            click.confirm(f"Does nothing work on {place} any more?", abort=True)
        with daemon_lock(database), database.write() as connection:
            start = new_start.start_anew(connection, TransferAction.REOPENED, place, context.now())
        click.echo(f"reopened; ids begin at {start.first_id}, {start.held} open refills are held")
    finally:
        database.close()


def _place_of_move(database: Database) -> str:
    try:
        revision.require_current(database)
    except MovedError:
        with database.read() as connection:
            move = transfers.moved(connection)
        return "the other database" if move is None else move.place
    raise TransferError(f"{database.name} was not moved; there is nothing to reopen")


DB_COMMANDS = (copy, reopen)
