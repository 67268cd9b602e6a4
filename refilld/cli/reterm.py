"""`refilld orders reterm`: what orders would be sold under today, and the deliberate change to it."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from enum import StrEnum

import click

from monitor.model.order import Order
from monitor.model.service import Service, Services
from monitor.model.terms_catalog import TermsCatalog
from refilld.cli.context import CommandContext, pass_context
from refilld.cli.output import cell, json_option, print_json
from refilld.cli.parameters import TEXT
from refilld.terminal import printable
from refilld.terms_format import terms_fields
from storage import order_terms, orders
from storage.engine import Database
from storage.order_terms import Retermed

BATCH = 500
"""Orders in one transaction: what is interrupted has changed whole batches, and can simply be run again."""
_NO_SERVICE = Service()
Today = Callable[[Order], Order | None]


class _Fate(StrEnum):
    """What became of an order."""

    CHANGED = "changed"
    UNCHANGED = "unchanged"
    LEFT = "left as sold"


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
    today = _today(context.settings.all_terms, context.settings.all_services)
    tally: Counter[_Fate] = Counter()
    with context.database() as database:
        for page in _pages(database, list(dict.fromkeys(order_ids))):
            done = [Retermed(order, today(order)) for order in page]
            for it in _applied(database, done, today, context.now()) if applies else done:
                tally[_fate(it)] += 1
                _tell(it, as_json=as_json)
    _summarize(tally, dry_run=dry_run, as_json=as_json)


def _today(book: TermsCatalog, services: Mapping[str, Service]) -> Today:
    """What an order would be if it were imported now; None when that cannot be said."""
    known = Services(services)

    def today(order: Order) -> Order | None:
        sold = book.of_order(order, known.get(order.service, _NO_SERVICE))
        return None if sold is None else replace(order, terms=sold[0], terms_from=sold[1])

    return today


def _pages(database: Database, order_ids: Sequence[str]) -> Iterator[list[Order]]:
    """The named orders, else all, a batch at a time; raises NotFoundError before the first."""
    if order_ids:
        with database.read() as tx:
            for order_id in order_ids:
                orders.get(tx, order_id)
        for start in range(0, len(order_ids), BATCH):
            with database.read() as tx:
                named = order_terms.some(tx, order_ids[start : start + BATCH])
            yield named
        return
    after = ""
    while page := _page(database, after):
        yield page
        after = page[-1].order_id


def _page(database: Database, after: str) -> list[Order]:
    with database.read() as tx:
        return order_terms.page(tx, after, BATCH)


def _applied(database: Database, seen: Sequence[Retermed], today: Today, now: datetime) -> list[Retermed]:
    """Change what is to be changed; an order that others have changed meanwhile is looked at again."""
    results = {it.before.order_id: it for it in seen}
    changing = [order_id for order_id, it in results.items() if it.changed]
    if changing:
        with database.write() as tx:
            done = order_terms.reterm(tx, changing, today, now)
        results |= {it.before.order_id: it for it in done}
    return list(results.values())


def _fate(it: Retermed) -> _Fate:
    if it.after is None:
        return _Fate.LEFT
    return _Fate.CHANGED if it.changed else _Fate.UNCHANGED


def _tell(it: Retermed, *, as_json: bool) -> None:
    """One line for an order that is changed, or cannot be; none for the others."""
    if it.after is None:
        _tell_left(it.before, as_json=as_json)
    elif it.changed:
        _tell_changes(it.before, it.after, as_json=as_json)


def _tell_left(order: Order, *, as_json: bool) -> None:
    order_id, name = order.order_id, order.terms.name
    if as_json:
        print_json({"order_id": order_id, "terms": name, "changes": None})
    else:
        gone = f"there are no terms {printable(name)!r} any more"
        click.echo(f"order {printable(order_id)}: left as sold, for {gone}")


def _tell_changes(before: Order, after: Order, *, as_json: bool) -> None:
    new = _facts(after)
    changes = {field: (old, new[field]) for field, old in _facts(before).items() if old != new[field]}
    if as_json:
        told = {field: {"from": old, "to": new} for field, (old, new) in changes.items()}
        print_json({"order_id": after.order_id, "terms": after.terms.name, "changes": told})
    else:
        line = ", ".join(f"{field} {cell(old)} -> {cell(new)}" for field, (old, new) in changes.items())
        click.echo(f"order {printable(after.order_id)}: {line}")


def _facts(order: Order) -> dict[str, object]:
    return {"terms": order.terms.name, "terms_from": order.terms_from} | terms_fields(order.terms)


def _summarize(tally: Counter[_Fate], *, dry_run: bool, as_json: bool) -> None:
    if as_json:
        print_json({fate.name.lower(): tally[fate] for fate in _Fate} | {"dry_run": dry_run})
        return
    told = ", ".join(f"{tally[fate]:,} {fate}" for fate in _Fate)
    click.echo(f"{'would be: ' if dry_run else ''}{told}")
