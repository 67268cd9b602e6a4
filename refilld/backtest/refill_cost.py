"""Refill cost: refills, units and price of a replay, by service, provider and currency."""

from collections import defaultdict
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Context, Decimal

from monitor.model.order import Order

_CENT = -2
_EXACT = Context(prec=100, rounding=ROUND_HALF_UP)
"""Prices have at most 18 digits and units 13, so that sums are exact."""


@dataclass(frozen=True, slots=True, order=True)
class CostGroup:
    """The group of orders that one line of the cost covers; text is empty when an order does not have it."""

    service: str
    provider: str
    currency: str
    priced: bool
    """Whether the orders have a price."""


@dataclass(slots=True)
class CostLine:
    """Refills, units and price of one group."""

    refills: int = 0
    units: int = 0
    cost_by_quantity: defaultdict[int, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    """Price times units, by quantity of the order; divided and rounded only in `price`."""
    finest: int = _CENT
    """Exponent of the finest decimal among the prices."""

    def add(self, order: Order, units: int) -> None:
        self.refills += 1
        self.units += units
        if order.price is not None:
            amount = _EXACT.multiply(order.price, Decimal(units))
            self.cost_by_quantity[order.quantity] = _EXACT.add(self.cost_by_quantity[order.quantity], amount)
            exponent = order.price.as_tuple().exponent
            self.finest = min(self.finest, exponent if isinstance(exponent, int) else _CENT)

    def merge(self, other: "CostLine") -> None:
        """Add another line to this one."""
        self.refills += other.refills
        self.units += other.units
        self.finest = min(self.finest, other.finest)
        for quantity, amount in other.cost_by_quantity.items():
            self.cost_by_quantity[quantity] = _EXACT.add(self.cost_by_quantity[quantity], amount)

    @property
    def price(self) -> Decimal:
        """Price of the units, to the cent or to the decimals of the prices."""
        shares = (
            _EXACT.divide(amount, Decimal(quantity))
            for quantity, amount in sorted(self.cost_by_quantity.items())
        )
        total = Decimal(0)
        for share in shares:
            total = _EXACT.add(total, share)
        return total.quantize(Decimal(1).scaleb(self.finest), context=_EXACT)


class RefillCost:
    """The cost of all refills of one replay, by group."""

    def __init__(self) -> None:
        self.lines: dict[CostGroup, CostLine] = {}

    def add(self, order: Order, units: int) -> None:
        """Add a refill of an order."""
        group = CostGroup(
            order.service, order.provider or "", order.currency or "", priced=order.price is not None
        )
        self.lines.setdefault(group, CostLine()).add(order, units)
