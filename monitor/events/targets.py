"""Events about problems of targets, and their ends."""

from dataclasses import dataclass
from datetime import datetime

from monitor.events.event import Event, Payload, about_target
from monitor.events.kind import EventKind
from monitor.guarantee.gone_detection import Absence
from monitor.model.target import Target
from monitor.model.target_problem import TargetProblem


@dataclass(frozen=True, slots=True)
class TargetPrivate(Payload):
    """A target became private."""

    orders: int
    """Orders whose guarantee is suspended."""


@dataclass(frozen=True, slots=True)
class TargetGone(Payload):
    """A target is not found any more, while others are."""

    looks: int
    """How often it was not found."""
    since: datetime | None
    orders: int
    """Orders whose guarantee is suspended."""


@dataclass(frozen=True, slots=True)
class TargetOtherAccount(Payload):
    """The name of a target belongs to another account now."""

    detail: str
    """What the source said."""
    orders: int
    """Orders that wait for their account."""


@dataclass(frozen=True, slots=True)
class TargetRefused(Payload):
    """A target cannot be read, while others can."""

    why: str
    looks: int
    """Failed looks in a row."""


@dataclass(frozen=True, slots=True)
class TargetReady(Payload):
    """A problem of a target has ended."""

    problem: TargetProblem
    orders: int
    """Orders that are checked again."""


def target_private(target: Target, orders: int) -> Event:
    """A target became private."""
    return _event(EventKind.TARGET_PRIVATE, TargetPrivate(orders), target)


def target_gone(target: Target, absence: Absence, orders: int) -> Event:
    """A target is gone."""
    return _event(EventKind.TARGET_GONE, TargetGone(absence.looks, absence.since, orders), target)


def target_other_account(target: Target, detail: str, orders: int) -> Event:
    """The name of a target belongs to another account now."""
    return _event(EventKind.TARGET_OTHER_ACCOUNT, TargetOtherAccount(detail, orders), target)


def target_refused(target: Target, why: str, looks: int) -> Event:
    """A target cannot be read, while others can."""
    return _event(EventKind.TARGET_REFUSED, TargetRefused(why, looks), target)


def target_ready(target: Target, problem: TargetProblem, orders: int) -> Event:
    """A problem of a target has ended, of which the operator was told."""
    return _event(EventKind.TARGET_READY, TargetReady(problem, orders), target)


def _event(kind: EventKind, payload: Payload, target: Target) -> Event:
    """All problems of a target are one: the next replaces the one before, and one event ends it."""
    return Event(kind, payload, about_target(target), f"{target.metric} {target.link.url}")
