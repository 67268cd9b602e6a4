"""`refilld retention what-if`: what the guarantee would have cost under another window or threshold."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import TypeVar

import click

from monitor.errors import BadInputError
from refilld.backtest.own_history import WhatIf, load_history
from refilld.backtest.own_history import what_if as replayed
from refilld.cli.backtest import COLUMNS
from refilld.cli.context import CommandContext, pass_context
from refilld.cli.lists import list_options, print_below, print_list
from refilld.cli.parameters import duration_between
from refilld.services.terms_change import LIFETIME, changed, threshold_of, window_of

F = TypeVar("F")


def _parameter(parse: Callable[[str], F]) -> Callable[[str], F]:
    """A parameter type of what a service parses."""

    def parameter(value: str) -> F:
        try:
            return parse(value)
        except BadInputError as error:
            raise click.BadParameter(error.problem) from None

    return parameter


@click.command("what-if")
@click.option(
    "--window",
    type=_parameter(window_of),
    metavar="DURATION",
    help=f'Another window, like 60d or "{LIFETIME}".',
)
@click.option(
    "--threshold", "thresholds", type=_parameter(threshold_of), multiple=True, metavar="SHARE|UNITS",
    help="Another threshold: 10% of the delivered units, or 50 units; may be given once each.",
)  # fmt: skip
@click.option(
    "--since", "period", type=duration_between(timedelta(days=1), timedelta(days=3650)), default="90d",
    show_default=True, metavar="DURATION", help="Targets that got an order in this time are replayed.",
)  # fmt: skip
@list_options
@pass_context
def what_if(
    context: CommandContext,
    /,
    *,
    window: timedelta | None,
    thresholds: tuple[tuple[str, int], ...],
    period: timedelta,
    **shown: bool,
) -> None:
    """Replay the own history under other terms; nothing is written to the database.

    "other" is the cost under the changed terms, "more" the difference to the terms in force.
    """
    given = click.get_current_context().get_parameter_source("window")
    fields: dict[str, object] = dict(thresholds)
    if given is click.core.ParameterSource.COMMANDLINE:
        fields["window"] = window
    if not fields:
        raise click.UsageError("what shall be changed? give --window or --threshold")
    now = context.now()
    with context.database() as database:
        history = load_history(database, now - period)
        found = replayed(history, context.settings, partial(changed, fields=fields), now)
    print_list(COLUMNS, found.rows, **shown)
    for note in _notes(found):
        click.echo(f"note: {note}", err=True) if shown["as_json"] else print_below(note)


def _notes(found: WhatIf) -> list[str]:
    notes = [f"{found.orders:,} orders were replayed."]
    if found.fraction < 1:
        notes = [
            f"{found.orders:,} orders were replayed, a sample of {100 * found.fraction:.1f}% of the targets."
        ]
    if found.ended:
        notes.append(
            f"Of {found.ended:,} orders whose guarantee has ended, {found.seen_later:,} were seen later. "
            "What the others lost after the end is not known: a longer window would have cost more than this."
        )
    return notes
