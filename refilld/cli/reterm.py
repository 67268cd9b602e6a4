"""`refilld orders reterm`: compare sold orders with today's terms, and change them on request."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from sys import intern

import click

from monitor.model.number_words import counted
from monitor.model.order import Order
from refilld.cli.confirm import confirmed
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

_MOST = 8


@click.command()
@click.argument("order_ids", metavar="[ID]...", nargs=-1, type=TEXT)
@click.option("--dry-run", is_flag=True, help="Say what would change, and change nothing.")
@click.option("--yes", "--apply", "applies", is_flag=True, help="Do not ask; print each change.")
@json_option
@pass_context
def reterm(
    context: CommandContext, *, order_ids: tuple[str, ...], dry_run: bool, applies: bool, as_json: bool
) -> None:
    """Give sold orders (all, without an ID) the terms that an import would give them today.

    What would change is shown first, and you are asked.
    """
    if dry_run and applies:
        raise click.UsageError("say either --dry-run to see what would change, or --yes to change it")
    catalog, services = context.settings.all_terms, context.settings.all_services
    refused = 0
    with context.database() as database:
        run = Reterm(database, catalog, services, context.clock)
        if dry_run or applies:
            counts = _each(run.run(order_ids, apply=applies), as_json=as_json)
        else:
            shown = _shown(run.run(order_ids, apply=False))
            confirmed(
                _preview(shown), f"change {counted(len(shown), 'order')}?", yes=not shown, dry_run=False
            )
            run = replace(run, accepts=lambda it: shown.get(it.before.order_id) == _words(it))
            counts = _each(run.run(list(shown), apply=True) if shown else (), as_json=as_json)
            refused = len(shown) - counts[RetermResult.CHANGED]
    _print_summary(counts, dry_run=dry_run, as_json=as_json)
    if refused:
        click.echo(
            f"refilld: {counted(refused, 'order')} changed since they were shown; run it again", err=True
        )
        raise click.exceptions.Exit(1)


def _each(retermed: Iterable[Retermed], *, as_json: bool) -> Counter[RetermResult]:
    counts: Counter[RetermResult] = Counter()
    for it in retermed:
        counts[RetermResult.of(it)] += 1
        _print(it, as_json=as_json)
    return counts


def _shown(retermed: Iterable[Retermed]) -> dict[str, str]:
    """The changes in words, by order."""
    return {it.before.order_id: intern(_words(it)) for it in retermed if it.changed}


def _preview(shown: Mapping[str, str]) -> Iterator[str]:
    """The changes that most orders have in common, in at most ten lines."""
    groups = Counter(shown.values()).most_common()
    yield f"changes the terms of {counted(len(shown), 'order')}"
    for words, number in groups[:_MOST]:
        yield f"  {counted(number, 'order')}: {words}"
    if others := groups[_MOST:]:
        yield f"  {counted(sum(number for _, number in others), 'order')}: other changes; --dry-run shows all"


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
    changes = _changes(before, after)
    if as_json:
        rows = {field: {"from": old, "to": new} for field, (old, new) in changes.items()}
        print_json({"order_id": after.order_id, "terms": after.terms.name, "changes": rows})
    else:
        click.echo(f"order {printable(after.order_id)}: {_change_words(changes)}")


def _changes(before: Order, after: Order) -> dict[str, tuple[object, object]]:
    new = _fields(after)
    return {field: (old, new[field]) for field, old in _fields(before).items() if old != new[field]}


def _words(it: Retermed) -> str:
    return "" if it.after is None else _change_words(_changes(it.before, it.after))


def _change_words(changes: Mapping[str, tuple[object, object]]) -> str:
    return ", ".join(f"{field} {cell(old)} -> {cell(new)}" for field, (old, new) in changes.items())


def _fields(order: Order) -> dict[str, object]:
    return {"terms": order.terms.name, "terms_from": order.terms_from} | terms_fields(order.terms)


def _print_summary(counts: Counter[RetermResult], *, dry_run: bool, as_json: bool) -> None:
    if as_json:
        print_json({str(result): counts[result] for result in RetermResult} | {"dry_run": dry_run})
        return
    line = ", ".join(f"{counts[result]:,} {label}" for result, label in _LABELS.items())
    click.echo(f"{'would be: ' if dry_run else ''}{line}")
