"""Whole numbers that somebody has typed."""

import pytest

from monitor.model.whole_number import whole_number


@pytest.mark.parametrize(("text", "number"), [("0", 0), ("007", 7), ("120", 120)])
def test_digits_are_a_number_up_to_the_most(text: str, number: int) -> None:
    assert whole_number(text, 120) == number


@pytest.mark.parametrize("text", ["", "-1", "+1", " 1", "1_0", "1e2", "\u0663", "\u00b2", "121", "9" * 5000])
def test_everything_else_is_none(text: str) -> None:
    assert whole_number(text, 120) is None
