"""Window of judged and fallen targets of one metric, and whether a mass drop is on (RULES 6)."""

from collections import OrderedDict, deque
from datetime import datetime

from monitor.evaluation.mass_drop_state import MassDropState
from monitor.guarantee.mass_drop import MassDropCounts, MassDropRule
from refilld.backtest.replay_target import ReplayTarget
from refilld.backtest.timestamps import EARLIEST

_COMPACT_MARGIN = 1_024


class MassDropWindow:
    """The judged looks of one metric within the window; memory grows with targets, not with looks."""

    def __init__(self, rule: MassDropRule) -> None:
        self._rule = rule
        self._times: deque[datetime] = deque()
        self._targets: deque[ReplayTarget] = deque()
        """Judged looks, oldest first; only the newest one of a target counts."""
        self._judged = 0
        self._fallen: OrderedDict[ReplayTarget, datetime] = OrderedDict()
        """Targets on which a drop opened, the oldest opening first."""
        self._began_at: datetime | None = None
        """Beginning of the current mass drop; None when none is on."""
        self._none_until = EARLIEST
        """Until this time no mass drop can begin, unless a drop opens."""

    def record(self, target: ReplayTarget, at: datetime, *, opened: bool = False) -> bool:
        """Record a judged look, and return whether a mass drop is on after it."""
        if target.judged_at is None:
            self._judged += 1
        target.judged_at = at
        self._times.append(at)
        self._targets.append(target)
        if opened:
            self._fallen[target] = at
            self._fallen.move_to_end(target)
        if opened or at > self._none_until:
            self._update(at)
        if len(self._times) > 2 * self._judged + _COMPACT_MARGIN:
            self._compact()
        return self._began_at is not None

    def opened_at(self, target: ReplayTarget) -> datetime | None:
        """When a drop opened at the target within the window; None when none did."""
        return self._fallen.get(target)

    def state(self, now: datetime) -> MassDropState:
        """Return the state before a count at `now`."""
        self._forget(now - self._rule.window)
        return MassDropState(MassDropCounts(self._judged, len(self._fallen)), self._began_at)

    def _update(self, now: datetime) -> None:
        """Drop looks older than the window, and update whether a mass drop is on."""
        self._forget(now - self._rule.window)
        judged, fallen = self._judged, len(self._fallen)
        on = self._rule.is_on(MassDropCounts(judged, fallen), self._began_at, now)
        self._began_at = (self._began_at or now) if on else None
        # Until the older half leaves the window, at least half as many targets are judged. If the fallen
        # ones are within the share of these, no mass drop can begin before then.
        half = judged // 2
        none_possible = not on and 100 * fallen <= self._rule.share * half
        self._none_until = self._times[half] + self._rule.window if none_possible else EARLIEST

    def _compact(self) -> None:
        """Keep only the newest look of each target."""
        newest = {
            target: at
            for at, target in zip(self._times, self._targets, strict=True)
            if target.judged_at is at
        }
        self._times, self._targets = deque(newest.values()), deque(newest)

    def _forget(self, since: datetime) -> None:
        times, targets = self._times, self._targets
        while times and times[0] < since:
            at, target = times.popleft(), targets.popleft()
            if target.judged_at is at:
                target.judged_at = None
                self._judged -= 1
        while self._fallen and next(iter(self._fallen.values())) < since:
            self._fallen.popitem(last=False)
