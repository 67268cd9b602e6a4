"""Falls: which targets of a metric were judged and fell of late, and whether a mass drop is on (RULES 6)."""

from collections import OrderedDict, deque
from datetime import datetime
from functools import lru_cache
from itertools import islice

from monitor.mass_drop import MassDropRule, Tally
from refilld.backtest.moment import EARLIEST
from refilld.backtest.place import Place

_SPARE = 1_024
_REMEMBERED = 16_384


class Falls:
    """A window over the judged looks at one metric; it grows with the targets, not with their looks."""

    def __init__(self, rule: MassDropRule) -> None:
        self._window = rule.window
        self._enabled = rule.enabled
        self._times: deque[datetime] = deque()
        self._places: deque[Place] = deque()
        """Judged looks of the window, oldest first; a target's older ones count no more."""
        self._judged = 0
        self._fallen: OrderedDict[Place, datetime] = OrderedDict()
        """Targets with an opening in the window, the one of the oldest first."""
        self._complete_until = EARLIEST
        """Up to this time nothing leaves the window."""
        self._on = False
        self._is_on = lru_cache(_REMEMBERED)(
            lambda judged, fallen, before: rule.is_on(Tally(judged, fallen), before=before)
        )

    def note(self, place: Place, at: datetime, *, opened: bool = False) -> bool:
        """Count a judged look in, and say whether a mass drop is on from here on."""
        if not self._enabled:
            return False
        if at > self._complete_until:
            self._forget(at)
        if place.judged_at is None:
            self._judged += 1
        place.judged_at = at
        self._times.append(at)
        self._places.append(place)
        if len(self._times) > 2 * self._judged + _SPARE:
            self._compact()
        if opened:
            self._fallen[place] = at
            self._fallen.move_to_end(place)
        self._on = self._is_on(self._judged, len(self._fallen), self._on)
        return self._on

    def _compact(self) -> None:
        """Drop the looks that count no more, so that a target has one at most."""
        newest = {
            place: at for at, place in zip(self._times, self._places, strict=True) if place.judged_at is at
        }
        self._times, self._places = deque(newest.values()), deque(newest)

    def _forget(self, now: datetime) -> None:
        """Forget what is older than the window."""
        since = now - self._window
        times, places = self._times, self._places
        while times and times[0] < since:
            at, place = times.popleft(), places.popleft()
            if place.judged_at is at:
                place.judged_at = None
                self._judged -= 1
        while self._fallen and next(iter(self._fallen.values())) < since:
            self._fallen.popitem(last=False)
        oldest = (now, *islice(times, 1), *islice(self._fallen.values(), 1))
        self._complete_until = min(oldest) + self._window
