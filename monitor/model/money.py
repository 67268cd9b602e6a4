"""Amounts of money: shares of a price, and their smallest amount."""

from decimal import ROUND_HALF_UP, Context, Decimal

CENT = Decimal("0.01")
_WIDE = Context(prec=100)
"""More digits than any amount has: with fewer, quantizing a very large one is an error."""


def finest(price: Decimal) -> Decimal:
    """The smallest amount that is told apart: a cent, or less if the price shows less."""
    exponent = price.as_tuple().exponent
    return min(CENT, Decimal(1).scaleb(exponent)) if isinstance(exponent, int) else CENT


def share_of_price(price: Decimal, units: int, quantity: int) -> Decimal:
    """What `units` of `quantity` were sold for, not rounded."""
    return price * units / quantity


def rounded(amount: Decimal, smallest: Decimal) -> Decimal:
    """An amount to its smallest amount, halves up."""
    return amount.quantize(smallest, rounding=ROUND_HALF_UP, context=_WIDE)
