"""The first line of a message with many alerts: what they say together, by service."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from monitor.model.number_words import counted
from monitor.model.sums import Item, Sum, grouped, sum_words, summed

FROM = 10
"""Alerts of the smallest message that has a summary."""
MOST_SERVICES = 5
"""Services that are named."""
_DECISIONS = {
    "refill": "queued",
    "hold": "held for your approval",
    "refuse": "refused",
    "wait": "waiting",
}


@dataclass(frozen=True, slots=True)
class _Told:
    """What one alert adds to the summary."""

    service: str | None
    missing: int
    refills: Item
    decision: str


def summary(alerts: Iterable[tuple[str | None, Mapping[str, Any]]]) -> str:
    """The line for alerts with these services and payloads; empty if they have nothing to add up."""
    told = [_told(service, payload) for service, payload in alerts if "missing" in payload]
    if len(told) < FROM:
        return ""
    parts = [f"{counted(len(told), 'drop')}, {counted(sum(one.missing for one in told), 'unit')} missing"]
    decisions = Counter(one.decision for one in told)
    parts += [
        f"{_DECISIONS.get(decision, decision)}: {_refills(told, decision)}" for decision in sorted(decisions)
    ]
    services = grouped((one.service, one.refills) for one in told if one.refills.number)
    if len(services) > 1:
        parts.append(_by_service(services))
    return "; ".join(parts)


def mass_drop_summary(metric: str, fallen: Sum, held: Sum) -> str:
    """What a mass drop has cost so far; its event has the numbers of its first moment only."""
    waits = sum_words(held) if held.number else "nothing yet"
    return f"{metric} so far: {sum_words(fallen, 'drop')}; held for your decision: {waits}"


def _told(service: str | None, payload: Mapping[str, Any]) -> _Told:
    price = payload.get("price")
    units = int(payload["quantity"])
    amount = None if price is None or not units else Decimal(price)
    refills = Item(1 if units else 0, units, amount, None if amount is None else payload.get("currency"))
    return _Told(service, int(payload["missing"]), refills, str(payload["action"]))


def _refills(told: Iterable[_Told], decision: str) -> str:
    these = [one for one in told if one.decision == decision]
    refills = summed(one.refills for one in these)
    return sum_words(refills) if refills.number else counted(len(these), "drop")


def _by_service(services: list[tuple[str | None, Sum]]) -> str:
    named = [f"service {name or '(none)'}: {sum_words(found)}" for name, found in services[:MOST_SERVICES]]
    more = len(services) - MOST_SERVICES
    return ", ".join(named) + (f" and {counted(more, 'service')} more" if more > 0 else "")
