"""Checks of the daily caps: whether each is about orders that exist."""

from collections.abc import Iterator

from monitor.guarantee.daily_caps import DailyCaps, ScopeKind
from refilld.doctor.finding import Finding, warning
from storage import daily_caps
from storage.engine import Transaction


def findings(tx: Transaction, caps: DailyCaps) -> Iterator[Finding]:
    """Warn of the cap of a provider or a service that no order has, written as it is."""
    for scope in caps.caps:
        if scope.kind is not ScopeKind.SHOP and not daily_caps.concerns_orders(tx, scope):
            yield warning(
                "limits.match",
                f"no order has the {scope.kind} {scope.name}, so its daily cap limits nothing",
                f"under [limits.{scope.kind}s], write the name exactly as refilld orders list shows it",
            )
