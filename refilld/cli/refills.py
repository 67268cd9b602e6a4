"""`refilld refills`: listing refills, and the same actions on them as over HTTP."""

from datetime import datetime, timedelta
from functools import partial
from random import random
from typing import Any

import click

from monitor.model.decision import Reason
from monitor.model.instants import rfc3339
from monitor.model.refill import RefillState
from monitor.model.target import Metric
from refilld.cli.context import CommandContext, pass_context
from refilld.cli.filters import filter_fields, order_options, period_options
from refilld.cli.lists import Column, list_options, print_list
from refilld.cli.operator_commands import operator_commands
from refilld.cli.parameters import NAME, ROW_ID, TEXT, choice, duration_between
from refilld.services.input_limits import LARGEST_NUMBER, LONGEST_RETRY
from refilld.services.refill_fields import claimed, shown
from storage import leases, refill_list
from storage.claim_selection import ClaimFilter
from storage.engine import Transaction
from storage.pages import first_rows
from storage.refill_selection import RefillFilter
from storage.server_time import shared_time

_LEASE = duration_between(timedelta(seconds=30), timedelta(days=1))
_RETRY = duration_between(timedelta(0), LONGEST_RETRY)
_LIST_COLUMNS = (
    Column("refill_id"),
    Column("order_id"),
    Column("state"),
    Column("quantity"),
    Column("delivered"),
    Column("link", least=12),
    Column("queued_at"),
    Column("metric"),
    Column("attempt"),
    Column("leased_until"),
    Column("last_error", least=12),
    Column("service", least=12),
    Column("provider", least=8),
)
_CLAIM_COLUMNS = (
    Column("refill_id"),
    Column("quantity"),
    Column("lease_token"),
    Column("link", least=12),
    Column("order_id"),
    Column("metric"),
    Column("leased_until"),
)
_refill_id = click.argument("refill_id", metavar="ID", type=ROW_ID)
_lease_token = click.option("--lease-token", required=True, type=NAME, help="The token from `claim`.")


@click.group()
def refills() -> None:
    """List refills, and act on them as a consumer or an operator."""


@refills.command("list")
@click.option("--state", type=choice(RefillState))
@click.option("--reason", type=choice(Reason), help="Only with this reason.")
@order_options
@period_options
@click.option("--limit", type=click.IntRange(1, 100_000), default=100, show_default=True)
@list_options
@pass_context
def list_(
    context: CommandContext,
    /,
    *,
    state: str | None,
    reason: str | None,
    limit: int,
    as_json: bool,
    wide: bool,
    **filters: Any,
) -> None:
    """Show refills, newest first."""
    wanted = RefillFilter(
        state=None if state is None else RefillState(state),
        reason=None if reason is None else Reason(reason),
        **filter_fields(context.now(), **filters),
    )
    with context.database() as database, database.read() as connection:
        rows = first_rows(partial(refill_list.page, connection, wanted), limit)
    print_list(_LIST_COLUMNS, map(shown, rows), as_json=as_json, wide=wide)


@refills.command()
@click.option("--limit", type=click.IntRange(1, 1000), default=1, show_default=True)
@click.option("--lease", type=_LEASE, default="5m", show_default=True, help="30s to 1d.")
@click.option("--metric", "metrics", multiple=True, type=choice(Metric))
@click.option("--provider", "providers", multiple=True, type=NAME, help="Only of this provider; repeatable.")
@click.option("--service", "services", multiple=True, type=NAME, help="Only of this service; repeatable.")
@click.option("--consumer", type=NAME, default=None, help="Name of the consumer, for the record.")
@list_options
@pass_context
def claim(
    context: CommandContext,
    /,
    *,
    limit: int,
    lease: timedelta,
    consumer: str | None,
    as_json: bool,
    wide: bool,
    **parts: tuple[str, ...],
) -> None:
    """Claim refills that are ready, oldest first, each under a lease."""
    wanted = ClaimFilter(
        frozenset(map(Metric, parts["metrics"])),
        frozenset(parts["providers"]),
        frozenset(parts["services"]),
        context.settings.queue.buyers_first,
    )
    with context.database() as database, database.write() as connection:
        rows = leases.claim(
            connection,
            _now(context, connection),
            limit=limit,
            lease=lease,
            wanted=wanted,
            consumer=consumer or "",
        )
    print_list(_CLAIM_COLUMNS, map(claimed, rows), as_json=as_json, wide=wide)


@refills.command()
@_refill_id
@_lease_token
@click.option("--lease", type=_LEASE, default="5m", show_default=True, help="30s to 1d, from now.")
@pass_context
def extend(context: CommandContext, refill_id: int, lease_token: str, lease: timedelta) -> None:
    """Extend the lease of a claimed refill."""
    with context.database() as database, database.write() as connection:
        now = _now(context, connection)
        until = now + lease
        leases.act_on_one(connection, leases.Extend(refill_id, lease_token, until), now)
    click.echo(f"refill {refill_id} is yours until {rfc3339(until)}")


@refills.command()
@_refill_id
@_lease_token
@click.option("--external-id", type=TEXT, help="Id of the delivery at the provider.")
@click.option("--delivered", type=click.IntRange(0, LARGEST_NUMBER), help="Units delivered, if not all.")
@pass_context
def complete(
    context: CommandContext, refill_id: int, lease_token: str, external_id: str | None, delivered: int | None
) -> None:
    """Complete a claimed refill that was delivered."""
    _end_lease(context, leases.Complete(refill_id, lease_token, external_id, delivered))


@refills.command()
@_refill_id
@_lease_token
@click.option("--reason", required=True, type=TEXT)
@click.option("--no-retry", is_flag=True, help="Do not retry it.")
@click.option(
    "--retry-after",
    type=_RETRY,
    default=None,
    help="Delay before the retry, such as 10m; else a growing one.",
)
@pass_context
def fail(
    context: CommandContext,
    refill_id: int,
    lease_token: str,
    reason: str,
    retry_after: timedelta | None,
    *,
    no_retry: bool,
) -> None:
    """Give a claimed refill back because it could not be delivered."""
    failure = leases.Failure(reason, retryable=not no_retry, retry_after=retry_after)
    section = context.settings.queue
    limits = section.max_attempts, section.waits
    _end_lease(context, leases.Fail(refill_id, lease_token, failure, *limits, random()))


@refills.command()
@_refill_id
@_lease_token
@pass_context
def release(context: CommandContext, refill_id: int, lease_token: str) -> None:
    """Give a claimed refill back undelivered."""
    _end_lease(context, leases.Release(refill_id, lease_token))


def _now(context: CommandContext, connection: Transaction) -> datetime:
    """The time that judges leases, by the clock that all processes share."""
    return shared_time(connection, context.now())


def _end_lease(context: CommandContext, call: leases.LeaseCall) -> None:
    with context.database() as database, database.write() as connection:
        state = leases.act_on_one(connection, call, _now(context, connection)).state
    click.echo(f"refill {call.refill_id} is {state}")


for _command in operator_commands():
    refills.add_command(_command)

COMMANDS = (refills,)
