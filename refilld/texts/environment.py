"""The Jinja environment of the templates: a sandbox for plain text, with filters for times and numbers."""

from collections.abc import Mapping
from decimal import Decimal

from jinja2 import BaseLoader, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from monitor.model.duration import format_duration
from monitor.model.number_words import counted
from monitor.model.time_words import minute, second, spoken


def environment(loader: BaseLoader) -> ImmutableSandboxedEnvironment:
    """An environment in which a missing name is an error."""
    found = ImmutableSandboxedEnvironment(
        loader=loader,
        undefined=StrictUndefined,
        autoescape=False,  # plain text; each channel escapes what it sends
    )
    found.filters.update(
        counted=counted,
        duration=format_duration,
        minute=minute,
        money=_money,
        second=second,
        spoken=spoken,
        thousands=_thousands,
    )
    return found


def _money(amounts: Mapping[str, Decimal]) -> str:
    """Amounts by currency, such as `20.00 EUR, 5.00 USD`."""
    return ", ".join(f"{amounts[one]:,f} {one or '(no currency)'}" for one in sorted(amounts) if amounts[one])


def _thousands(number: int) -> str:
    return f"{number:,}"
