"""Cells of a row: one parser per kind of value; each raises BadInputError with the fault and the remedy."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from monitor.errors import BadInputError
from monitor.model.instants import EPOCH
from monitor.model.order import OrderStatus
from monitor.model.target import Metric

Cells = Mapping[str, str]

MOST_UNITS = 1_000_000_000
MOST_COUNT = 10**12
CLOCK_TOLERANCE = timedelta(minutes=5)
"""How far the panel's clock may be ahead of ours."""

_EARLIEST = datetime(2010, 1, 1, tzinfo=UTC)  # Instagram's first year
# Control characters, line separators, bidirectional marks, and surrogates.
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_WHOLE = re.compile(r"[0-9]{1,100}")  # the conversion of more digits is slow
_MONEY = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,6})?")
_DECIMAL_COMMA = re.compile(r"[0-9]{1,12},(?:[0-9]{1,2}|[0-9]{4,6})")  # three digits could be thousands
_CURRENCY = re.compile(r"[A-Z]{3}")
_UNIX_SECONDS = re.compile(r"[0-9]{1,11}")
_RFC3339 = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ]([0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?)"
    r"(Z|z|[+-][0-9]{2}:[0-9]{2})?"
)
_BLANKS = re.compile(r"[\s_-]+")
_METRICS = {str(metric): metric for metric in Metric}
_STATUSES = {status.lower(): status for status in OrderStatus} | {"cancelled": OrderStatus.CANCELED}


def shown(text: str, longest: int = 60) -> str:
    """Quote untrusted text for a message: unprintable characters escaped, length limited."""
    return repr(text if len(text) <= longest else text[:longest] + "…")


def text_cell(cells: Cells, field: str, longest: int) -> str | None:
    """Return the trimmed text, or None when the cell is empty."""
    text = cells.get(field, "").strip()
    if len(text) > longest:
        raise BadInputError(field, f"{shown(text)} is longer than {longest} characters")
    if not text.isprintable() and _UNSAFE.search(text):
        raise BadInputError(field, f"{shown(text)} has a control character; remove it")
    return text or None


def needed_text(cells: Cells, field: str, longest: int) -> str:
    """Return the trimmed text, which must not be empty."""
    text = text_cell(cells, field, longest)
    if text is None:
        raise BadInputError(field, "is missing; every order needs it")
    return text


def whole_cell(cells: Cells, field: str, most: int) -> int | None:
    """Return a whole number from 0 to `most` in ASCII digits, or None when the cell is empty."""
    text = cells.get(field, "").strip()
    if not text:
        return None
    if text.startswith("-") and _WHOLE.fullmatch(text[1:]):
        raise BadInputError(field, f"{shown(text)} is negative; write 0 or more")
    if _WHOLE.fullmatch(text) is None:
        raise BadInputError(field, f"{shown(text)} is not a whole number; write it like 12000")
    if int(text) > most:
        raise BadInputError(field, f"{shown(text)} is more than {most}")
    return int(text)


def quantity_cell(cells: Cells) -> int:
    quantity = whole_cell(cells, "quantity", MOST_UNITS)
    if quantity is None:
        raise BadInputError("quantity", "is missing; every order needs it")
    if quantity == 0:
        raise BadInputError("quantity", "'0' is no order; write how many units were sold")
    return quantity


def remains_cell(cells: Cells, quantity: int) -> int:
    remains = whole_cell(cells, "remains", MOST_COUNT) or 0
    if remains > quantity:
        raise BadInputError("remains", f"'{remains}' is more than the quantity {quantity}")
    return remains


def status_cell(cells: Cells) -> OrderStatus:
    text = needed_text(cells, "status", 100)
    status = _STATUSES.get(_BLANKS.sub(" ", text.lower()))
    if status is None:
        raise BadInputError("status", f"{shown(text)} is not known; write one of {', '.join(OrderStatus)}")
    return status


def completed_cell(cells: Cells, status: OrderStatus, now: datetime) -> datetime | None:
    """Return the time of completion in UTC; None for an undelivered order, whatever the cell holds."""
    if not status.delivered:
        return None
    text = cells.get("completed_at", "").strip()
    if not text:
        raise BadInputError("completed_at", f"is missing; an order with status {status} needs it")
    at = _time(text)
    if at is None:
        raise BadInputError(
            "completed_at",
            f"{shown(text)} is not a time; write it like 2026-01-02T03:04:05Z, or in Unix seconds",
        )
    if at > now + CLOCK_TOLERANCE:
        raise BadInputError("completed_at", f"{shown(text)} lies in the future; check its offset from UTC")
    if at < _EARLIEST:
        raise BadInputError("completed_at", f"{shown(text)} is before 2010; there was no Instagram then")
    return at


def metric_cell(cells: Cells) -> Metric | None:
    text = text_cell(cells, "metric", 100)
    if text is None:
        return None
    metric = _METRICS.get(text.lower())
    if metric is None:
        raise BadInputError("metric", f"{shown(text)} is not counted; write one of {', '.join(Metric)}")
    return metric


def price_cell(cells: Cells) -> Decimal | None:
    text = cells.get("price", "").strip()
    if not text:
        return None
    if _DECIMAL_COMMA.fullmatch(text) is not None:
        text = text.replace(",", ".")
    if _MONEY.fullmatch(text) is None:
        raise BadInputError(
            "price",
            f"{shown(text)} is not a price; write it like 12.50, with at most 12 digits before the point"
            " and 6 after it, and the currency in its own column",
        )
    return Decimal(text)


def currency_cell(cells: Cells) -> str | None:
    text = cells.get("currency", "").strip()
    if not text:
        return None
    # Checked before upper(), which turns some letters of other alphabets into ASCII.
    if not text.isascii() or _CURRENCY.fullmatch(text.upper()) is None:
        raise BadInputError("currency", f"{shown(text)} is not a currency; write its three letters, like USD")
    return text.upper()


def _time(text: str) -> datetime | None:
    """Parse RFC 3339 (UTC unless it has an offset) or Unix seconds; None when it is neither."""
    if _UNIX_SECONDS.fullmatch(text):
        return EPOCH + timedelta(seconds=int(text))
    found = _RFC3339.fullmatch(text)
    if found is None:
        return None
    try:
        read = datetime.fromisoformat(f"{found[1]}T{found[2]}{(found[3] or 'Z').upper()}")
        return read.astimezone(UTC)
    except (ValueError, OverflowError):  # the 30th of February; an offset that leaves the range of datetime
        return None
