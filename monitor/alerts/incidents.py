"""Incidents: what fires now, by kind, metric, service, provider and source, and never by order or link."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

from monitor.events.catalogue import CATALOGUE, severity_of
from monitor.events.event import Subject
from monitor.events.kind import EventKind

FIRES_FOR = timedelta(minutes=5)
"""How long an incident fires without being told again; also how long one without an end fires."""
Labels: TypeAlias = tuple[tuple[str, str], ...]
_LABELS = ("metric", "service", "provider", "source")


@dataclass(frozen=True, slots=True)
class Sign:
    """One event that makes an incident fire."""

    kind: EventKind
    subject: Subject
    at: datetime
    lasts: bool
    """Whether it begins a problem, which fires until its end."""


@dataclass(frozen=True, slots=True)
class Incident:
    """What fires under one set of labels."""

    labels: Labels
    summary: str
    count: int
    starts_at: datetime
    ends_at: datetime


def incidents_of(signs: Iterable[Sign], now: datetime) -> dict[Labels, Incident]:
    """The incidents of these events, by their labels."""
    groups: defaultdict[Labels, list[Sign]] = defaultdict(list)
    for sign in signs:
        groups[labels_of(sign.kind, sign.subject)].append(sign)
    return {labels: _incident(labels, group, now) for labels, group in groups.items()}


def labels_of(kind: EventKind, subject: Subject) -> Labels:
    """The labels of an incident; only those that apply."""
    values: Mapping[str, str | None] = {name: getattr(subject, name) for name in _LABELS}
    labels = {"alertname": str(kind), "severity": str(severity_of(kind)), "job": "refilld"}
    return tuple(sorted((labels | {name: str(value) for name, value in values.items() if value}).items()))


def _incident(labels: Labels, group: list[Sign], now: datetime) -> Incident:
    last = max(sign.at for sign in group)
    ends = now + FIRES_FOR if any(sign.lasts for sign in group) else last + FIRES_FOR
    meaning = CATALOGUE[group[0].kind].meaning
    return Incident(labels, meaning, len(group), min(sign.at for sign in group), ends)
