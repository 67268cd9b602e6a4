"""Routing: new events find their receivers and groups, and take the place of what they replace or end."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from monitor.alerts.grouping import group_key
from monitor.alerts.reasons import AlertReason
from monitor.alerts.routes import Route, Routed, receivers_of
from monitor.events.severity import Status


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event that is not routed yet."""

    event_id: int
    at: datetime
    status: Status
    key: str
    """Shared by the beginning of a problem and its end."""
    labels: Mapping[str, str]


@dataclass(slots=True)
class RoutedAlert:
    """One event and one of its receivers."""

    event_id: int
    receiver: str
    key: str
    group: str | None
    """None once it has left its group."""
    reason: AlertReason = AlertReason.WAITING
    detail: str = ""
    begun_by: int | None = None
    """Of the end of a problem: the event that began it."""
    told_at: datetime | None = None
    """When the receiver was last told that the problem lasts."""

    @property
    def is_untold(self) -> bool:
        """Whether its receiver was not told of this event; an end that is told leaves its group."""
        return self.told_at is None or self.begun_by is not None

    def close(self, reason: AlertReason) -> None:
        """Take it out of its group; the reason stays if it was told."""
        self.group = None
        if self.is_untold:
            self.reason = reason


@dataclass(frozen=True, slots=True)
class RoutingRules:
    """Where alerts go."""

    routes: Sequence[Route]
    group_by: Collection[str]
    reachable: Collection[str]
    """Receivers that have a channel."""


@dataclass(slots=True)
class Routing:
    """Routes events in the order in which they were stored."""

    rules: RoutingRules
    open: dict[str, dict[str, RoutedAlert]]
    """The alert of each problem that is in a group, by key and receiver."""
    added: list[RoutedAlert] = field(default_factory=list)
    closed: list[RoutedAlert] = field(default_factory=list)
    """Earlier alerts that have left their groups."""
    woken: dict[tuple[str, str], datetime] = field(default_factory=dict)
    """Receivers and groups that have something new, with the time of the first such event."""
    problems: dict[str, NewEvent | None] = field(default_factory=dict)
    """Problems by key that have begun; None for those that have ended."""

    @property
    def unreachable(self) -> list[int]:
        """Events none of whose receivers has a channel."""
        reached = {one.event_id for one in self.added if one.reason is not AlertReason.NO_CHANNEL}
        return sorted({one.event_id for one in self.added} - reached)

    @property
    def decided(self) -> list[tuple[str, AlertReason]]:
        """Receiver and reason of each alert that got a reason here."""
        found = [*self.added, *(alert for alert in self.closed if alert.is_untold)]
        return [(alert.receiver, alert.reason) for alert in {id(alert): alert for alert in found}.values()]

    def route(self, event: NewEvent) -> None:
        """Route one event."""
        if event.status is Status.RESOLVED:
            self._end(event)
            return
        lasts = event.status is Status.FIRING
        before = self.open.pop(event.key, {}) if lasts else {}
        if lasts:
            self.problems[event.key] = event
        for routed in receivers_of(event.labels, self.rules.routes):
            known = before.get(routed.receiver)
            if known is not None and known.event_id == event.event_id:  # routed anew for another receiver
                self.open.setdefault(event.key, {})[routed.receiver] = before.pop(routed.receiver)
            else:
                self._begin(event, routed, known, lasts=lasts)
        for alert in before.values():
            self._close(alert, AlertReason.REPLACED)

    def _begin(self, event: NewEvent, routed: Routed, before: RoutedAlert | None, *, lasts: bool) -> None:
        group = group_key(event.labels, self.rules.group_by)
        alert = RoutedAlert(event.event_id, routed.receiver, event.key, group)
        if routed.receiver not in self.rules.reachable:
            alert.close(AlertReason.NO_CHANNEL)
        elif before is not None and before.group == group and before.told_at is not None:
            alert.told_at, alert.reason = before.told_at, AlertReason.ALREADY_TOLD
        else:
            self._wake(alert, event)
        if lasts and alert.group is not None:
            self.open.setdefault(event.key, {})[routed.receiver] = alert
        self.added.append(alert)

    def _end(self, event: NewEvent) -> None:
        self.problems[event.key] = None
        before = self.open.pop(event.key, {})
        for receiver, alert in before.items():
            begun_by = alert.begun_by or alert.event_id
            end = RoutedAlert(
                event.event_id, receiver, event.key, alert.group, begun_by=begun_by, told_at=alert.told_at
            )
            self._close(alert, AlertReason.NEVER_TOLD if alert.begun_by is None else AlertReason.REPLACED)
            self._wake(end, event)
            self.open.setdefault(event.key, {})[receiver] = end
            self.added.append(end)
        if not before:
            self._end_of_nothing(event)

    def _end_of_nothing(self, event: NewEvent) -> None:
        for routed in receivers_of(event.labels, self.rules.routes):
            alert = RoutedAlert(event.event_id, routed.receiver, event.key, None, AlertReason.NEVER_TOLD)
            self.added.append(alert)

    def _close(self, alert: RoutedAlert, reason: AlertReason) -> None:
        alert.close(reason)
        self.closed.append(alert)

    def _wake(self, alert: RoutedAlert, event: NewEvent) -> None:
        if alert.group is not None:
            self.woken.setdefault((alert.receiver, alert.group), event.at)
