"""Daily caps: how much may be queued in one day, altogether and for a provider or a service (RULES 8)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import TypeAlias

from monitor.model.money import rounded, share_of_price
from monitor.model.number_words import counted
from monitor.model.order import Order


class ScopeKind(StrEnum):
    """What a cap is about."""

    SHOP = "shop"
    PROVIDER = "provider"
    SERVICE = "service"


@dataclass(frozen=True, slots=True, order=True)
class CapScope:
    """The shop as a whole, or one provider or service."""

    kind: ScopeKind
    name: str = ""
    """Empty for the shop."""

    def __str__(self) -> str:
        return f"{self.kind} {self.name}" if self.name else f"the {self.kind}"


@dataclass(frozen=True, slots=True)
class Amounts:
    """Units, and what they were sold for, by currency; in a cap, 0 and a missing currency are no limit."""

    units: int = 0
    price: Mapping[str, Decimal] = field(default_factory=dict)

    def __add__(self, other: "Amounts") -> "Amounts":
        currencies = {*self.price, *other.price}
        price = {one: self.price.get(one, _NOTHING) + other.price.get(one, _NOTHING) for one in currencies}
        return Amounts(self.units + other.units, price)

    def __str__(self) -> str:
        """All amounts that are not 0, such as `10,000 units, 200.00 USD`."""
        units = [counted(self.units, "unit")] if self.units else []
        return ", ".join(
            units + [f"{self.price[one]:,f} {one}" for one in sorted(self.price) if self.price[one]]
        )


_NOTHING = Decimal(0)
_EXACT = Decimal("1e-12")
"""Below every amount that a price shows; three thirds of a price are the price."""
DayUsage: TypeAlias = Mapping[CapScope, Amounts]
"""What is used of one day: refills first queued on it, by scope."""
SHOP = CapScope(ScopeKind.SHOP)


@dataclass(frozen=True, slots=True)
class QueuedUnits:
    """Units of refills first queued on one day, whose orders have all of this in common."""

    service: str
    provider: str | None
    price: Decimal | None
    currency: str | None
    ordered: int
    """Quantity of each of the orders, for which the price was paid."""
    units: int


@dataclass(frozen=True, slots=True)
class DailyCaps:
    """The caps by scope; a refill that exceeds one of them is held."""

    caps: Mapping[CapScope, Amounts] = field(default_factory=dict)
    release_next_day: bool = True
    """Decide held refills again on the next day; otherwise only an operator releases them."""

    @property
    def configured(self) -> bool:
        return bool(self.caps)

    def exceeded(self, refill: QueuedUnits, used: DayUsage) -> tuple[CapScope, ...]:
        """The scopes whose cap does not allow a refill in addition to what is used."""
        wanted = _amounts(refill.units, refill.price, refill.currency, refill.ordered)
        return tuple(
            scope
            for scope in _scopes(refill.service, refill.provider)
            if scope in self.caps and not _allows(self.caps[scope], used.get(scope, Amounts()), wanted)
        )

    def too_large(self, refill: QueuedUnits) -> bool:
        """Whether a refill exceeds a cap on its own, so that no day has room for it."""
        return bool(self.exceeded(refill, {}))

    def release_at(self, refill: QueuedUnits, at: datetime) -> datetime | None:
        """When a refill that is held for a cap is decided again; None if only an operator releases it."""
        if not self.release_next_day or self.too_large(refill):
            return None
        return beginning_of(day_of(at) + timedelta(days=1))


def used_with(used: DayUsage, rows: Iterable[QueuedUnits]) -> DayUsage:
    """The usage of a day together with these units."""
    after = dict(used)
    for row in rows:
        more = _amounts(row.units, row.price, row.currency, row.ordered)
        for scope in _scopes(row.service, row.provider):
            after[scope] = after.get(scope, Amounts()) + more
    return after


def queued_of(order: Order, units: int) -> QueuedUnits:
    """One refill of an order, as it is counted against the caps."""
    return QueuedUnits(order.service, order.provider, order.price, order.currency, order.quantity, units)


def day_of(at: datetime) -> date:
    """The day of a time in UTC."""
    return at.astimezone(UTC).date()


def beginning_of(day: date) -> datetime:
    """The beginning of a day in UTC."""
    return datetime.combine(day, time(), UTC)


def _scopes(service: str, provider: str | None) -> tuple[CapScope, ...]:
    of_provider = (CapScope(ScopeKind.PROVIDER, provider),) if provider else ()
    return (SHOP, *of_provider, CapScope(ScopeKind.SERVICE, service))


def _amounts(units: int, price: Decimal | None, currency: str | None, ordered: int) -> Amounts:
    if price is None or not currency:
        return Amounts(units)
    return Amounts(units, {currency: share_of_price(price, units, ordered)})


def _allows(cap: Amounts, used: Amounts, wanted: Amounts) -> bool:
    """Whether a cap allows what is wanted; only what the wanted refill adds to is compared."""
    total = used + wanted
    if wanted.units and cap.units and total.units > cap.units:
        return False
    return all(
        rounded(total.price[currency], _EXACT) <= cap.price[currency]
        for currency, amount in wanted.price.items()
        if amount and cap.price.get(currency)
    )
