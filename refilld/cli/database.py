"""`refilld db`: the database, its migrations, backups and copies."""

from datetime import datetime

import click

from refilld.cli import backup, database_copy
from refilld.cli.context import CommandContext, pass_context
from refilld.cli.database_compact import compact
from refilld.cli.progress import migration_status
from refilld.services.line_changes import line_changes
from refilld.services.transfer_words import transfer_sentence
from storage import migrate, revision, transfers
from storage.daemon_lock import daemon_lock
from storage.engine import Database
from storage.patience import MIGRATION


def migrated(database: Database) -> None:
    """Migrate a database to this version; fails while a daemon uses it."""
    if revision.current(database) != revision.newest():
        with daemon_lock(database), migration_status() as reached:
            migrate.upgrade(database, reached)


_LOWEST_BASES = "0005"
"""Revision since which lines use the lowest base of the orders that may overlap."""


@click.group()
def db() -> None:
    """The database: migrations, backups, copies."""


@db.command()
@pass_context
def upgrade(context: CommandContext) -> None:
    """Migrate the database to the schema of this version; stop the daemon first.

    Lists the orders whose lines the rules of this version change; what was decided stays.
    """
    database = Database(context.settings.database.url, patience=MIGRATION)
    try:
        before = revision.current(database)
        migrated(database)
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
        with database.read() as connection:
            for transfer in transfers.listed(connection):
                click.echo(f"  {transfer_sentence(transfer)}")


for command in (compact, *backup.DB_COMMANDS, *database_copy.DB_COMMANDS):
    db.add_command(command)
COMMANDS = (db,)
