"""Numbers: what is unambiguous is read, and what could be two numbers is not."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.errors import BadInputError
from refilld.orders_file.numbers import MOST_COUNT, amount, currency, is_negative, whole_number


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1,000", 1000), ("12,345,678", 12_345_678), ("1 000", 1000), ("1\u00a0000", 1000),
        ("1\u202f000", 1000), ("1'000", 1000), ("1\u2019000\u2019000", 1_000_000), ("1.000.000", 1_000_000),
        ("3572.0", 3572), ("3572.00", 3572), ("3,572.00", 3572), ("100,0", 100), ("0", 0), ("007", 7),
    ],
)  # fmt: skip
def test_a_whole_number_may_have_separators(text: str, number: int) -> None:
    """Of thousands, and decimals that are 0."""
    assert whole_number("quantity", text, MOST_COUNT) == number


@pytest.mark.parametrize(
    "text", ["1,00,000", "0,500", "1,0000", "1 00", "1,000 000", "1e3", "1.5", "12,5", ".0"]
)
def test_other_separators_are_no_whole_number(text: str) -> None:
    """Nothing is guessed."""
    with pytest.raises(BadInputError, match="is not a whole number; write it like 12000"):
        whole_number("quantity", text, MOST_COUNT)


@pytest.mark.parametrize(("text", "advice"), [("12.345", "12345"), ("1.000", "1000")])
def test_a_point_before_three_digits_is_ambiguous(text: str, advice: str) -> None:
    """The advice is a number that is read."""
    with pytest.raises(BadInputError, match=f"write it without a point: {advice}$"):
        whole_number("quantity", text, MOST_COUNT)
    assert whole_number("quantity", advice, MOST_COUNT) == int(advice)


@given(st.integers(0, 10**11), st.sampled_from([",", " ", "'", "\u00a0"]))
def test_any_grouped_number_is_read_exactly(number: int, separator: str) -> None:
    """With each separator of thousands."""
    assert whole_number("n", f"{number:,}".replace(",", separator), MOST_COUNT) == number


@pytest.mark.parametrize(
    ("text", "negative"), [("-2", True), ("\u22122", True), ("-2.0", True), ("2", False), ("-x", False)]
)
def test_a_negative_number_is_recognised(text: str, negative: bool) -> None:
    """With either minus sign."""
    assert is_negative(text) == negative


@pytest.mark.parametrize(
    ("text", "price", "named"),
    [
        ("$1.50", "1.50", None), ("1,234.50", "1234.50", None), ("$1,234.50", "1234.50", None),
        ("1.234,50", "1234.50", None), ("1 234,50 €", "1234.50", "EUR"), ("€1,50", "1.50", "EUR"),
        ("0.41 USD", "0.41", "USD"), ("USD 0.41", "0.41", "USD"), ("US$5", "5", "USD"), ("R$ 5", "5", "BRL"),
        ("1,234,567", "1234567", None), ("1.234.567", "1234567", None), ("0.27819", "0.27819", None),
        ("12,5", "12.5", None), ("₹99", "99", "INR"),
    ],
)  # fmt: skip
def test_a_price_is_read_with_symbol_and_separators(text: str, price: str, named: str | None) -> None:
    """A dollar sign names no currency, for several have it."""
    assert amount(text) == (Decimal(price), named)


@pytest.mark.parametrize(
    "text",
    [
        "1,500", "-1", "NaN", "5 apples", "1e9", "1234567890123", "0.1234567", "1.2.3", "1,2,3", "1.500,2.3",
        "", "$", "1,23,456.00",
    ],
)  # fmt: skip
def test_an_ambiguous_price_is_not_read(text: str) -> None:
    """Three digits after a comma may be thousands or decimals."""
    with pytest.raises(BadInputError, match="is not a price; write it like"):
        amount(text)


@given(st.text(max_size=20))
def test_any_text_is_a_number_or_one_error(text: str) -> None:
    """The only error is BadInputError."""
    for parse in (lambda: whole_number("n", text, MOST_COUNT), lambda: amount(text), lambda: currency(text)):
        try:
            parse()
        except BadInputError:
            continue


def test_a_currency_may_be_a_symbol_that_stands_for_one() -> None:
    """Letters in any case; nothing else."""
    assert (currency("usd"), currency("€")) == ("USD", "EUR")
    for text in ("dollar", "u\u017fd", "$"):
        with pytest.raises(BadInputError, match="is not a currency; write its three letters, like USD"):
            currency(text)
