"""`refilld check`: look at the targets of orders now, and answer as for a customer's request."""

from datetime import datetime
from threading import Event

import click

from monitor.guarantee.customer_answers import Answer
from monitor.model.snapshot import Outcome
from monitor.model.time_words import age
from refilld.answers.rendering import sentence
from refilld.cli.context import CommandContext, pass_context
from refilld.cli.output import cell, json_option, print_json
from refilld.cli.parameters import TEXT
from refilld.daemon.daemon import Daemon
from refilld.services.answer_fields import answer_fields
from refilld.services.refill_requests import Recheck
from refilld.sources import open_sources
from refilld.terminal import console
from storage.errors import NotFoundError

_WITHOUT_LOOK = {
    Recheck.DUE: "no look is free now; its target is looked at next",
    Recheck.IMPOSSIBLE: "not looked at",
    Recheck.STANDS: "looked at lately, not looked at again; --fresh looks anyway",
    Recheck.NOT_NEEDED: "no look is needed",
}


@click.command()
@click.argument("order_ids", metavar="ID...", nargs=-1, required=True, type=TEXT)
@click.option("--fresh", is_flag=True, help="Look even if the last answer is less than an hour old.")
@click.option("--look-only", is_flag=True, help="Only look: record no request of the customer.")
@click.option(
    "--language",
    metavar="LANG",
    help="Language of the answer, such as es; else that of the order, or the configured one.",
)
@json_option
@pass_context
def check(
    context: CommandContext,
    order_ids: tuple[str, ...],
    *,
    fresh: bool,
    look_only: bool,
    language: str | None,
    as_json: bool,
) -> None:
    """Record a customer's request, look at the order's target now, and print the answer."""
    texts = context.answers_in(language)
    missing = False
    with context.database() as database:
        daemon = Daemon(context.settings, database, context.clock, Event())
        checking = daemon.manual_check(open_sources(context.settings))
        for order_id in order_ids:
            try:
                answer, recheck = checking.check(order_id, fresh=fresh, look_only=look_only)
            except NotFoundError as error:
                click.echo(f"refilld: {error}", err=True)
                missing = True
                continue
            wanted = texts.of(language or answer.order.language)
            if as_json:
                print_json(answer_fields(answer, recheck, wanted))
            else:
                _print(answer, recheck, sentence(answer, wanted), context.now())
        checking.sampling.flush()
    if missing:
        raise click.exceptions.Exit(1)


def _print(answer: Answer, recheck: Recheck, text: str, now: datetime) -> None:
    """Print the answer, and for the operator what it is based on."""
    out = console()
    out.print(f"{answer.order_id}: {answer.word}. {text}", markup=False, soft_wrap=True)
    out.print(f"  ({_look(answer, recheck)}; {_count(answer, now)})", markup=False, soft_wrap=True)
    if answer.look.obstacle is not None:
        out.print(f"  ({answer.look.obstacle})", markup=False, soft_wrap=True)


def _look(answer: Answer, recheck: Recheck) -> str:
    """What became of the look, and how the newest one ended if it gave no count."""
    look = answer.look
    if recheck in {Recheck.DONE, Recheck.FAILED}:
        if look.outcome is Outcome.COUNT:
            return "looked at now"
        return f"the look just now gave no count: {_outcome(answer)}"
    text = "not looked at now" if recheck is Recheck.DUE and look.obstacle else _WITHOUT_LOOK[recheck]
    if look.outcome in {None, Outcome.COUNT} or recheck is Recheck.NOT_NEEDED:
        return text
    return f"{text}; the last look, {cell(look.looked_at)}, gave no count: {_outcome(answer)}"


def _outcome(answer: Answer) -> str:
    since = answer.look.since
    return f"{answer.look.outcome}{f' since {cell(since)}' if since else ''}"


def _count(answer: Answer, now: datetime) -> str:
    if answer.counted_at is None:
        return "no count yet"
    text = f"count {answer.count} of {cell(answer.counted_at)}"
    return text if answer.look.outcome is Outcome.COUNT else f"{text}, {age(now - answer.counted_at)} old"


COMMANDS = (check,)
