"""A group has its turn: what its receiver is told now, why not the rest, and when its next turn is."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from monitor.alerts.deduplication import LastMessage, decide
from monitor.alerts.grouping import GroupTimes
from monitor.alerts.reasons import AlertReason
from monitor.alerts.suppression import GroupAlert, Suppressed, Suppressors, suppression

_FOR_GOOD = frozenset({AlertReason.SILENCED, AlertReason.INHIBITED})
"""Suppressions after which what happened once is never told."""

_MAY_END = _FOR_GOOD | {AlertReason.UNDELIVERED}
"""Reasons that may end without an event of the group."""


@dataclass(frozen=True, slots=True)
class NotTold:
    """An alert that is not told in this turn."""

    alert: GroupAlert
    reason: AlertReason
    detail: str = ""
    closed: bool = False
    """Whether it leaves its group."""


@dataclass(slots=True)
class Turn:
    """What follows from the turn of a group."""

    tick: datetime
    """When it was due; what is told now counts as told at this time."""
    reason: AlertReason = AlertReason.NOT_DUE
    told: list[GroupAlert] = field(default_factory=list)
    """What fires or happened."""
    ended: list[GroupAlert] = field(default_factory=list)
    """Problems whose end is told."""
    not_told: list[NotTold] = field(default_factory=list)
    next_at: datetime | None = None
    """When the group is looked at next; None if only a new alert or an end changes anything."""
    over: bool = False
    """Whether the group has no alert, and had none since its last turn."""

    @property
    def told_reason(self) -> AlertReason:
        """Why what fires or happened is told."""
        new = any(alert.told_at is None for alert in self.told)
        return AlertReason.NEW_ALERTS if new else AlertReason.REPEAT

    @property
    def ended_reason(self) -> AlertReason:
        """Why ends are told."""
        all_ended = self.reason is AlertReason.ALL_RESOLVED
        return AlertReason.ALL_RESOLVED if all_ended else AlertReason.SOME_RESOLVED


def take_turn(
    alerts: Sequence[GroupAlert],
    by: Suppressors,
    times: GroupTimes,
    tick: datetime,
    now: datetime,
    *,
    send_resolved: bool = True,
) -> Turn:
    """Decide on a group whose turn was due at `tick`."""
    tick = times.this_tick(tick, now)
    turn = Turn(tick, over=not alerts)
    firing, ended, known = _sorted(alerts, by, now, turn)
    turn.reason = decide(
        _last_message(alerts, firing, times, tick),
        {alert.key for alert in (*firing, *known)},
        {alert.key for alert in ended},
        times.repeat,
        tick,
        send_resolved=send_resolved,
    )
    _tell_ends(ended, turn, send_resolved=send_resolved)
    for alert in firing:
        if alert.told_at is None or _repeats(alert, times, tick):
            turn.told.append(alert)
        else:
            reason = AlertReason.UNDELIVERED if _is_old(alert, times, tick) else AlertReason.NOT_DUE
            turn.not_told.append(NotTold(alert, reason))
    turn.next_at = _next_at(turn, by, times, tick, now)
    return turn


def _sorted(
    alerts: Iterable[GroupAlert], by: Suppressors, now: datetime, turn: Turn
) -> tuple[list[GroupAlert], list[GroupAlert], list[GroupAlert]]:
    """What fires, what has ended, and what was told and is acknowledged; the others go into the turn."""
    firing, ended, known = [], [], []
    for alert in alerts:
        kept_back = suppression(alert, by, now)
        if alert.ended and alert.told_at is None:
            turn.not_told.append(NotTold(alert, AlertReason.NEVER_TOLD, closed=True))
        elif kept_back is not None:
            turn.not_told.append(_kept_back(alert, kept_back))
            if kept_back.reason is AlertReason.ACKNOWLEDGED and alert.told_at is not None:
                known.append(alert)
        elif alert.ended:
            ended.append(alert)
        else:
            firing.append(alert)
    return firing, ended, known


def _kept_back(alert: GroupAlert, why: Suppressed) -> NotTold:
    for_good = why.reason in _FOR_GOOD and (not alert.lasts or alert.ended)
    return NotTold(alert, why.reason, why.detail, closed=for_good)


def _last_message(
    alerts: Iterable[GroupAlert], firing: Iterable[GroupAlert], times: GroupTimes, tick: datetime
) -> LastMessage | None:
    """What the receiver knows; its time is that of the oldest message that may be repeated."""
    told = {alert.key for alert in alerts if alert.told_at is not None}
    repeated = [alert for alert in firing if _is_repeated(alert, times) and not alert.undelivered]
    told_at = [alert.told_at for alert in repeated if alert.told_at is not None]
    return LastMessage(told, frozenset(), min(told_at, default=tick)) if told else None


def _tell_ends(ended: Sequence[GroupAlert], turn: Turn, *, send_resolved: bool) -> None:
    if send_resolved:
        turn.ended = list(ended)
    else:
        turn.not_told += [NotTold(alert, AlertReason.RESOLVED_NOT_SENT, closed=True) for alert in ended]


def _is_repeated(alert: GroupAlert, times: GroupTimes) -> bool:
    return alert.labels.get("severity") in times.repeated


def _is_old(alert: GroupAlert, times: GroupTimes, tick: datetime) -> bool:
    known = alert.told_at is not None and alert.told_at + times.repeat <= tick
    return known and _is_repeated(alert, times)


def _repeats(alert: GroupAlert, times: GroupTimes, tick: datetime) -> bool:
    return _is_old(alert, times, tick) and not alert.undelivered


def _next_at(
    turn: Turn, by: Suppressors, times: GroupTimes, tick: datetime, now: datetime
) -> datetime | None:
    """The first time at which anything may be told that no event announces."""
    following = times.next_tick(tick, now)
    lasting = [(alert, tick) for alert in turn.told if alert.lasts]
    lasting += [
        (one.alert, one.alert.told_at)
        for one in turn.not_told
        if one.reason is AlertReason.NOT_DUE and one.alert.told_at is not None
    ]
    remaining = {one.reason for one in turn.not_told if not one.closed}
    found = [times.tick_at(tick, at + times.repeat) for alert, at in lasting if _is_repeated(alert, times)]
    if by.quiet is not None and AlertReason.QUIET_HOURS in remaining:
        found.append(by.quiet.end_after(now))
    if remaining & _MAY_END or not (remaining or lasting):
        found.append(following)
    return min(found, default=None)
