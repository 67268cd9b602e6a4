"""`refilld orders flag` and `unflag`: one order at once, or several after a preview."""

import click

from monitor.model.number_words import counted
from monitor.model.order import Flag
from monitor.model.sums import sum_words
from refilld.cli.confirm import confirm_options, confirmed
from refilld.cli.context import CommandContext, pass_context
from refilld.cli.parameters import TEXT, choice
from refilld.cli.preview import group_lines, left_out_lines
from refilld.cli.progress import with_progress
from refilld.services.flag_bulk import FlagPlan, carry_out_flag, plan_flag
from refilld.terminal import printable
from storage import flags

_order_ids = click.argument("order_ids", metavar="ID...", nargs=-1, required=True, type=TEXT)
_flag = click.argument("flag", type=choice(Flag))


@click.command(short_help="Suspend (hold) or void (all others) the guarantee of orders.")
@_order_ids
@_flag
@confirm_options
@pass_context
def flag(context: CommandContext, order_ids: tuple[str, ...], flag: str, *, yes: bool, dry_run: bool) -> None:
    """Suspend (hold) or void (all others) the guarantee of orders.

    One order is flagged at once; several are shown first, and you are asked.
    """
    if len(order_ids) == 1 and not dry_run:
        with context.database() as database, database.write() as tx:
            new = flags.set_flag(tx, order_ids[0], Flag(flag), context.now())
        click.echo(f"order {order_ids[0]} {'is' if new else 'was already'} flagged {flag}")
        return
    _change_all(context, order_ids, Flag(flag), sets=True, yes=yes, dry_run=dry_run)


@click.command(short_help="Lift a flag from orders; a look at each is due at once.")
@_order_ids
@_flag
@confirm_options
@pass_context
def unflag(
    context: CommandContext, order_ids: tuple[str, ...], flag: str, *, yes: bool, dry_run: bool
) -> None:
    """Lift a flag from orders; a look at each is due at once.

    One order is unflagged at once; several are shown first, and you are asked.
    """
    if len(order_ids) == 1 and not dry_run:
        with context.database() as database, database.write() as tx:
            gone = flags.lift_flag(tx, order_ids[0], Flag(flag), context.now())
        click.echo(f"order {order_ids[0]} {'is no longer' if gone else 'was not'} flagged {flag}")
        return
    _change_all(context, order_ids, Flag(flag), sets=False, yes=yes, dry_run=dry_run)


def _change_all(
    context: CommandContext, order_ids: tuple[str, ...], flag: Flag, *, sets: bool, yes: bool, dry_run: bool
) -> None:
    with context.database() as database:
        with database.read() as tx:
            plan = plan_flag(tx, order_ids, flag, sets=sets)
        number, refused = len(plan.planned), len(plan.left_out)
        question = f"{'flag' if sets else 'unflag'} {counted(number, 'order')}?"
        if confirmed(_preview(plan), question, yes=yes or not number, dry_run=dry_run):
            done = list(with_progress(carry_out_flag(database, plan, context.clock), number, "orders"))
            changed = sum(new for _, new in done)
            refused += number - changed
            words = f"{counted(changed, 'order')} {'flagged' if sets else 'no longer flagged'} {flag}"
            click.echo(f"{words}, {refused:,} refused" if refused else words)
    if refused:
        raise click.exceptions.Exit(1)


def _preview(plan: FlagPlan) -> list[str]:
    change = f"sets {plan.flag} on" if plan.sets else f"lifts {plan.flag} from"
    lines = [f"{change} {counted(len(plan.planned), 'order')}"]
    if plan.cancelled:
        lines.append(printable(f"  cancels {sum_words(plan.refills)}"))
    lines += group_lines("service", plan.by_service, "order")
    return lines + left_out_lines(plan.left_out, "order")
