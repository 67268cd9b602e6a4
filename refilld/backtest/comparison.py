"""Comparison of the costs of one history under two sets of terms."""

from collections.abc import Iterable
from decimal import Decimal

from refilld.backtest.refill_cost import CostGroup, CostLine, RefillCost

_TOTAL = "(all)"
_UNPRICED = "(no price)"
ComparisonRow = dict[str, object]
Pair = tuple[CostLine, CostLine]


def compare(cost: RefillCost, other: RefillCost) -> list[ComparisonRow]:
    """Return rows by service and provider, a total for each currency, and a total of all currencies."""
    groups = sorted(cost.lines.keys() | other.lines.keys())
    pairs = {
        group: (cost.lines.get(group, CostLine()), other.lines.get(group, CostLine())) for group in groups
    }
    rows = [_row(group, pair) for group, pair in pairs.items()]
    currencies = sorted({(group.currency, group.priced) for group in groups})
    for currency, priced in currencies:
        matching = (
            pair for group, pair in pairs.items() if (group.currency, group.priced) == (currency, priced)
        )
        rows.append(_row(CostGroup(_TOTAL, _TOTAL, currency, priced), _total(matching), total=True))
    if len(currencies) != 1:  # without a price: several currencies cannot be summed
        rows.append(_row(CostGroup(_TOTAL, _TOTAL, _TOTAL, priced=False), _total(pairs.values()), total=True))
    return rows


def _total(pairs: Iterable[Pair]) -> Pair:
    first, second = CostLine(), CostLine()
    for pair in pairs:
        first.merge(pair[0])
        second.merge(pair[1])
    return first, second


def _row(group: CostGroup, pair: Pair, *, total: bool = False) -> ComparisonRow:
    first, second = pair
    row: ComparisonRow = {
        "service": group.service,
        "provider": group.provider or None,
        "currency": group.currency if group.priced else _UNPRICED if group.currency != _TOTAL else _TOTAL,
        "total": total,
    }
    prices = [line.price if group.priced else None for line in pair]
    return row | {
        "refills": first.refills,
        "units": first.units,
        "price": prices[0],
        "other_refills": second.refills,
        "other_units": second.units,
        "other_price": prices[1],
        "more_refills": second.refills - first.refills,
        "more_units": second.units - first.units,
        "more_price": _difference(*prices),
    }


def _difference(first: Decimal | None, second: Decimal | None) -> Decimal | None:
    return None if first is None or second is None else second - first
