"""Commands that show, release and discard all refills held for one reason."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import click

from monitor.model.bulk_action import BulkAction
from monitor.model.decision import Reason
from monitor.model.number_words import counted
from monitor.model.sums import Sum, item_of, summed
from refilld.cli.confirm import confirm_options
from refilld.cli.context import CommandContext, pass_context
from refilld.cli.output import json_option, print_json
from refilld.cli.refill_bulk import act_on_found
from refilld.report.words import named, sum_words
from storage import held_refills
from storage.held_refills import HeldUnits
from storage.refill_selection import RefillFilter


@dataclass(frozen=True, slots=True)
class HeldFor:
    """What refills are held for."""

    reason: Reason
    words: str
    """After "held", such as "from shadow mode"."""


def held_group(name: str, held: HeldFor) -> click.Group:
    """The group of commands about the refills that are held for a reason."""
    group = click.Group(name, help=f"Refills held {held.words}: show, release or discard them together.")
    for command in (_show(held), _release(held), _discard(held)):
        group.add_command(command)
    return group


def _show(held: HeldFor) -> click.Command:
    @click.command(help=f"Show the refills held {held.words}: in units and price, by service and provider.")
    @json_option
    @pass_context
    def show(context: CommandContext, *, as_json: bool) -> None:
        rows = _rows(context, held)
        if as_json:
            for row in rows:
                print_json(asdict(row))
        else:
            click.echo("\n".join(preview(rows, held)))

    return show


def _release(held: HeldFor) -> click.Command:
    text = f"Queue the refills held {held.words} with the units still missing, within the daily caps."
    return _decision(held, "release", BulkAction.RELEASE, text)


def _discard(held: HeldFor) -> click.Command:
    text = f"Reject the refills held {held.words}; their drops are not decided again until they recover."
    return _decision(held, "discard", BulkAction.DISCARD, text)


def _decision(held: HeldFor, name: str, action: BulkAction, text: str) -> click.Command:
    @click.command(name, help=text)
    @confirm_options
    @pass_context
    def decide(context: CommandContext, *, yes: bool, dry_run: bool) -> None:
        act_on_found(context, action, RefillFilter(reason=held.reason), yes=yes, dry_run=dry_run)

    return decide


def preview(rows: Sequence[HeldUnits], held: HeldFor) -> list[str]:
    """What is held, as lines: altogether, by service and by provider."""
    if not rows:
        return [f"no refill is held {held.words}"]
    total = _sum(rows)
    lines = [f"held {held.words}: {counted(total.number, 'order')}, {sum_words(total)}"]
    for title in ("service", "provider"):
        groups: defaultdict[str | None, list[HeldUnits]] = defaultdict(list)
        for row in rows:
            groups[getattr(row, title)].append(row)
        if list(groups) != [None]:
            lines += [f"  {title} {named(name)}: {sum_words(_sum(group))}" for name, group in groups.items()]
    return lines


def _sum(rows: Sequence[HeldUnits]) -> Sum:
    return summed(item_of(row.refills, row.units, row.price, row.currency, row.ordered) for row in rows)


def _rows(context: CommandContext, held: HeldFor) -> list[HeldUnits]:
    with context.database() as database, database.read() as tx:
        return held_refills.totals(tx, held.reason)
