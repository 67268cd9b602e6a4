"""`refilld token`: the bearer tokens of the HTTP interface."""

import click

from refilld.cli.context import CommandContext, pass_context
from refilld.cli.output import json_option, print_json, print_rows
from refilld.cli.parameters import NAME, ROW_ID
from storage import tokens
from storage.tokens import Scope

_COLUMNS = ("token_id", "name", "scopes", "created_at", "revoked_at")


@click.group()
def token() -> None:
    """Make and revoke the tokens that programs bring to the HTTP interface."""


@token.command()
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    required=True,
    type=click.Choice([str(scope) for scope in Scope]),
    help="What the token allows; may be given several times.",
)
@click.option("--name", type=NAME, default=None, help="Whose it is.")
@pass_context
def create(context: CommandContext, scopes: tuple[str, ...], name: str | None) -> None:
    """Make a token and print it: it is kept as a digest, so nobody can show it again."""
    with context.database() as database, database.write() as connection:
        made = tokens.create(connection, name or "", map(Scope, scopes), context.now())
    click.echo(made)


@token.command("list")
@json_option
@pass_context
def list_(context: CommandContext, *, as_json: bool) -> None:
    """Show all tokens, without what is secret of them."""
    with context.database() as database, database.read() as connection:
        rows = [row._asdict() for row in tokens.listed(connection)]
    if as_json:
        for row in rows:
            print_json(row | {"scopes": row["scopes"].split()})
    else:
        print_rows(_COLUMNS, rows, as_json=False)


@token.command()
@click.argument("token_id", metavar="ID", type=ROW_ID)
@pass_context
def revoke(context: CommandContext, token_id: int) -> None:
    """Revoke a token at once."""
    with context.database() as database, database.write() as connection:
        tokens.revoke(connection, token_id, context.now())
    click.echo(f"token {token_id} is revoked")


COMMANDS = (token,)
