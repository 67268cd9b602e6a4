"""Options that filter lists, the same for every list of what belongs to orders."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

import click

from monitor.events.kind import EventKind
from monitor.model.link import parse_link
from monitor.model.target import Metric
from refilld.cli.parameters import DURATION, TEXT, choice

F = TypeVar("F", bound=Callable[..., Any])
_Option = Callable[[F], F]
_PERIOD = (
    click.option("--since", type=DURATION, metavar="DURATION", help="Only of this time, such as 24h."),
    click.option("--before", type=DURATION, metavar="DURATION", help="Only older than this, such as 7d."),
)
_SOLD = (
    click.option("--link", help="Only of this profile or post, in any spelling."),
    click.option("--metric", type=choice(Metric), help="Only of this metric."),
    click.option("--service", type=TEXT, help="Only of this service, as imported."),
    click.option("--provider", type=TEXT, help="Only of this provider."),
    click.option("--customer", type=TEXT, help="Only of this customer."),
)
kind_option = click.option(
    "--kind",
    type=choice(EventKind),
    metavar="KIND",
    help="Only of this kind, such as drop.held.",
)
_ORDER = click.option("--order", "order_id", type=TEXT, help="Only of this order.")


def sold_options(command: F) -> F:
    """Add `--link`, `--metric`, `--service`, `--provider` and `--customer` to a list of orders."""
    return _with(command, _SOLD)


def order_options(command: F) -> F:
    """Add the options of a list of what belongs to orders: those of the orders, and `--order`."""
    return _with(command, (_ORDER, *_SOLD))


def period_options(command: F) -> F:
    """Add `--since` and `--before`."""
    return _with(command, _PERIOD)


def filter_fields(
    now: datetime,
    *,
    link: str | None = None,
    metric: str | None = None,
    since: timedelta | None = None,
    before: timedelta | None = None,
    **plain: str | None,
) -> dict[str, Any]:
    """The fields of a filter from these options; raises BadInputError for a link that is none."""
    return {
        **plain,
        "link": None if link is None else parse_link(link).link.url,
        "metric": None if metric is None else Metric(metric),
        **period_fields(now, since, before),
    }


def period_fields(
    now: datetime, since: timedelta | None = None, before: timedelta | None = None
) -> dict[str, Any]:
    """The fields `since` and `before` of a filter from the options of the same names."""
    return {
        "since": None if since is None else now - since,
        "before": None if before is None else now - before,
    }


def _with(command: F, options: Sequence[Callable[[Any], Any]]) -> F:
    for option in reversed(options):
        command = option(command)
    return command
