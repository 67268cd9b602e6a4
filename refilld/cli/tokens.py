"""`refilld token`: the bearer tokens of the HTTP interface."""

from dataclasses import asdict
from datetime import timedelta

import click

from refilld.cli.context import CommandContext, pass_context
from refilld.cli.lists import Column, list_options, print_list
from refilld.cli.parameters import DURATION, NAME, ROW_ID, choice, duration_between
from storage import tokens
from storage.server_time import shared_time
from storage.tokens import Scope

_COLUMNS = (
    Column("token_id", heading="id"),
    Column("name", least=10),
    Column("scopes", least=26),
    Column("expires_at"),
    Column("used_at"),
    Column("created_at"),
    Column("revoked_at"),
    Column("rotated_at"),
    Column("old_expires_at"),
    Column("requests_per_minute"),
)
_DAY = timedelta(days=1)
_SEES_ALL = (
    "this key sees the status and charge of all orders and may ask refills of each; "
    "it is for the shop's own panel, never for a reseller or customer"
)
_MOST_REQUESTS = 10_000_000
_expires = click.option(
    "--expires", "lifetime", type=DURATION, metavar="DURATION", help="How long it is valid, such as 90d."
)


@click.group()
def token() -> None:
    """Create, list, rotate and revoke the tokens of the HTTP interface."""


@token.command()
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    required=True,
    type=choice(Scope),
    help="What the token allows; may be given several times. panel:use opens all orders: it is for the shop's"
    " own panel, never for a reseller or customer.",
)
@click.option("--name", type=NAME, default=None, help="Who holds it.")
@_expires
@click.option(
    "--requests-per-minute", type=click.IntRange(0, _MOST_REQUESTS), metavar="NUMBER",
    help="Its own limit in place of http.requests_per_minute; 0 is none.",
)  # fmt: skip
@pass_context
def create(
    context: CommandContext,
    scopes: tuple[str, ...],
    name: str | None,
    lifetime: timedelta | None,
    requests_per_minute: int | None,
) -> None:
    """Create a token and print it; only its digest is stored, so it cannot be shown again."""
    with context.database() as database, database.write() as connection:
        same = [one for one in tokens.listed(connection) if name and one.name == name and not one.revoked_at]
        made = tokens.create(
            connection,
            name or "",
            map(Scope, scopes),
            shared_time(connection, context.now()),
            lifetime=lifetime,
            requests_per_minute=requests_per_minute,
        )
    if same:
        numbers = ", ".join(str(one.token_id) for one in same)
        click.echo(f"refilld: token {numbers} has the name {name} too; rotate them by their ids", err=True)
    if Scope.PANEL_USE in scopes:
        click.echo(f"refilld: {_SEES_ALL}", err=True)
    click.echo(made)


@token.command()
@click.argument("name")
@click.option(
    "--overlap", type=duration_between(timedelta(0), 365 * _DAY), default="24h", show_default=True,
    metavar="DURATION", help="How long the old token stays valid.",
)  # fmt: skip
@_expires
@pass_context
def rotate(context: CommandContext, name: str, overlap: timedelta, lifetime: timedelta | None) -> None:
    """Replace the token of NAME, or of an id, by a new one, and print that.

    It has the same id and scopes. Without --expires it lasts as long as the old one was made for.
    """
    with context.database() as database, database.write() as connection:
        held, now = tokens.named(connection, name), shared_time(connection, context.now())
        made = tokens.rotate(connection, held.token_id, now, overlap, lifetime or held.lifetime)
    click.echo(made)


@token.command("list")
@list_options
@pass_context
def list_(context: CommandContext, *, as_json: bool, wide: bool) -> None:
    """Show all tokens, without their secrets."""
    with context.database() as database, database.read() as connection:
        rows = [asdict(row) for row in tokens.listed(connection)]
    if not as_json:
        rows = [row | {"scopes": " ".join(row["scopes"])} for row in rows]
    print_list(_COLUMNS, rows, as_json=as_json, wide=wide)


@token.command()
@click.argument("token_id", metavar="ID", type=ROW_ID)
@pass_context
def revoke(context: CommandContext, token_id: int) -> None:
    """Revoke a token at once."""
    with context.database() as database, database.write() as connection:
        tokens.revoke(connection, token_id, context.now())
    click.echo(f"token {token_id} is revoked")


COMMANDS = (token,)
