"""Sums of units and money: numbers, units and amounts by currency."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from monitor.model.money import finest, rounded, share_of_price
from monitor.model.number_words import counted


@dataclass(frozen=True, slots=True)
class Item:
    """Rows of one price, to be added up."""

    number: int
    units: int
    amount: Decimal | None
    """What the units were sold for, not rounded; None without a price."""
    currency: str | None
    smallest: Decimal = Decimal("0.01")
    """The smallest amount that the price shows."""


@dataclass(frozen=True, slots=True)
class CurrencySum:
    """The sum of what was sold in one currency, or without a price."""

    currency: str | None
    number: int
    units: int
    amount: Decimal | None
    """Rounded once, to the cent or to the decimals of the prices; None without a price."""


@dataclass(frozen=True, slots=True)
class Sum:
    """A sum of refills or reviews."""

    number: int
    units: int
    by_currency: tuple[CurrencySum, ...]
    """By currency; what has no price comes last."""


def item_of(number: int, units: int, price: Decimal | None, currency: str | None, ordered: int) -> Item:
    """Units of orders of one price and quantity, with their share of the price."""
    amount = None if price is None else share_of_price(price, units, ordered)
    return item(number, units, amount, currency, price)


def item(
    number: int, units: int, amount: Decimal | None, currency: str | None, price: Decimal | None
) -> Item:
    """Units with their amount; the decimals of `price` are kept if it has more than cents."""
    if amount is None or price is None:
        return Item(number, units, None, None)
    return Item(number, units, amount, currency, finest(price))


def summed(items: Iterable[Item]) -> Sum:
    """Add up; amounts of different currencies are kept apart."""
    groups: defaultdict[tuple[bool, str | None], list[Item]] = defaultdict(list)
    for item in items:
        groups[item.amount is None, item.currency].append(item)
    by_currency = tuple(
        _currency_sum(groups[key]) for key in sorted(groups, key=lambda key: (key[0], key[1] or ""))
    )
    return Sum(sum(part.number for part in by_currency), sum(part.units for part in by_currency), by_currency)


def _currency_sum(items: list[Item]) -> CurrencySum:
    amounts = [item.amount for item in items if item.amount is not None]
    smallest = min(item.smallest for item in items)
    amount = rounded(sum(amounts, Decimal(0)), smallest) if amounts else None
    number, units = sum(item.number for item in items), sum(item.units for item in items)
    return CurrencySum(items[0].currency, number, units, amount)


def grouped(items: Iterable[tuple[str | None, Item]]) -> list[tuple[str | None, Sum]]:
    """Sums by name, those with the most units first."""
    groups: defaultdict[str | None, list[Item]] = defaultdict(list)
    for name, item in items:
        groups[name].append(item)
    sums = [(name, summed(group)) for name, group in groups.items()]
    return sorted(sums, key=lambda group: (-group[1].units, group[0] or ""))


def money(found: Sum) -> str:
    """The amounts by currency; empty if nothing has a price."""
    parts = [
        f"{part.amount:,} {part.currency or '(no currency)'}"
        for part in found.by_currency
        if part.amount is not None
    ]
    unpriced = sum(part.units for part in found.by_currency if part.amount is None)
    if parts and unpriced:
        parts.append(f"{counted(unpriced, 'unit')} without a price")
    return ", ".join(parts)


def amounts_of(found: Sum) -> dict[str, Decimal]:
    """The amounts by currency, empty for one that is not known; what has no price is left out."""
    return {part.currency or "": part.amount for part in found.by_currency if part.amount is not None}


def sum_words(found: Sum, noun: str = "refill") -> str:
    """A sum in words."""
    words = f"{counted(found.number, noun)}, {counted(found.units, 'unit')}"
    return f"{words}, {amounts}" if (amounts := money(found)) else words
