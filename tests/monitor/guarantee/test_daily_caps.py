"""Daily caps: what is exactly at a cap still fits."""

from decimal import Decimal

from monitor.guarantee.daily_caps import SHOP, Amounts, DailyCaps, QueuedUnits, used_with


def test_three_thirds_of_a_price_are_the_price() -> None:
    """The shares of a price have no end in decimals; their sum must not exceed the cap by that."""
    caps = DailyCaps({SHOP: Amounts(0, {"USD": Decimal(50)})})
    third = QueuedUnits("1", None, Decimal(100), "USD", 600, 100)
    used = used_with(used_with({}, [third]), [third])
    assert caps.exceeded(third, used) == ()
    cent = QueuedUnits("1", None, Decimal("0.01"), "USD", 1, 1)
    assert caps.exceeded(cent, used_with(used, [third])) == (SHOP,)
