"""A subscription: which events an endpoint gets."""

from collections.abc import Iterable
from dataclasses import dataclass

from monitor.errors import BadInputError
from monitor.events.event import Subject
from monitor.events.kind import EventKind
from monitor.model.target import Metric

ALL = "*"
NOT_SENT = frozenset(
    {
        EventKind.DIGEST_DUE,
        EventKind.WEBHOOK_TEST,
        EventKind.WEBHOOK_ADDED,
        EventKind.WEBHOOK_ROTATED,
        EventKind.WEBHOOK_ENABLED,
        EventKind.WEBHOOK_REMOVED,
        EventKind.WEBHOOK_REPLAYED,
    }
)
"""Kinds that nobody subscribes to: a digest is for one receiver and names customers, a test is for one
endpoint, the others are for the audit trail."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """Kinds of events and filters; a filter without values lets everything pass."""

    kinds: tuple[str, ...] = (ALL,)
    """Kinds such as `refill.dead`, and patterns: `drop.*`, or `*` for all."""
    services: tuple[str, ...] = ()
    providers: tuple[str, ...] = ()
    metrics: tuple[Metric, ...] = ()

    def wants(self, kind: EventKind, subject: Subject) -> bool:
        """Whether an event is sent; one without a service passes no filter of services."""
        filters = (
            (self.services, subject.service),
            (self.providers, subject.provider),
            (self.metrics, subject.metric),
        )
        if kind in NOT_SENT or not any(_matches(pattern, kind) for pattern in self.kinds):
            return False
        return all(not wanted or value in wanted for wanted, value in filters)


def checked_kinds(patterns: Iterable[str]) -> tuple[str, ...]:
    """The patterns, each once; raises BadInputError for one that matches no kind."""
    found = tuple(dict.fromkeys(patterns)) or (ALL,)
    sent = [kind for kind in EventKind if kind not in NOT_SENT]
    for pattern in found:
        if not any(_matches(pattern, kind) for kind in sent):
            known = ", ".join(sent)
            raise BadInputError("kinds", f"{pattern!r} is no kind of event; there are: {known}; or drop.*, *")
    return found


def patterns() -> list[str]:
    """The patterns that match something: all kinds, those of one group, and each kind."""
    sent = [str(kind) for kind in EventKind if kind not in NOT_SENT]
    groups = dict.fromkeys(f"{kind.partition('.')[0]}.{ALL}" for kind in sent)
    return [ALL, *groups, *sent]


def _matches(pattern: str, kind: str) -> bool:
    group, star, rest = pattern.rpartition(ALL)
    if star and not rest and (not group or group.endswith(".")):
        return kind.startswith(group)
    return pattern == kind
