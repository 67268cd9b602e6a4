"""`refilld check`: look at the targets of orders now, and answer as for a customer's request."""

from dataclasses import asdict
from threading import Event

import click

from monitor.guarantee.customer_answers import Answer
from refilld.cli.context import CommandContext, pass_context
from refilld.cli.output import cell, json_option, print_json
from refilld.cli.parameters import TEXT
from refilld.daemon import Daemon
from refilld.services.refill_requests import Recheck
from refilld.sources import open_sources
from refilld.terminal import console
from storage.errors import NotFoundError

_RECHECKS = {
    Recheck.DONE: "looked at now",
    Recheck.FAILED: "looked at now, but nothing could be read; `orders show` says why",
    Recheck.DUE: "no look is free now; its target is looked at next",
    Recheck.STANDS: "asked a moment ago, not looked at again",
    Recheck.NOT_NEEDED: "no look is needed",
}


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
                _print(order_id, answer, recheck if configured_sources else None)
        checking.sampling.flush()
    if missing:
        raise click.exceptions.Exit(1)


def _print(order_id: str, answer: Answer, recheck: Recheck | None) -> None:
    """Print the answer and what it is based on; `recheck` is None when no source is enabled."""
    console().print(f"{order_id}: {answer.word}. {answer.sentence}", markup=False)
    basis = "no source is enabled; nothing is looked at" if recheck is None else _basis(answer, recheck)
    console().print(f"  ({basis})", markup=False)


def _basis(answer: Answer, recheck: Recheck) -> str:
    count = f"count of {cell(answer.counted_at)}" if answer.counted_at else "no count yet"
    return f"{_RECHECKS[recheck]}; {count}"


COMMANDS = (check,)
