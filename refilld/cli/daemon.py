"""`refilld run`, `serve`, `check` and `demo`: the daemon, and looks on demand."""

import logging
from dataclasses import asdict
from threading import Event

import click

from monitor.guarantee.customer_answers import Answer
from refilld.cli.context import CommandContext, pass_context
from refilld.cli.output import cell, json_option, print_json
from refilld.cli.parameters import TEXT
from refilld.daemon import Daemon, stop_on_signals
from refilld.logs import configure
from refilld.services.refill_requests import Recheck
from refilld.sources import open_sources, require_sources
from refilld.terminal import console
from storage.errors import NotFoundError


@click.command()
@click.option("--once", is_flag=True, help="One round of every job that is due, then exit.")
@click.option("--no-http", is_flag=True, help="Scheduled jobs only.")
@pass_context
def run(context: CommandContext, *, once: bool, no_http: bool) -> None:
    """Run the daemon: scheduled jobs and the HTTP interface in one process."""
    configure(level=logging.INFO)
    configured_sources = require_sources(context.settings)  # before anything else is opened
    stopping = Event()
    with context.database() as database, stop_on_signals(stopping):
        daemon = Daemon(context.settings, database, context.clock, stopping)
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
        Daemon(context.settings, database, context.clock, stopping).serve()


@click.command()
@click.argument("order_ids", metavar="ID...", nargs=-1, required=True, type=TEXT)
@click.option("--fresh", is_flag=True, help="Look even if the last answer is less than an hour old.")
@json_option
@pass_context
def check(context: CommandContext, order_ids: tuple[str, ...], *, fresh: bool, as_json: bool) -> None:
    """Look at an order's target now, and answer as for a customer's request."""
    missing = False
    with context.database() as database:
        daemon = Daemon(context.settings, database, context.clock, Event())
        configured_sources = open_sources(context.settings)
        checking = daemon.manual_check(configured_sources)
        for order_id in order_ids:
            try:
                answer, recheck = checking.check(order_id, fresh=fresh)
            except NotFoundError as error:
                click.echo(f"refilld: {error}", err=True)
                missing = True
                continue
            if as_json:
                print_json(asdict(answer) | {"recheck": recheck})
            else:
                console().print(f"{order_id}: {answer.word}. {answer.sentence}", markup=False)
                basis = (
                    _basis(answer, recheck)
                    if configured_sources
                    else "no source is enabled; nothing is looked at"
                )
                console().print(f"  ({basis})", markup=False)
        checking.sampling.flush()
    if missing:
        raise click.exceptions.Exit(1)


_RECHECKS = {
    Recheck.DONE: "looked at now",
    Recheck.FAILED: "looked at now, but nothing could be read; `orders show` says why",
    Recheck.DUE: "no look is free now; its target is looked at next",
    Recheck.STANDS: "asked a moment ago, not looked at again",
    Recheck.NOT_NEEDED: "no look is needed",
}


def _basis(answer: Answer, recheck: Recheck) -> str:
    """What an answer rests on, for the operator."""
    count = f"count of {cell(answer.counted_at)}" if answer.counted_at else "no count yet"
    return f"{_RECHECKS[recheck]}; {count}"


@click.command()
@click.option(
    "--keep", type=click.Path(file_okay=False), help="Folder for the database; a new one if not said."
)
def demo(keep: str | None) -> None:
    """Run the main job end to end against a simulated Instagram on loopback; nothing to configure."""
    try:
        from refilld.demo.show import run_demo  # noqa: PLC0415  # the demo's parts are an extra
    except ModuleNotFoundError as error:
        raise click.ClickException(f"the demo needs {error.name}, from the extra demo of refilld") from None
    run_demo(keep)


COMMANDS = (run, serve, check, demo)
