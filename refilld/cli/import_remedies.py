"""What an import asks the operator to configure: one line per service or status, and TOML to paste."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from monitor.model.number_words import counted
from monitor.model.order import OrderStatus
from monitor.model.service import Services
from monitor.model.target import Metric
from refilld.orders_file import Refused
from refilld.orders_file.cells import UnknownStatusError
from refilld.orders_file.conventions import normalized_status
from refilld.orders_file.service_fault import ServiceFaultError
from refilld.terminal import printable
from refilld.toml_format import toml_string

E = TypeVar("E", ServiceFaultError, UnknownStatusError)
MOST_GROUPS = 500
"""Services and statuses that are told one by one; the rows of further ones are told row by row."""
_WORDS = {
    Metric.LIKES: re.compile(r"\blikes?\b", re.IGNORECASE),
    Metric.VIEWS: re.compile(r"\b(?:views?|plays?)\b", re.IGNORECASE),
}
_MEANINGS = {
    OrderStatus.COMPLETED: {"success", "successful", "done", "complete", "finished", "delivered"},
    OrderStatus.FAIL: {"failed", "failure", "error", "rejected"},
    OrderStatus.PENDING: {"awaiting", "waiting", "queued", "new"},
    OrderStatus.IN_PROGRESS: {"inprogress", "running", "active", "started"},
    OrderStatus.PARTIAL: {"partially completed", "partially"},
    OrderStatus.CANCELED: {"cancel"},
    OrderStatus.REFUNDED: {"refund"},
}
"""Meanings that are proposed for statuses of other panels; none is used before it is configured."""


@dataclass(slots=True)
class _Group(Generic[E]):
    """The rows that one service or status stops."""

    error: E
    line: int
    rows: int = 0

    @property
    def where(self) -> str:
        return f"{counted(self.rows, 'row')} refused, first in line {self.line}"


class ImportRemedies:
    """Collects the rows that are refused for a reason that the configuration can remove."""

    def __init__(self, services: Services, *, has_statuses: bool) -> None:
        """`has_statuses`: whether the configuration has a section `[orders.statuses]`."""
        self._services = services
        self._has_statuses = has_statuses
        self._by_service: dict[str, _Group[ServiceFaultError]] = {}
        self._by_status: dict[str, _Group[UnknownStatusError]] = {}

    def add(self, row: Refused) -> bool:
        """Count the row with those of its service or status; False if it must be told by itself."""
        error = row.error
        if isinstance(error, ServiceFaultError):
            group = _counted(self._by_service, error.service, row.line, error)
            if group is not None:
                group.error = group.error.also(error)
            return group is not None
        if isinstance(error, UnknownStatusError):
            return _counted(self._by_status, error.text, row.line, error) is not None
        return False

    def lines(self) -> Iterator[str]:
        """One line per service and per status."""
        for service, group in self._by_service.items():
            yield f'service "{printable(service)}" ({group.where}): {_asked(group.error)}'
        for stopped in self._by_status.values():
            yield f"{stopped.error} ({stopped.where})"

    def toml(self) -> Iterator[str]:
        """What to add to the configuration, in lines; nothing if nothing is asked."""
        new = {name: group for name, group in self._by_service.items() if self._spelled(name) is None}
        if new or (self._by_status and not self._has_statuses):
            yield "add to the configuration, and import again (ignore = true skips the rows of a service):"
            for name, group in new.items():
                yield ""
                yield f"[services.{toml_string(name)}]"
                yield from _keys(group.error)
            if not self._has_statuses:
                yield from self._statuses(with_header=True)
        for name, group in self._by_service.items():
            spelled = self._spelled(name)
            if spelled is not None:
                yield f"put this directly below [services.{toml_string(spelled)}], and import again:"
                yield from _keys(group.error)
        if self._by_status and self._has_statuses:
            yield (
                "put this directly below [orders.statuses], or with commas between the braces of"
                " statuses = { }, and import again:"
            )
            yield from self._statuses(with_header=False)

    def facts(self) -> list[dict[str, object]]:
        """The same for programs."""
        services = [
            {"service": name, "rows": group.rows, "first_line": group.line, "problem": _asked(group.error)}
            for name, group in self._by_service.items()
        ]
        statuses = [
            {"status": name, "rows": group.rows, "first_line": group.line, "problem": group.error.problem}
            for name, group in self._by_status.items()
        ]
        return [*services, *statuses]

    def _spelled(self, service: str) -> str | None:
        return self._services.spelled(service)

    def _statuses(self, *, with_header: bool) -> Iterator[str]:
        if self._by_status and with_header:
            yield ""
            yield "[orders.statuses]"
        for text in self._by_status:
            meaning = _meaning(text)
            active = "" if meaning else "# "
            choice = f"one of {', '.join(OrderStatus)}"
            note = "" if meaning else f"  # what does it mean? {choice}"
            yield f"{active}{toml_string(text)} = {toml_string(meaning or OrderStatus.COMPLETED)}{note}"


def _counted(groups: dict[str, _Group[E]], key: str, line: int, error: E) -> _Group[E] | None:
    """Count a row; None if there are too many groups for one more."""
    if key not in groups and len(groups) >= MOST_GROUPS:
        return None
    group = groups.setdefault(key, _Group(error, line))
    group.rows += 1
    return group


def _asked(error: ServiceFaultError) -> str:
    if error.foreign and not error.metrics and not error.unread:
        return "it is not configured, and its links are not on instagram.com"
    parts = []
    if error.metrics:
        parts.append("the configuration does not say what it delivers")
    if error.unread:
        parts.append(f'the guarantee in its name "{printable(error.name)}" cannot be read')
    return ", and ".join(parts)


def _keys(error: ServiceFaultError) -> Iterator[str]:
    """The keys that the section of a service needs."""
    if error.foreign and not error.metrics and not error.unread:
        yield "ignore = true  # its links are not on instagram.com"
    if error.metrics:
        yield from _metric_keys(error)
    if error.unread:
        yield 'terms = "default"  # or the name of other terms, such as [terms.NAME] with its window'


def _metric_keys(error: ServiceFaultError) -> Iterator[str]:
    """The metric, if link or name leave only one; else all that are possible, to choose from."""
    named = [metric for metric in error.metrics if metric in _WORDS and _WORDS[metric].search(error.name)]
    possible = error.metrics if len(error.metrics) == 1 else named
    if len(possible) == 1:
        yield f'metric = "{possible[0]}"'
        return
    for metric in error.metrics:
        yield f'# metric = "{metric}"  # choose one of these, and remove its first #'


def _meaning(status: str) -> OrderStatus | None:
    word = normalized_status(status)
    return next((meaning for meaning, words in _MEANINGS.items() if word in words), None)
