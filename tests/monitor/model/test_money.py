"""Amounts of money are rounded once, whatever their size."""

from decimal import Decimal

import pytest

from monitor.model.money import rounded


@pytest.mark.parametrize(
    ("amount", "smallest", "expected"),
    [
        ("2.345", "0.01", "2.35"),
        ("2.344999", "0.01", "2.34"),
        ("999999999999999999999999", "0.000001", "999999999999999999999999.000000"),
    ],
)
def test_an_amount_is_rounded_to_its_smallest_amount(amount: str, smallest: str, expected: str) -> None:
    """Halves up; also one with more digits than decimals of Python have by default."""
    assert str(rounded(Decimal(amount), Decimal(smallest))) == expected
