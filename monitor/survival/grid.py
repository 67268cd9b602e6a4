"""The grid of ages on which curves are estimated: points six hours apart, from the completion of an order.

Every look is dated at the nearest point, and of an order's looks at one point only the last is used. So the
intervals of an order never overlap; with overlapping ones the estimate would pile up where they do.
"""

from datetime import timedelta

CELL = timedelta(hours=6)
HORIZON = timedelta(days=90)
"""The greatest age that is estimated."""
LAST_POINT = HORIZON // CELL


def grid_point(age: timedelta) -> int:
    """The point that is nearest to an age; halves up."""
    return (2 * age + CELL) // (2 * CELL)


def age_at(point: int) -> timedelta:
    """The age at a point."""
    return point * CELL
