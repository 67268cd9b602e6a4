"""`refilld orders link`: the link with which a buyer sees an order."""

import click

from monitor.errors import BadInputError
from refilld.cli.context import CommandContext, pass_context
from refilld.cli.parameters import TEXT
from refilld.services.buyer_links import buyer_link
from storage import buyer_links, orders


@click.command()
@click.argument("order_id", metavar="ID", type=TEXT)
@click.option("--revoke", is_flag=True, help="Make the earlier links of the order invalid.")
@pass_context
def link(context: CommandContext, order_id: str, *, revoke: bool) -> None:
    """Print the link with which a buyer sees an order and asks for its refill, without a sign-in."""
    with context.database() as database, database.write() as tx:
        orders.get(tx, order_id)
        if revoke:
            buyer_links.revoke(tx, order_id)
        try:
            found = buyer_link(tx, context.settings, order_id, context.now())
        except BadInputError as error:
            raise click.UsageError(error.problem) from None
    click.echo(found)
