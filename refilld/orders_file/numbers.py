"""Numbers as panels and spreadsheets write them; what could mean two numbers is refused."""

import re
from decimal import Decimal

from monitor.errors import BadInputError
from refilld.orders_file.cells import shown

MOST_UNITS = 1_000_000_000
MOST_COUNT = 10**12

_MOST_DIGITS = 100  # the conversion of more digits is slow
_DECIMALS_OF_ZERO = re.compile(r"[.,]0{1,2}")
_BLANK = "[ \u00a0\u202f\u2009'\u2019]"
"""Blanks of several widths, and the apostrophe of Switzerland."""
_THOUSANDS = re.compile(
    rf"[1-9][0-9]{{0,2}}(?:(?:,[0-9]{{3}})+|(?:{_BLANK}[0-9]{{3}})+|(?:\.[0-9]{{3}}){{2,}})"
)
_POINT_AND_THREE = re.compile(r"[1-9][0-9]{0,2}\.[0-9]{3}")
_NOT_DIGITS = re.compile(r"[^0-9]")

_SYMBOLS = {
    "€": "EUR", "£": "GBP", "₹": "INR", "₺": "TRY", "₽": "RUB", "₴": "UAH", "₫": "VND", "₱": "PHP",
    "₦": "NGN", "₩": "KRW", "฿": "THB", "₪": "ILS", "R$": "BRL", "US$": "USD",
}  # fmt: skip
"""The currencies of symbols that stand for one only: a dollar sign does not."""
_SIGN = r"[$€£₹₺₽₴₫₱₦₩฿₪¥]|R\$|US\$|[A-Z]{3}"
_MONEY = re.compile(
    rf"(?P<before>{_SIGN})?\s?(?P<number>[0-9][0-9.,'\u2019\u00a0\u202f\u2009 ]*)\s?(?P<after>{_SIGN})?"
)
_AMOUNT = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,6})?")
_COMMA_AND_THREE = re.compile(r"[0-9]{1,3},[0-9]{3}")
_CURRENCY = re.compile(r"[A-Z]{3}")


def whole_number(field: str, text: str, most: int) -> int:
    """Parse a whole number from 0 to `most`; raises BadInputError with the remedy."""
    digits = text if text.isascii() and text.isdigit() else _without_separators(field, text)
    if len(digits) > _MOST_DIGITS:
        raise BadInputError(field, f"{shown(text)} is not a whole number; write it like 12000")
    number = int(digits)
    if number > most:
        raise BadInputError(field, f"{shown(text)} is more than {most}")
    return number


def is_negative(text: str) -> bool:
    """Whether this is a whole number below 0."""
    sign, rest = text[:1], text[1:]
    return sign in {"-", "\u2212"} and rest.isascii() and _without_zeros(rest).isdigit()


def amount(text: str) -> tuple[Decimal, str | None]:
    """Parse a price, with the currency if it names one; raises BadInputError("price", …)."""
    if _AMOUNT.fullmatch(text):
        return Decimal(text), None
    found = _MONEY.fullmatch(text)
    number = _plain_amount(found["number"].strip()) if found else None
    if found is None or number is None:
        raise BadInputError(
            "price",
            f"{shown(text)} is not a price; write it like 12.50, with at most 12 digits before the point"
            " and 6 after it, and the currency in its own column",
        )
    named = {_currency_of(sign) for sign in (found["before"], found["after"]) if sign} - {None}
    return Decimal(number), named.pop() if len(named) == 1 else None


def currency(text: str) -> str:
    """Parse a currency; raises BadInputError("currency", …)."""
    # Checked before upper(), which turns some letters of other alphabets into ASCII.
    if text in _SYMBOLS:
        return _SYMBOLS[text]
    if not text.isascii() or _CURRENCY.fullmatch(text.upper()) is None:
        raise BadInputError("currency", f"{shown(text)} is not a currency; write its three letters, like USD")
    return text.upper()


def _without_separators(field: str, text: str) -> str:
    if is_negative(text):
        raise BadInputError(field, f"{shown(text)} is negative; write 0 or more")
    whole = _without_zeros(text)
    if whole.isascii() and whole.isdigit():
        return whole
    if _THOUSANDS.fullmatch(whole):
        return _NOT_DIGITS.sub("", whole)
    if _POINT_AND_THREE.fullmatch(text):
        written = text.replace(".", "")
        raise BadInputError(
            field,
            f"{shown(text)} may be {written} or a number with decimals; write it without a point: {written}",
        )
    raise BadInputError(field, f"{shown(text)} is not a whole number; write it like 12000")


def _without_zeros(text: str) -> str:
    """The text without decimals that are 0, which spreadsheets and data frames add to whole numbers."""
    found = _DECIMALS_OF_ZERO.search(text, max(len(text) - 3, 1))
    return text[: found.start()] if found and found.end() == len(text) else text


def _plain_amount(text: str) -> str | None:
    """The amount with a decimal point and without separators of thousands; None if it is ambiguous."""
    text = (
        re.sub(_BLANK, "", text)
        if re.fullmatch(rf"[0-9]{{1,3}}(?:{_BLANK}[0-9]{{3}})+(?:[.,][0-9]{{1,6}})?", text)
        else text
    )
    point, comma = text.rfind("."), text.rfind(",")
    if point >= 0 and comma >= 0:  # the last one is the decimal separator, and the other one groups
        group, decimal = (",", ".") if point > comma else (".", ",")
        whole, _, rest = text.partition(decimal)
        grouped = re.fullmatch(rf"[0-9]{{1,3}}(?:\{group}[0-9]{{3}})+", whole)
        text = f"{whole.replace(group, '')}.{rest}" if grouped else ""
    elif text.count(",") > 1 or text.count(".") > 1:
        text = _NOT_DIGITS.sub("", text) if _THOUSANDS.fullmatch(text) else ""
    elif comma >= 0:
        text = "" if _COMMA_AND_THREE.fullmatch(text) else text.replace(",", ".")
    return text if _AMOUNT.fullmatch(text) else None


def _currency_of(sign: str) -> str | None:
    return _SYMBOLS.get(sign, sign if _CURRENCY.fullmatch(sign) else None)
