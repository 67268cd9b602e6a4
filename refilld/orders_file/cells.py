"""Cells of a row: texts and words; each parser raises BadInputError with the fault and the remedy."""

import re
from collections.abc import Mapping

from monitor.errors import BadInputError
from monitor.model.order import OrderStatus
from monitor.model.target import Metric
from refilld.orders_file.conventions import normalized_status

Cells = Mapping[str, str]

# Control characters, line separators, bidirectional marks, and surrogates.
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_NOTHING = frozenset(
    {"-", "--", "\u2010", "\u2011", "\u2012", "\u2013", "\u2014", "\u2015", "\u2212"}
    | {"n/a", "#n/a", "null", "(null)", "none", "nil", "nan", "undefined"}
)
_LONGEST_NOTHING = max(map(len, _NOTHING))
NO_IDS = frozenset({".", ".."})
"""Clients take them for folders when they send the path of a URL."""
_ROUNDED_ID = re.compile(r"[0-9](?:[.,][0-9]+)?[eE]\+[0-9]{1,3}")
_METRICS = {str(metric): metric for metric in Metric}
_SPELLED = {status.value: status for status in OrderStatus}
_STATUSES = {status.lower(): status for status in OrderStatus} | {"cancelled": OrderStatus.CANCELED}


class UnknownStatusError(BadInputError):
    """The status is none that is known or configured; every row with it is refused for the same reason."""

    def __init__(self, text: str) -> None:
        super().__init__("status", f"{shown(text)} is not known; write one of {', '.join(OrderStatus)}")
        self.text = text


def shown(text: str, longest: int = 60) -> str:
    """Quote untrusted text for a message: unprintable characters escaped, length limited."""
    return repr(text if len(text) <= longest else text[:longest] + "…")


def filled(cells: Cells) -> Cells:
    """The trimmed texts, without those that are empty or stand for nothing, like a dash or n/a."""
    return {
        field: text
        for field, cell in cells.items()
        if (text := cell.strip()) and (len(text) > _LONGEST_NOTHING or text.lower() not in _NOTHING)
    }


def text_cell(cells: Cells, field: str, longest: int) -> str | None:
    """Return the text of a filled cell, or None."""
    text = cells.get(field)
    return None if text is None else checked_text(field, text, longest)


def checked_text(field: str, text: str, longest: int) -> str:
    """Return the text; raises BadInputError if it is too long or has control characters."""
    if len(text) > longest:
        raise BadInputError(field, f"{shown(text)} is longer than {longest} characters")
    if not text.isprintable() and _UNSAFE.search(text):
        raise BadInputError(field, f"{shown(text)} has a control character; remove it")
    return text


def needed_text(cells: Cells, field: str, longest: int) -> str:
    """Return the text of a cell that must be filled."""
    text = text_cell(cells, field, longest)
    if text is None:
        raise BadInputError(field, "is missing; every order needs it")
    return text


def id_cell(cells: Cells, longest: int) -> str:
    """Return the order's id; one that a spreadsheet has rounded, or that no address can name, is refused."""
    text = needed_text(cells, "order_id", longest)
    if text in NO_IDS:
        problem = f"{shown(text)} cannot be written in an address; give the order another id"
        raise BadInputError("order_id", problem)
    if text[-1].isdigit() and _ROUNDED_ID.fullmatch(text):
        raise BadInputError(
            "order_id",
            f"{shown(text)} is an id that a spreadsheet has rounded; import the panel's own export,"
            " or format the column as text before the spreadsheet reads it",
        )
    return text


def status_cell(cells: Cells, configured: Mapping[str, OrderStatus]) -> OrderStatus:
    """Return the status; the `configured` ones, by their normalized spelling, take precedence."""
    text = needed_text(cells, "status", 100)
    if not configured and text in _SPELLED:
        return _SPELLED[text]
    name = normalized_status(text)
    status = configured.get(name) or _STATUSES.get(name)
    if status is None:
        raise UnknownStatusError(text)
    return status


def metric_cell(cells: Cells) -> Metric | None:
    text = text_cell(cells, "metric", 100)
    if text is None:
        return None
    metric = _METRICS.get(text.lower())
    if metric is None:
        raise BadInputError("metric", f"{shown(text)} is not counted; write one of {', '.join(Metric)}")
    return metric
