"""`refilld queue`: pausing and resuming the queue, or the refills of a metric, a provider or a service."""

from collections.abc import Callable, Sequence
from typing import Any

import click

from monitor.model.queue_part import WHOLE_QUEUE, PartKind, QueuePart
from monitor.model.target import Metric
from refilld.cli.context import CommandContext, pass_context
from refilld.cli.lists import Column, list_options, print_list
from refilld.cli.parameters import NAME, TEXT, choice
from refilld.services import queue_pause
from refilld.terminal import printable
from storage import queue_pauses
from storage.queue_pauses import QueuePause

COLUMNS = (
    Column("part"),
    Column("value", least=8),
    Column("paused_at"),
    Column("paused_by", least=8),
    Column("why", least=10),
)


@click.group()
def queue() -> None:
    """The queue: whether its refills are handed out."""


@queue.command()
@list_options
@pass_context
def status(context: CommandContext, *, as_json: bool, wide: bool) -> None:
    """Show the parts of the queue that are paused."""
    with context.database() as database, database.read() as tx:
        found = queue_pauses.listed(tx)
    if not as_json:
        click.echo(f"the queue is {queue_pause.mode_of(found)}")
    print_list(COLUMNS, map(queue_pause.pause_fields, found), as_json=as_json, wide=wide)


def _part_options(command: Callable[..., None]) -> Callable[..., None]:
    for option in (
        click.option("--service", type=NAME, help="Only the refills of this service."),
        click.option("--provider", type=NAME, help="Only the refills of this provider."),
        click.option("--metric", type=choice(Metric), help="Only the refills of this metric."),
    ):
        command = option(command)
    return command


@queue.command()
@_part_options
@click.option("--why", type=TEXT, required=True, help="Shown wherever the pause is.")
@pass_context
def pause(context: CommandContext, /, *, why: str, **named: Any) -> None:
    """Hand out no refills, or none of a part, until it is resumed. Leases that are open go on."""
    part = _part(**named)
    with context.database() as database, database.write() as tx:
        changed = queue_pause.pause(tx, part, why, context.now())
        known = queue_pause.known_instead(tx, part)
    click.echo(f"{part} is paused" if changed else f"{part} was paused already")
    if known is not None:
        names = printable(queue_pause.known_words(known)) or "none"
        click.echo(f"refilld: no order has the {part}, written like this; known: {names}", err=True)


@queue.command()
@_part_options
@click.option("--why", type=TEXT, default=None, help="For the audit trail.")
@pass_context
def resume(context: CommandContext, /, *, why: str | None, **named: Any) -> None:
    """Hand out the refills of a paused part again."""
    part = _part(**named)
    with context.database() as database, database.write() as tx:
        changed = queue_pause.resume(tx, part, why or "", context.now())
        left = queue_pauses.listed(tx)
    click.echo(f"{part} is resumed" if changed else f"{part} was not paused; {_paused_words(left)}")


def _paused_words(pauses: Sequence[QueuePause]) -> str:
    shown, further = queue_pause.shown_pauses(pauses)
    more = f" and {further:,} more (refilld queue status)" if further else ""
    return f"paused: {', '.join(str(one.part) for one in shown)}{more}" if shown else "nothing is paused"


def _part(**named: str | None) -> QueuePart:
    given = [(PartKind(kind), value) for kind, value in named.items() if value is not None]
    if len(given) > 1:
        raise click.UsageError("name one metric, provider or service; each has its own pause")
    return queue_pause.part_of(*given[0]) if given else WHOLE_QUEUE


COMMANDS = (queue,)
