"""Whether a silence can match anything that is known; a mistyped one would keep nothing back."""

from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from enum import StrEnum

from monitor.alerts.matchers import Matcher, Operation
from monitor.events.kind import EventKind
from monitor.events.severity import Severity
from monitor.model.target import Metric
from monitor.sources.registry import installed
from refilld.settings.settings import Settings
from storage import label_values
from storage.engine import Transaction

_LEAST_LIKENESS = 0.5
_WORDS: Mapping[str, Iterable[StrEnum]] = {"kind": EventKind, "severity": Severity, "metric": Metric}


def unmatched(tx: Transaction, settings: Settings, matchers: Iterable[Matcher]) -> Iterator[str]:
    """A sentence for each matcher that no known value fulfils, with the nearest one."""
    for matcher in matchers:
        known = _known(tx, settings, matcher)
        if any(matcher.matches({matcher.label: value}) for value in ("", *known)):
            continue
        says = f"{matcher} matches nothing that is known"
        near = get_close_matches(matcher.value, known, n=1, cutoff=_LEAST_LIKENESS)
        yield f'{says}; did you mean "{near[0]}"?' if near else says


def _known(tx: Transaction, settings: Settings, matcher: Matcher) -> list[str]:
    """The values that the label of a matcher can have; of names that are many, only the one it asks for."""
    label = matcher.label
    if label in _WORDS:
        return list(map(str, _WORDS[label]))
    if label == "source":
        return [*installed(), *settings.enabled_sources]
    if label in {"service", "provider"}:
        sold = label_values.of_orders(tx, label)
        return [*settings.services, *sold] if label == "service" else sold
    exact = matcher.operation is Operation.EQUAL
    found = not exact or label_values.exists(tx, label, matcher.value)
    return [matcher.value] if found else []
