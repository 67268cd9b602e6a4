"""`refilld orders reterm`: compare sold orders with today's terms, and change them on request."""

from collections import Counter

import click

from monitor.model.order import Order
from refilld.cli.context import CommandContext, pass_context
from refilld.cli.output import cell, json_option, print_json
from refilld.cli.parameters import TEXT
from refilld.services.reterm import Reterm, RetermResult
from refilld.terminal import printable
from refilld.terms_format import terms_fields
from storage.order_terms import Retermed

_LABELS = {
    RetermResult.CHANGED: "changed",
    RetermResult.UNCHANGED: "unchanged",
    RetermResult.LEFT: "left as sold",
}


@click.command()
@click.argument("order_ids", metavar="[ID]...", nargs=-1, type=TEXT)
@click.option("--dry-run", is_flag=True, help="Say what would change, and change nothing.")
@click.option("--apply", "applies", is_flag=True, help="Change the terms of orders that are sold already.")
@json_option
@pass_context
def reterm(
    context: CommandContext, *, order_ids: tuple[str, ...], dry_run: bool, applies: bool, as_json: bool
) -> None:
    """Give sold orders (all, without an ID) the terms that an import would give them today."""
    if dry_run == applies:
        raise click.UsageError("say either --dry-run to see what would change, or --apply to change it")
    catalog, services = context.settings.all_terms, context.settings.all_services
    counts: Counter[RetermResult] = Counter()
    with context.database() as database:
        for it in Reterm(database, catalog, services, context.clock).run(order_ids, apply=applies):
            counts[RetermResult.of(it)] += 1
            _print(it, as_json=as_json)
    _print_summary(counts, dry_run=dry_run, as_json=as_json)


def _print(it: Retermed, *, as_json: bool) -> None:
    """Print a line for an order that is changed or left as sold; none for an unchanged order."""
    if it.after is None:
        _print_left(it.before, as_json=as_json)
    elif it.changed:
        _print_changes(it.before, it.after, as_json=as_json)


def _print_left(order: Order, *, as_json: bool) -> None:
    order_id, name = order.order_id, order.terms.name
    if as_json:
        print_json({"order_id": order_id, "terms": name, "changes": None})
    else:
        gone = f"there are no terms {printable(name)!r} any more"
        click.echo(f"order {printable(order_id)}: left as sold, for {gone}")


def _print_changes(before: Order, after: Order, *, as_json: bool) -> None:
    new = _fields(after)
    changes = {field: (old, new[field]) for field, old in _fields(before).items() if old != new[field]}
    if as_json:
        rows = {field: {"from": old, "to": new} for field, (old, new) in changes.items()}
        print_json({"order_id": after.order_id, "terms": after.terms.name, "changes": rows})
    else:
        line = ", ".join(f"{field} {cell(old)} -> {cell(new)}" for field, (old, new) in changes.items())
        click.echo(f"order {printable(after.order_id)}: {line}")


def _fields(order: Order) -> dict[str, object]:
    return {"terms": order.terms.name, "terms_from": order.terms_from} | terms_fields(order.terms)


def _print_summary(counts: Counter[RetermResult], *, dry_run: bool, as_json: bool) -> None:
    if as_json:
        print_json({str(result): counts[result] for result in RetermResult} | {"dry_run": dry_run})
        return
    line = ", ".join(f"{counts[result]:,} {label}" for result, label in _LABELS.items())
    click.echo(f"{'would be: ' if dry_run else ''}{line}")
