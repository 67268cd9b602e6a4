"""`refilld user`: the people who sign in to the pages."""

import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import click

from monitor.errors import BadInputError
from monitor.model.role import Role
from refilld.cli.confirm import has_terminal
from refilld.cli.context import CommandContext, pass_context
from refilld.cli.lists import Column, list_options, print_list
from refilld.cli.parameters import choice
from refilld.services import passwords
from refilld.services import users as user_actions
from storage import users
from storage.engine import Transaction
from storage.users import UserUse

F = TypeVar("F", bound=Callable[..., Any])
_LARGEST = 4_096
_COLUMNS = (
    Column("name", least=12),
    Column("role"),
    Column("second_factor", heading="code"),
    Column("sessions"),
    Column("seen_at"),
    Column("disabled_at"),
    Column("created_at"),
)
_name = click.argument("name")
_role = choice(Role)
_password_file = click.option(
    "--password-file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="A file whose first line is the password; without it you are asked, or standard input is read.",
)


@click.group()
def user() -> None:
    """The people who sign in to the pages of the operator's desk."""


def _password(file: Path | None) -> str:
    """The password of a file, a prompt or standard input; never an argument, which others can see."""
    if file is not None:
        try:
            return file.read_text(encoding="utf-8")[:_LARGEST].partition("\n")[0].rstrip("\r")
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "is not UTF-8"
            raise BadInputError("--password-file", f"{file}: {reason}") from None
    if has_terminal():
        asked = f"Password ({passwords.SHORTEST} characters or more)"
        typed: str = click.prompt(asked, hide_input=True, confirmation_prompt=True, err=True)
        return typed
    return sys.stdin.readline(_LARGEST).rstrip("\r\n")


@user.command()
@_name
@click.option("--role", required=True, type=_role, help="viewer reads, operator acts, admin manages.")
@_password_file
@pass_context
def add(context: CommandContext, name: str, *, role: str, password_file: Path | None) -> None:
    """Add a user."""
    checked = user_actions.checked_name(name)
    with context.database() as database:
        made = user_actions.add(database, checked, Role(role), _password(password_file), context.now())
    click.echo(f"user {made.name} is added with the role {made.role}")


@user.command()
@_name
@_password_file
@pass_context
def passwd(context: CommandContext, name: str, *, password_file: Path | None) -> None:
    """Give a user another password; their sessions end."""
    with context.database() as database:
        with database.read() as tx:
            user_actions.existing(tx, name)
        user_actions.set_password(database, name, _password(password_file), context.now())
    click.echo(f"user {user_actions.canonical_name(name)} has a new password; their sessions have ended")


@user.command()
@_name
@click.argument("role", type=_role)
@pass_context
def role(context: CommandContext, name: str, role: str) -> None:
    """Give a user another role; their sessions end."""
    with context.database() as database, database.write() as tx:
        changed = user_actions.set_role(tx, name, Role(role), context.now())
    has = "now; their sessions have ended" if changed else "already"
    click.echo(f"user {user_actions.canonical_name(name)} has the role {role} {has}")


@user.command()
@_name
@pass_context
def disable(context: CommandContext, name: str) -> None:
    """Let a user sign in no more; their sessions end at once."""
    _change(context, name, user_actions.disable, "is disabled; their sessions have ended")


@user.command()
@_name
@pass_context
def enable(context: CommandContext, name: str) -> None:
    """Let a disabled user sign in again."""
    _change(context, name, user_actions.enable, "is enabled")


@user.command("remove-totp")
@_name
@pass_context
def remove_totp(context: CommandContext, name: str) -> None:
    """Remove the second factor of a user who has lost it; their sessions end."""
    _change(
        context, name, user_actions.remove_totp, "is asked for no code any more; their sessions have ended"
    )


def _change(
    context: CommandContext, name: str, action: Callable[[Transaction, str, datetime], None], done: str
) -> None:
    with context.database() as database, database.write() as tx:
        action(tx, name, context.now())
    click.echo(f"user {user_actions.canonical_name(name)} {done}")


@user.command("list")
@list_options
@pass_context
def list_(context: CommandContext, *, as_json: bool, wide: bool) -> None:
    """Show all users."""
    with context.database() as database, database.read() as tx:
        rows = [_fields(row) for row in users.listed(tx, context.settings.web.session_idle, context.now())]
    print_list(_COLUMNS, rows, as_json=as_json, wide=wide)


def _fields(row: UserUse) -> dict[str, object]:
    return {
        "name": row.user.name,
        "role": row.user.role,
        "second_factor": row.user.totp_secret is not None,
        "sessions": row.sessions,
        "seen_at": row.seen_at,
        "disabled_at": row.user.disabled_at,
        "created_at": row.user.created_at,
    }


COMMANDS = (user,)
