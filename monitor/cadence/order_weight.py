"""The weight of an order in the allocation of looks."""

MIN_PRICE_FACTOR, MAX_PRICE_FACTOR = 1 / 8, 8.0
"""Bounds of the factor that an order's price has on its weight."""


def order_weight(threshold: int, unit_price: float | None, going_rate: float | None) -> float:
    """Return the threshold in units, times the ratio of the unit price to the going rate.

    `going_rate` is the usual price of a unit of the same metric in the same currency. If the price or the
    rate is unknown the factor is 1, so that orders with and without a price are on one scale.
    """
    if not unit_price or not going_rate or unit_price < 0 or going_rate < 0:
        return float(threshold)
    return threshold * min(max(unit_price / going_rate, MIN_PRICE_FACTOR), MAX_PRICE_FACTOR)
