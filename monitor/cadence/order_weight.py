"""Worth: what an order weighs when looks are handed out."""

LEAST, MOST = 1 / 8, 8.0
"""A price may make an order weigh at most this many times less, or more, than its units alone would."""


def order_weight(threshold: int, unit_price: float | None, going_rate: float | None) -> float:
    """Units at stake at the threshold, times how its price compares with the going rate.

    `going_rate` is what a unit of the same metric usually costs in the same currency. Where the price or the
    rate is not known the factor is 1, so that orders with and without a price are weighed on one scale.
    """
    if not unit_price or not going_rate or unit_price < 0 or going_rate < 0:
        return float(threshold)
    return threshold * min(max(unit_price / going_rate, LEAST), MOST)
