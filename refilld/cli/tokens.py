"""`refilld token`: the bearer tokens of the HTTP interface."""

from dataclasses import asdict

import click

from refilld.cli.context import CommandContext, pass_context
from refilld.cli.lists import Column, list_options, print_list
from refilld.cli.parameters import NAME, ROW_ID
from storage import tokens
from storage.tokens import Scope

_COLUMNS = (
    Column("token_id"),
    Column("name", least=10),
    Column("scopes", least=16),
    Column("created_at"),
    Column("revoked_at"),
)


@click.group()
def token() -> None:
    """Create, list and revoke the tokens of the HTTP interface."""


@token.command()
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    required=True,
    type=click.Choice([str(scope) for scope in Scope]),
    help="What the token allows; may be given several times.",
)
@click.option("--name", type=NAME, default=None, help="Who holds it.")
@pass_context
def create(context: CommandContext, scopes: tuple[str, ...], name: str | None) -> None:
    """Create a token and print it; only its digest is stored, so it cannot be shown again."""
    with context.database() as database, database.write() as connection:
        made = tokens.create(connection, name or "", map(Scope, scopes), context.now())
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
