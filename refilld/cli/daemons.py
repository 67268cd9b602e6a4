"""`refilld daemons`: the processes that are alive."""

from dataclasses import asdict

import click

from refilld.cli.context import CommandContext, pass_context
from refilld.cli.lists import Column, list_options, print_list
from refilld.services.daemon_presence import DaemonPresence, Presence, present
from storage.daemons import DaemonMode

COLUMNS = (
    Column("state"),
    Column("host", least=8),
    Column("pid"),
    Column("mode"),
    Column("version"),
    Column("beat_at"),
    Column("jobs", least=8),
    Column("started_at"),
)


@click.command()
@list_options
@pass_context
def daemons(context: CommandContext, *, as_json: bool, wide: bool) -> None:
    """Show the daemons and the jobs they hold.

    They are alive, silent (no beat for a minute), ahead (a beat in the future) or gone (killed). On SQLite
    the one daemon runs all jobs; on PostgreSQL the daemons share them.
    """
    with context.database() as database, database.read() as tx:
        rows = [_fields(one, shared=not database.sqlite) for one in present(tx, context.now())]
    print_list(COLUMNS, rows, as_json=as_json, wide=wide)


def _fields(one: DaemonPresence, *, shared: bool) -> dict[str, object]:
    row, alive = asdict(one.row), one.presence is Presence.ALIVE
    del row["daemon_id"]
    unshared = ["all"] if alive and not shared and one.row.mode is DaemonMode.RUN else []
    return {"state": one.presence, "alive": alive, "jobs": list(one.jobs) or unshared, **row}


COMMANDS = (daemons,)
