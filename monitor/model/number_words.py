"""Numbers as people read them."""


def counted(number: int, noun: str) -> str:
    """A number with its noun."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def significant(value: float, digits: int) -> str:
    """A number rounded to `digits` significant digits, or to a whole number when that has more."""
    return f"{value:,.0f}" if value > 10**digits - 1 else f"{value:.{digits}g}"
