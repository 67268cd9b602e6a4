"""Falls: which targets of a metric were judged and fell of late, and whether a mass drop is on (RULES 6)."""

from collections import OrderedDict, deque
from datetime import datetime

from monitor.evaluation.mass_drop_state import MassDropState
from monitor.guarantee.mass_drop import MassDropCounts, MassDropRule
from refilld.backtest.replay_target import ReplayTarget
from refilld.backtest.timestamps import EARLIEST

_SPARE = 1_024


class MassDropWindow:
    """A window over the judged looks at one metric; it grows with the targets, not with their looks."""

    def __init__(self, rule: MassDropRule) -> None:
        self._rule = rule
        self._times: deque[datetime] = deque()
        self._targets: deque[ReplayTarget] = deque()
        """Judged looks, oldest first; a target's older ones count no more."""
        self._judged = 0
        self._fallen: OrderedDict[ReplayTarget, datetime] = OrderedDict()
        """Targets with an opening, the one of the oldest first."""
        self._since: datetime | None = None
        """When the mass drop began that is on."""
        self._sure_until = EARLIEST
        """Up to this time no mass drop begins, unless a drop opens."""

    def note(self, target: ReplayTarget, at: datetime, *, opened: bool = False) -> bool:
        """Count a judged look in, and say whether a mass drop is on from here on."""
        if target.judged_at is None:
            self._judged += 1
        target.judged_at = at
        self._times.append(at)
        self._targets.append(target)
        if opened:
            self._fallen[target] = at
            self._fallen.move_to_end(target)
        if opened or at > self._sure_until:
            self._weigh(at)
        if len(self._times) > 2 * self._judged + _SPARE:
            self._compact()
        return self._since is not None

    def opened_at(self, target: ReplayTarget) -> datetime | None:
        """When a drop opened at the target within the window; None when none did."""
        return self._fallen.get(target)

    def state(self, now: datetime) -> MassDropState:
        """What is known before a count at this time."""
        self._forget(now - self._rule.window)
        return MassDropState(MassDropCounts(self._judged, len(self._fallen)), self._since)

    def _weigh(self, now: datetime) -> None:
        """Forget what is older than the window, and find out whether a mass drop is on."""
        self._forget(now - self._rule.window)
        judged, fallen = self._judged, len(self._fallen)
        on = self._rule.is_on(MassDropCounts(judged, fallen), self._since, now)
        self._since = (self._since or now) if on else None
        # until the older half is forgotten, at least half as many are judged; and that may be too many
        half = judged // 2
        sure = not on and 100 * fallen <= self._rule.share * half
        self._sure_until = self._times[half] + self._rule.window if sure else EARLIEST

    def _compact(self) -> None:
        """Drop the looks that count no more, so that a target has one at most."""
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
