"""`refilld db compact`: rewriting a SQLite file without its free space."""

import click

from refilld.cli.context import CommandContext, pass_context
from storage.daemon_lock import daemon_lock


@click.command()
@pass_context
def compact(context: CommandContext) -> None:
    """Rewrite the SQLite file without free space; stop the daemon first.

    Needed once for a database of refilld 0.1: from then on the daemon gives the space of deleted rows back by
    itself. The file system needs as much free space as the database takes. PostgreSQL needs no such command.
    """
    with context.database() as database:
        if database.path is None:
            click.echo(f"{database.name} is PostgreSQL, whose autovacuum does this; nothing was done")
            return
        before = database.path.stat().st_size
        with daemon_lock(database):
            database.compact()
        after = database.path.stat().st_size
        click.echo(f"{database.name} is compact: {before:,} bytes before, {after:,} now")
