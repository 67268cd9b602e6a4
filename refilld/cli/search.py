"""`refilld search`: orders, customers and refills by their ids and names."""

import shlex
from dataclasses import asdict

import click

from refilld.cli.context import CommandContext, pass_context
from refilld.cli.lists import Column, list_options, print_list
from refilld.cli.output import print_json
from refilld.terminal import console, printable
from storage import search as index
from storage.search import Found

ORDERS = (
    Column("order_id"),
    Column("found_by"),
    Column("status"),
    Column("link", least=14),
    Column("metric"),
    Column("service", least=12),
    Column("customer", least=8),
)
REFILLS = (
    Column("refill_id"),
    Column("found_by"),
    Column("order_id"),
    Column("state"),
    Column("external_id", least=12),
)


@click.command()
@click.argument("text")
@list_options
@pass_context
def search(context: CommandContext, text: str, *, as_json: bool, wide: bool) -> None:
    """Find orders, customers and refills by TEXT.

    TEXT is an order id, a link or username, a customer, a refill id or an id at the provider, or its
    beginning.
    """
    with context.database() as database, database.read() as tx:
        found = index.search(tx, text)
    if as_json:
        _print_json(found)
    elif found.empty:
        click.echo(f"nothing is named {printable(text[:100])}")
    else:
        _print(found, wide=wide)


def _print_json(found: Found) -> None:
    for order in found.orders:
        print_json({"record": "order", **asdict(order)})
    for refill in found.refills:
        print_json({"record": "refill", **asdict(refill)})
    for customer in found.customers:
        print_json({"record": "customer", "customer": customer})


def _print(found: Found, *, wide: bool) -> None:
    if found.orders:
        print_list(ORDERS, map(asdict, found.orders), as_json=False, wide=wide)
    if found.refills:
        print_list(REFILLS, map(asdict, found.refills), as_json=False, wide=wide)
    for customer in found.customers:
        name = printable(customer)
        command = f"refilld orders list --customer {shlex.quote(name)}"
        console().print(f"customer {name}: {command}", markup=False)
    if found.more:
        console().print("there are more: write more of the name", markup=False)


COMMANDS = (search,)
