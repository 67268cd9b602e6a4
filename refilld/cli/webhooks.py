"""`refilld webhooks`: endpoints that get events over HTTP, and what became of their messages."""

import sys
from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar

import click

from monitor.model.target import Metric
from refilld.cli.context import CommandContext, pass_context
from refilld.cli.lists import Column, list_options, print_list
from refilld.cli.parameters import NAME, ROW_ID, choice
from refilld.cli.webhook_log import deliveries, replay
from refilld.services import webhooks as endpoint_actions
from refilld.services.webhook_fields import endpoint_fields
from refilld.services.webhook_sending import send_test, webhook_attempts
from refilld.services.webhooks import NewEndpoint
from refilld.terminal import printable
from storage import webhooks as endpoints

F = TypeVar("F", bound=Callable[..., Any])
FAILED = 1
STANDARD_INPUT = "-"
_COLUMNS = (
    Column("endpoint_id", heading="id"),
    Column("state"),
    Column("url", least=24),
    Column("kinds", least=12),
    Column("description", least=10),
    Column("failing_since"),
    Column("services", least=10),
    Column("providers", least=10),
    Column("metrics"),
    Column("paused_until"),
    Column("disabled_at"),
    Column("disabled_reason"),
    Column("created_at"),
)
_endpoint = click.argument("endpoint_id", metavar="ID", type=ROW_ID)


@click.group()
def webhooks() -> None:
    """Endpoints that get events over HTTP (Standard Webhooks)."""


def _filters(command: F) -> F:
    """Add the options that choose the events."""
    for option in (
        click.option("--metric", "metrics", multiple=True, type=choice(Metric)),
        click.option("--provider", "providers", multiple=True, help="Only events about this provider."),
        click.option("--service", "services", multiple=True, help="Only events about this service."),
        click.option("--kind", "kinds", multiple=True, help="Such as refill.dead or 'drop.*'; default: all."),
    ):
        command = option(command)
    return command


@webhooks.command()
@click.argument("url")
@_filters
@click.option("--description", type=NAME, default=None, help="Whose endpoint it is.")
@pass_context
def add(
    context: CommandContext,
    url: str,
    *,
    kinds: tuple[str, ...],
    services: tuple[str, ...],
    providers: tuple[str, ...],
    metrics: tuple[str, ...],
    description: str | None,
) -> None:
    """Add an endpoint, and print its secret; it cannot be shown again.

    URL - is read from standard input, which hides it from the list of processes.
    """
    if url == STANDARD_INPUT:
        url = sys.stdin.readline().strip()
    subscription = endpoint_actions.subscription_of(kinds, services, providers, map(Metric, metrics))
    allowed = context.settings.webhooks.allowed
    with context.database() as database, database.write() as tx:
        made = endpoint_actions.add(tx, url, subscription, description or "", allowed, context.now())
    _print_secret(made, "is added; it verifies messages with this secret, which is not shown again:")


def _print_secret(made: NewEndpoint, what: str) -> None:
    """Print the secret, and only it, on standard output."""
    click.echo(f"webhook endpoint {made.endpoint.endpoint_id} {what}", err=True)
    click.echo(made.secret)


@webhooks.command("list")
@list_options
@pass_context
def list_(context: CommandContext, *, as_json: bool, wide: bool) -> None:
    """Show all endpoints, without their secrets."""
    with context.database() as database, database.read() as tx:
        rows = [endpoint_fields(row) for row in endpoints.listed(tx)]
    print_list(_COLUMNS, rows, as_json=as_json, wide=wide)


@webhooks.command()
@_endpoint
@pass_context
def test(context: CommandContext, endpoint_id: int) -> None:
    """Send a test message now, and print the answer; exits with 1 if it is not accepted."""
    with context.database() as database:
        attempts = webhook_attempts(database, context.settings.webhooks, context.clock)
        sent = send_test(attempts, endpoint_id)
    answer, seconds = sent.answer, sent.answer.duration.total_seconds()
    status = "no answer" if answer.status is None else f"status {answer.status}"
    click.echo(f"delivery {sent.delivery_id}: {status} after {seconds:.1f} s")
    if answer.response:
        click.echo(f"answer: {answer.response}")
    if not answer.accepted:
        click.echo(f"refilld: not accepted: {printable(answer.error)}", err=True)
        raise click.exceptions.Exit(FAILED)


@webhooks.command()
@_endpoint
@pass_context
def rotate(context: CommandContext, endpoint_id: int) -> None:
    """Give an endpoint a new secret, and print it; the old one goes on signing for 24 hours."""
    with context.database() as database, database.write() as tx:
        made = endpoint_actions.rotate(tx, endpoint_id, context.now())
    _print_secret(made, "has a new secret; the old one signs beside it for 24 hours:")


@webhooks.command()
@_endpoint
@pass_context
def enable(context: CommandContext, endpoint_id: int) -> None:
    """Enable an endpoint that was disabled, or end the pause of one."""
    with context.database() as database, database.write() as tx:
        before = endpoint_actions.enable(tx, endpoint_id, context.now())
    click.echo(f"webhook endpoint {endpoint_id} is enabled")
    if before.disabled_at is not None:
        missed = context.now() - (before.failing_since or before.disabled_at)
        hours = missed // timedelta(hours=1) + 1
        replay_missed = f"refilld webhooks replay {endpoint_id} --undelivered --since {hours}h"
        click.echo(f"to send what it has missed: {replay_missed}", err=True)


@webhooks.command()
@_endpoint
@pass_context
def remove(context: CommandContext, endpoint_id: int) -> None:
    """Remove an endpoint with its secret and its deliveries."""
    with context.database() as database, database.write() as tx:
        endpoint_actions.remove(tx, endpoint_id, context.now())
    click.echo(f"webhook endpoint {endpoint_id} is removed")


webhooks.add_command(deliveries)
webhooks.add_command(replay)

COMMANDS = (webhooks,)
