"""Commands that show, release and discard all refills held for one reason."""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

import click

from monitor.model.decision import Reason
from monitor.model.number_words import counted
from monitor.model.refill import RefillState
from refilld.cli.context import CommandContext, pass_context
from refilld.cli.output import json_option, print_json
from refilld.report.sums import Sum, item_of, summed
from refilld.report.words import named, sum_words
from storage import held_refills
from storage.engine import Database, Transaction
from storage.errors import OpenRefillError, ShadowModeError, WrongStateError
from storage.held_refills import HeldUnits
from storage.operator_actions import IN_SHADOW
from storage.refills import RefillRow

_REFUSED = 1
_yes = click.option("--yes", is_flag=True, help="Do not ask.")


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
    @click.command(
        help=f"Queue the refills held {held.words} with the units still missing, within the daily caps."
    )
    @_yes
    @pass_context
    def release(context: CommandContext, *, yes: bool) -> None:
        if context.settings.guarantee.shadow:
            raise ShadowModeError(IN_SHADOW)
        caps = context.settings.limits.caps

        def decide(tx: Transaction, refill_id: int) -> RefillRow:
            return held_refills.release(tx, refill_id, context.now(), held.reason, caps=caps)

        _decide_all(context, held, "" if yes else "release", decide)

    return release


def _discard(held: HeldFor) -> click.Command:
    @click.command(
        help=f"Reject the refills held {held.words}; their drops are not decided again until they recover."
    )
    @_yes
    @pass_context
    def discard(context: CommandContext, *, yes: bool) -> None:
        def decide(tx: Transaction, refill_id: int) -> RefillRow:
            return held_refills.discard(tx, refill_id, context.now(), held.reason)

        _decide_all(context, held, "" if yes else "discard", decide)

    return discard


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


def _decide_all(
    context: CommandContext,
    held: HeldFor,
    question: str,
    decide: Callable[[Transaction, int], RefillRow],
) -> None:
    """Show a preview, ask if there is a question, and decide each refill in its own transaction."""
    rows = _rows(context, held)
    click.echo("\n".join(preview(rows, held)))
    if rows and question:
        click.confirm(f"{question} them?", abort=True)
    if not rows:
        return
    with context.database() as database:
        with database.read() as tx:
            ids = held_refills.held_for(tx, held.reason)
        done = [row for refill_id in ids if (row := _decided(database, refill_id, decide)) is not None]
    click.echo(_result(done))
    if len(done) < len(ids):
        raise click.exceptions.Exit(_REFUSED)


def _decided(
    database: Database, refill_id: int, decide: Callable[[Transaction, int], RefillRow]
) -> RefillRow | None:
    """The refill after the decision; None, and a line on standard error, if it is refused."""
    try:
        with database.write() as tx:
            return decide(tx, refill_id)
    except (WrongStateError, OpenRefillError) as error:
        click.echo(f"refilld: {error}", err=True)
        return None


def _result(done: Sequence[RefillRow]) -> str:
    states = Counter(row.state for row in done)
    units = sum(row.quantity for row in done if row.state is RefillState.QUEUED)
    words = f"{states[RefillState.QUEUED]:,} released ({units:,} units)"
    if states[RefillState.HELD]:
        words += f", {states[RefillState.HELD]:,} held for a daily cap"
    return f"{words}, {states[RefillState.REJECTED]:,} discarded"
