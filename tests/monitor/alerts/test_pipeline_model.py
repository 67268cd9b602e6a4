"""Timing: a group that sleeps until something can change tells the same as one that never sleeps.

The model has a turn at every interval, and knows of each alert only since when it fires and when it was told.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from monitor.alerts.group_turn import take_turn
from monitor.alerts.grouping import GroupTimes
from monitor.alerts.matchers import parse_matchers
from monitor.alerts.silences import Silence
from monitor.alerts.suppression import GroupAlert, Suppressors
from tests.builders import MINUTE, NOW

TIMES = GroupTimes(wait=MINUTE, interval=5 * MINUTE, repeat=30 * MINUTE)
STEP = MINUTE
Message = tuple[int, str, str]
"""The minute, the key, and `fires` or `ends`."""


@dataclass(frozen=True)
class Change:
    """Something that happens at a minute: an alert begins, ends, occurs or is acknowledged."""

    minute: int
    what: str
    key: str


@dataclass
class Sleeping:
    """The group as the program keeps it."""

    silence: tuple[int, int]
    alerts: dict[str, GroupAlert] = field(default_factory=dict)
    next_at: datetime | None = None
    tick: datetime | None = None
    messages: list[Message] = field(default_factory=list)
    number: int = 0

    def change(self, one: Change, now: datetime) -> None:
        alert = self.alerts.get(one.key)
        if one.what in {"fire", "occur"} and alert is None:
            self.number += 1
            lasts = one.what == "fire"
            self.alerts[one.key] = GroupAlert(
                self.number, one.key, {"kind": one.key, "severity": "critical"}, lasts
            )
            self._wake(now)
        elif one.what == "end" and alert is not None and not alert.ended and alert.lasts:
            self.alerts[one.key] = replace(alert, ended=True)
            self._wake(now)
        elif one.what == "ack" and alert is not None and alert.lasts:
            self.alerts[one.key] = replace(alert, acknowledged=True)

    def _wake(self, now: datetime) -> None:
        turn = TIMES.first_tick(now, now) if self.tick is None else TIMES.next_tick(self.tick, now - STEP / 2)
        if self.next_at is None or turn < self.next_at:
            self.next_at = turn

    def turn(self, now: datetime, minute: int) -> None:
        if self.next_at is None or now < self.next_at:
            return
        begin, end = (NOW + at * MINUTE for at in self.silence)
        silence = Silence(1, parse_matchers("kind=a"), "ana", "", begin, end, None, None)
        found = take_turn(
            list(self.alerts.values()), Suppressors(silences=(silence,)), TIMES, self.next_at, now
        )
        self.tick, self.next_at = self.next_at, found.next_at
        for alert in found.told:
            self.messages.append((minute, alert.key, "fires"))
            self.alerts[alert.key] = replace(alert, told_at=now)
            if not alert.lasts:
                del self.alerts[alert.key]
        for alert in found.ended:
            self.messages.append((minute, alert.key, "ends"))
            del self.alerts[alert.key]
        for one in found.not_told:
            if one.closed:
                del self.alerts[one.alert.key]
        if found.over:
            self.tick = self.next_at = None


@dataclass
class Model:
    """The same group, which has every turn, and states the rules of each alert."""

    silence: tuple[int, int]
    state: dict[str, str] = field(default_factory=dict)
    """fires, occurred or ended."""
    told: dict[str, int] = field(default_factory=dict)
    known: set[str] = field(default_factory=set)
    turn_at: int | None = None
    messages: list[Message] = field(default_factory=list)

    def change(self, one: Change, minute: int) -> None:
        before = self.state.get(one.key)
        if one.what in {"fire", "occur"} and before is None:
            self.state[one.key] = "fires" if one.what == "fire" else "occurred"
            if self.turn_at is None:
                self.turn_at = minute + 1
        elif one.what == "end" and before == "fires":
            self.state[one.key] = "ended"
        elif one.what == "ack" and before in {"fires", "ended"}:
            self.known.add(one.key)

    def turn(self, minute: int) -> None:
        if minute != self.turn_at:
            return
        self.turn_at = minute + 5 if self.state else None
        for key in list(self.state):
            self._tell(key, minute)

    def _tell(self, key: str, minute: int) -> None:
        silent = key == "a" and self.silence[0] <= minute < self.silence[1]
        state, told = self.state[key], self.told.get(key)
        if state == "fires":
            due = told is None or minute - told >= 30
            if due and not silent and key not in self.known:
                self.messages.append((minute, key, "fires"))
                self.told[key] = minute
            return
        if not silent and (state == "occurred" or told is not None):
            self.messages.append((minute, key, "fires" if state == "occurred" else "ends"))
        del self.state[key]
        self.told.pop(key, None)
        self.known.discard(key)


_CHANGES = st.lists(
    st.builds(
        Change,
        st.integers(0, 200),
        st.sampled_from(["fire", "occur", "end", "end", "ack"]),
        st.sampled_from("abc"),
    ),
    max_size=25,
).map(lambda changes: sorted(changes, key=lambda one: one.minute))


@given(_CHANGES, st.integers(0, 120), st.integers(0, 120))
def test_sleeping_changes_nothing_that_is_told(changes: list[Change], begin: int, length: int) -> None:
    """Whatever happens, is silenced and acknowledged."""
    silence = (begin, begin + length)
    program, model = Sleeping(silence), Model(silence)
    for minute in range(300):
        now = NOW + timedelta(minutes=minute)
        for one in changes:
            if one.minute == minute:
                program.change(one, now)
                model.change(one, minute)
        program.turn(now, minute)
        model.turn(minute)
    assert sorted(program.messages) == sorted(model.messages)
