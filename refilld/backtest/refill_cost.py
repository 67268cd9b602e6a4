"""The bill: what the refills of a replay come to, by service and provider, in refills, units and price."""

from collections import defaultdict
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Context, Decimal

from monitor.model.order import Order

_CENT = -2
_EXACT = Context(prec=100, rounding=ROUND_HALF_UP)
"""Prices have at most 18 digits and units 13: sums of them are exact, however many there are."""


@dataclass(frozen=True, slots=True, order=True)
class CostGroup:
    """What the refills of one line of the bill have in common; empty text where an order does not say it."""

    service: str
    provider: str
    currency: str
    priced: bool
    """Whether the orders have a price at all."""


@dataclass(slots=True)
class CostLine:
    """One line of the bill, while it is written."""

    refills: int = 0
    units: int = 0
    cost_by_quantity: defaultdict[int, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    """Price times units, by the quantity that the price was for: divided, and rounded, only once."""
    finest: int = _CENT

    def add(self, order: Order, units: int) -> None:
        self.refills += 1
        self.units += units
        if order.price is not None:
            worth = _EXACT.multiply(order.price, Decimal(units))
            self.cost_by_quantity[order.quantity] = _EXACT.add(self.cost_by_quantity[order.quantity], worth)
            exponent = order.price.as_tuple().exponent
            self.finest = min(self.finest, exponent if isinstance(exponent, int) else _CENT)

    def merge(self, other: "CostLine") -> None:
        """Take another line's refills into this one."""
        self.refills += other.refills
        self.units += other.units
        self.finest = min(self.finest, other.finest)
        for quantity, worth in other.cost_by_quantity.items():
            self.cost_by_quantity[quantity] = _EXACT.add(self.cost_by_quantity[quantity], worth)

    @property
    def price(self) -> Decimal:
        """What the units were sold for, to the cent or as finely as the prices are written."""
        shares = (
            _EXACT.divide(worth, Decimal(quantity))
            for quantity, worth in sorted(self.cost_by_quantity.items())
        )
        total = Decimal(0)
        for share in shares:
            total = _EXACT.add(total, share)
        return total.quantize(Decimal(1).scaleb(self.finest), context=_EXACT)


class RefillCost:
    """All refills of one replay."""

    def __init__(self) -> None:
        self.accounts: dict[CostGroup, CostLine] = {}

    def add(self, order: Order, units: int) -> None:
        """Put the refill of an order on the bill."""
        heading = CostGroup(
            order.service, order.provider or "", order.currency or "", priced=order.price is not None
        )
        self.accounts.setdefault(heading, CostLine()).add(order, units)
