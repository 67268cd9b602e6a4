"""`refilld mass-drops`: listing mass drops, and releasing or discarding the refills held for one."""

from collections.abc import Callable
from dataclasses import asdict
from typing import TypeAlias

import click

from monitor.model.refill import RefillState
from monitor.model.target import Metric
from refilld.cli.context import CommandContext, pass_context
from refilld.cli.lists import Column, list_options, print_list
from storage import held_refills
from storage.engine import Database, Transaction
from storage.errors import OpenRefillError, WrongStateError
from storage.mass_drops import listed
from storage.refills import RefillRow

COLUMNS = (
    Column("mass_drop_id", heading="id"),
    Column("metric"),
    Column("started_at"),
    Column("ended_at"),
    Column("judged"),
    Column("fallen"),
    Column("held"),
)
_REFUSED = 1
_Decide: TypeAlias = Callable[[Transaction, int], RefillRow]
_metric = click.argument("metric", type=click.Choice([str(m) for m in Metric]))


@click.group("mass-drops")
def mass_drops() -> None:
    """Mass drops, and the refills held for them."""


@mass_drops.command("list")
@click.option("--limit", type=click.IntRange(1, 10_000), default=20, show_default=True)
@list_options
@pass_context
def list_(context: CommandContext, *, limit: int, as_json: bool, wide: bool) -> None:
    """Show mass drops, newest first, with the number of refills of the metric that are held now."""
    with context.database() as database, database.read() as tx:
        held = {metric: len(held_refills.held_for_mass_drop(tx, metric)) for metric in Metric}
        rows = [{**asdict(row), "held": held[row.metric]} for row in listed(tx, limit)]
    print_list(COLUMNS, rows, as_json=as_json, wide=wide)


@mass_drops.command()
@_metric
@pass_context
def release(context: CommandContext, metric: str) -> None:
    """Release all refills held for a mass drop; those whose drop has recovered are discarded."""
    shadow = context.settings.guarantee.shadow
    _decide_all(
        context, Metric(metric), lambda tx, i: held_refills.release(tx, i, context.now(), shadow=shadow)
    )


@mass_drops.command()
@_metric
@pass_context
def discard(context: CommandContext, metric: str) -> None:
    """Discard all refills held for a mass drop; their drops are not decided again until they recover."""
    _decide_all(context, Metric(metric), lambda tx, i: held_refills.discard(tx, i, context.now()))


def _decide_all(context: CommandContext, metric: Metric, decide: _Decide) -> None:
    """Decide every held refill of a metric, each in its own transaction, and print the totals."""
    with context.database() as database:
        with database.read() as tx:
            ids = held_refills.held_for_mass_drop(tx, metric)
        done = [_decided(database, decide, refill_id) for refill_id in ids]
    released = [row for row in done if row is not None and row.state is RefillState.QUEUED]
    units = sum(row.quantity for row in released)
    discarded = sum(row is not None and row.state is RefillState.REJECTED for row in done)
    click.echo(f"{len(released)} released ({units} units), {discarded} discarded")
    if None in done:
        raise click.exceptions.Exit(_REFUSED)


def _decided(database: Database, decide: _Decide, refill_id: int) -> RefillRow | None:
    """The refill after the decision; None, and a line on standard error, if it is refused."""
    try:
        with database.write() as tx:
            return decide(tx, refill_id)
    except (WrongStateError, OpenRefillError) as error:
        click.echo(f"refilld: {error}", err=True)
        return None


COMMANDS = (mass_drops,)
