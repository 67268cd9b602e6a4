"""Conventions: how the files of one shop write what panels write differently."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import tzinfo

from monitor.model.order import OrderStatus
from refilld.order_fields import LEFT_OUT
from refilld.settings.orders import OrdersSection


@dataclass(frozen=True, slots=True)
class Conventions:
    """How the times and statuses of a file are read; without any, only what is unambiguous is read."""

    zone: tzinfo | None = None
    """The zone of times without one; None: UTC, and the operator is told."""
    date_format: str | None = None
    """A format of strptime, tried before all others."""
    statuses: Mapping[str, OrderStatus] = field(default_factory=dict)
    """Statuses of other panels, by their normalized spelling."""
    columns: Mapping[str, str] = field(default_factory=dict)
    """Fields by column, for files that have the column."""


UNAMBIGUOUS = Conventions()
"""Without any configuration."""


def conventions_of(
    section: OrdersSection, *, zone: tzinfo | None = None, date_format: str | None = None
) -> Conventions:
    """The configured conventions; `zone` and `date_format` take precedence."""
    return Conventions(
        zone=zone or section.zone,
        date_format=date_format or section.date_format,
        statuses={normalized_status(name): status for name, status in section.statuses.items()},
        columns=section.map,
    )


def with_columns(own: Mapping[str, str], configured: Mapping[str, str]) -> dict[str, str]:
    """The configured columns without those whose column or field `own` maps otherwise."""
    taken = {field for field in own.values() if field != LEFT_OUT}
    return {column: field for column, field in configured.items() if column not in own and field not in taken}


def normalized_status(text: str) -> str:
    """A status without regard to case, blanks, underscores and hyphens."""
    return " ".join(text.lower().replace("_", " ").replace("-", " ").split())
