"""Sums in queries: whole numbers on both engines, and 0 without rows."""

from sqlalchemy import BigInteger, ColumnElement, ScalarSelect, case, cast, func

from storage.schema import refills

DELIVERED_UNITS = case(
    (refills.c.delivered < refills.c.quantity, refills.c.delivered), else_=refills.c.quantity
)
"""Delivered units of a completed refill, never more than were owed; the units owed of any other."""


def total(values: ColumnElement[int] | ScalarSelect[int]) -> ColumnElement[int]:
    """The sum of values as a whole number, which PostgreSQL would make a Decimal; 0 without rows."""
    return cast(func.coalesce(func.sum(values), 0), BigInteger)


def number_of(condition: ColumnElement[bool]) -> ColumnElement[int]:
    """The number of rows that meet a condition."""
    return total(case((condition, 1), else_=0))
