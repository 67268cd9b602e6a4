"""Numbers in words."""

import pytest

from monitor.model.number_words import counted, significant


@pytest.mark.parametrize(
    ("number", "shown"), [(0, "0 orders"), (1, "1 order"), (2, "2 orders"), (1234, "1,234 orders")]
)
def test_a_noun_has_its_plural(number: int, shown: str) -> None:
    assert counted(number, "order") == shown


@pytest.mark.parametrize(
    ("value", "digits", "shown"),
    [
        (1440, 3, "1,440"),
        (27, 3, "27"),
        (999.6, 3, "1,000"),
        (28.8, 3, "28.8"),
        (99.6, 2, "100"),
        (2.31, 2, "2.3"),
    ],
)
def test_numbers_are_written_in_decimal_notation(value: float, digits: int, shown: str) -> None:
    """Without an exponent."""
    assert significant(value, digits) == shown
