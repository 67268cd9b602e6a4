"""The alert pipeline: routes new alerts, gives groups their turns, and makes messages of what is to be told.

It loads what is due, lets `monitor.alerts` decide, and saves the result, all in one transaction. Sending the
messages is the task of the channel rounds.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import structlog

from jobs.message_summary import first_line
from monitor.alerts.digests import DigestSchedule
from monitor.alerts.group_turn import Turn, take_turn
from monitor.alerts.grouping import GROUP_LABELS, GroupTimes
from monitor.alerts.messages import MOST_TEXTS
from monitor.alerts.quiet_hours import QuietHours
from monitor.alerts.reasons import AlertReason
from monitor.alerts.routes import DEFAULT, Route
from monitor.alerts.routing import Routing, RoutingRules
from monitor.alerts.silences import Silence
from monitor.alerts.suppression import GroupAlert, Suppressors
from monitor.events.severity import Status
from storage import alert_groups, notifications, receivers, routed_alerts, silences
from storage.alert_groups import GroupRow, GroupState
from storage.engine import Transaction, advisory_lock
from storage.notifications import NewNotification

log = structlog.get_logger()
MOST_ROUTED = 5000
"""New alerts that one round takes up."""
MOST_TURNS = 1000
"""Groups that have their turn in one round."""


@dataclass(frozen=True, slots=True)
class Receiver:
    """Who gets alerts."""

    name: str = DEFAULT
    channels: Collection[str] = ()
    """Keys of its channels."""
    quiet: QuietHours | None = None
    send_resolved: bool = True
    digest: DigestSchedule | None = None

    def is_quiet(self, now: datetime) -> bool:
        """Whether it has quiet hours now."""
        return self.quiet is not None and self.quiet.contain(now)


@dataclass(frozen=True, slots=True)
class AlertPolicy:
    """Who gets which alerts, and when."""

    receivers: Mapping[str, Receiver] = field(default_factory=lambda: {DEFAULT: Receiver()})
    routes: Sequence[Route] = ()
    times: GroupTimes = field(default_factory=GroupTimes)
    group_by: Collection[str] = GROUP_LABELS

    def without_waiting(self) -> "AlertPolicy":
        """The same for a process that runs one round only, after which nothing more comes."""
        return replace(self, times=replace(self.times, wait=timedelta(0)))

    @property
    def channels(self) -> dict[str, Collection[str]]:
        """The channels of each receiver."""
        return {name: receiver.channels for name, receiver in self.receivers.items()}

    def quiet_at(self, now: datetime) -> set[str]:
        """The receivers that have quiet hours."""
        return {name for name, receiver in self.receivers.items() if receiver.is_quiet(now)}


@dataclass(frozen=True, slots=True)
class AlertPipeline:
    """One round of the pipeline, in an open transaction."""

    tx: Transaction
    policy: AlertPolicy
    now: datetime
    decided: Counter[tuple[str, AlertReason]] = field(default_factory=Counter)
    """Alerts by receiver and the reason that they got in this round."""

    def run(self) -> None:
        """Route, decide, and make messages with their deliveries."""
        advisory_lock(self.tx, "refilld alert pipeline")
        receivers.forget_others(self.tx, self.policy.receivers)
        self._route()
        loud = self.policy.receivers.keys() - self.policy.quiet_at(self.now)
        alert_groups.end_quiet_hours(self.tx, loud, self.now)
        self._take_turns()
        notifications.plan(self.tx, self.policy.channels, self.now)

    def _route(self) -> None:
        new = routed_alerts.unrouted(self.tx, MOST_ROUTED)
        if not new:
            return
        keys = [event.key for event in new if event.status is not Status.OCCURRED]
        reachable = {name for name, channels in self.policy.channels.items() if channels}
        rules = RoutingRules(self.policy.routes, self.policy.group_by, reachable)
        routing = Routing(rules, routed_alerts.open_alerts(self.tx, keys))
        for event in new:
            routing.route(event)
        routed_alerts.save(self.tx, routing, new, self.policy.times, self.now)
        self.decided.update(routing.decided)

    def _take_turns(self) -> None:
        due = alert_groups.due(self.tx, self.now, MOST_TURNS)
        if not due:
            return
        silenced = silences.current(self.tx, self.now)
        problems = alert_groups.inhibiting(self.tx)
        for group in due:
            receiver = self.policy.receivers[group.receiver]
            self._take_turn(group, receiver, Suppressors(silenced, problems, receiver.quiet))

    def _take_turn(self, group: GroupRow, receiver: Receiver, by: Suppressors) -> None:
        state = alert_groups.load(self.tx, group)
        turn = take_turn(
            state.alerts,
            by,
            self.policy.times,
            group.next_at,
            self.now,
            send_resolved=receiver.send_resolved,
        )
        silences.matched(self.tx, _matching(by.silences, state.alerts, self.now), self.now)
        self.decided.update((group.receiver, reason) for reason in _decided(state, turn))
        self._tell(group, turn.told_reason, turn.told)
        self._tell(group, turn.ended_reason, turn.ended)
        alert_groups.save_turn(self.tx, group, state, turn, self.now)
        _log(group, turn)

    def _tell(self, group: GroupRow, reason: AlertReason, alerts: Sequence[GroupAlert]) -> None:
        if not alerts:
            return
        ids = [alert.event_id for alert in alerts]
        line = first_line(self.tx, alerts)
        shown = min(len(ids), MOST_TEXTS)
        new = NewNotification(group.receiver, group.group_key, reason, ids, shown, line)
        notifications.create(self.tx, new, self.now)


def _decided(state: GroupState, turn: Turn) -> Iterator[AlertReason]:
    """The reason of each alert that is told, or kept back for another reason than before."""
    yield from [turn.told_reason] * len(turn.told)
    yield from [turn.ended_reason] * len(turn.ended)
    yield from (one.reason for one in turn.not_told if state.reasons[one.alert.event_id] is not one.reason)


def _matching(silenced: Sequence[Silence], alerts: Sequence[GroupAlert], now: datetime) -> list[int]:
    """The silences that alerts match."""
    return [
        silence.silence_id
        for silence in silenced
        if any(silence.matches(alert.labels, now) for alert in alerts)
    ]


def _log(group: GroupRow, turn: Turn) -> None:
    told = len(turn.told) + len(turn.ended)
    if told:
        log.info(
            "alerts.grouped",
            receiver=group.receiver,
            group=group.group_key,
            reason=str(turn.reason),
            alerts=told,
        )
