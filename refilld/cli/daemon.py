"""`refilld run` and `refilld serve`: the daemon, and its HTTP interface alone."""

import logging
from threading import Event

import click

from refilld.cli.context import CommandContext, pass_context
from refilld.daemon.daemon import Daemon
from refilld.daemon.signals import stop_on_signals
from refilld.logs import configure
from refilld.sources import require_sources


@click.command()
@click.option("--once", is_flag=True, help="Run every job once, then exit.")
@click.option("--no-http", is_flag=True, help="Scheduled jobs only.")
@pass_context
def run(context: CommandContext, *, once: bool, no_http: bool) -> None:
    """Run the daemon: scheduled jobs and the HTTP interface in one process."""
    configure(level=logging.INFO)
    configured_sources = require_sources(context.settings)  # fails before the database is opened
    stopping = Event()
    with context.database() as database, stop_on_signals(stopping):
        database.shorten_waits_when(stopping)
        daemon = Daemon(
            context.settings, database, context.clock, stopping, origins=context.configuration.origins
        )
        if once:
            daemon.run_once(configured_sources)
        else:
            daemon.run(configured_sources, http=not no_http)


@click.command()
@pass_context
def serve(context: CommandContext) -> None:
    """Serve the HTTP interface alone, without scheduled jobs."""
    configure(level=logging.INFO)
    stopping = Event()
    with context.database() as database, stop_on_signals(stopping):
        database.shorten_waits_when(stopping)
        origins = context.configuration.origins
        Daemon(context.settings, database, context.clock, stopping, origins=origins).serve()


COMMANDS = (run, serve)
