"""Comparisons: what the same history costs under two sets of terms."""

from collections.abc import Iterable
from decimal import Decimal

from refilld.backtest.refill_cost import CostGroup, CostLine, RefillCost

COLUMNS = (
    "service", "provider", "currency", "refills", "units", "price",
    "other_refills", "other_units", "other_price", "more_refills", "more_units", "more_price",
)  # fmt: skip
_ALL = "(all)"
_UNPRICED = "(no price)"
Row = dict[str, object]
Pair = tuple[CostLine, CostLine]


def compared(cost: RefillCost, other: RefillCost) -> list[Row]:
    """Rows by service and provider, then one in total for each currency, and one for all of them."""
    headings = sorted(cost.accounts.keys() | other.accounts.keys())
    pairs = {h: (cost.accounts.get(h, CostLine()), other.accounts.get(h, CostLine())) for h in headings}
    rows = [_row(heading, pair) for heading, pair in pairs.items()]
    monies = sorted({(h.currency, h.priced) for h in headings})
    for currency, priced in monies:
        alike = (pair for h, pair in pairs.items() if (h.currency, h.priced) == (currency, priced))
        rows.append(_row(CostGroup(_ALL, _ALL, currency, priced), _total(alike), total=True))
    if len(monies) != 1:  # prices in several currencies have no sum
        rows.append(_row(CostGroup(_ALL, _ALL, _ALL, priced=False), _total(pairs.values()), total=True))
    return rows


def _total(pairs: Iterable[Pair]) -> Pair:
    here, there = CostLine(), CostLine()
    for pair in pairs:
        here.merge(pair[0])
        there.merge(pair[1])
    return here, there


def _row(heading: CostGroup, pair: Pair, *, total: bool = False) -> Row:
    here, there = pair
    row: Row = {
        "service": heading.service,
        "provider": heading.provider or None,
        "currency": heading.currency if heading.priced else _UNPRICED if heading.currency != _ALL else _ALL,
        "total": total,
    }
    prices = [account.price if heading.priced else None for account in pair]
    return row | {
        "refills": here.refills,
        "units": here.units,
        "price": prices[0],
        "other_refills": there.refills,
        "other_units": there.units,
        "other_price": prices[1],
        "more_refills": there.refills - here.refills,
        "more_units": there.units - here.units,
        "more_price": _difference(*prices),
    }


def _difference(here: Decimal | None, there: Decimal | None) -> Decimal | None:
    return None if here is None or there is None else there - here
