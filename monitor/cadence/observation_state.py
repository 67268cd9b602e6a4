"""Stakes: what the learned cadence notes of a target's orders at one look, to learn from at the next."""

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from monitor.cadence.hazard import AGES, MARGINS, SLOPES, Cell, cell_at

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_HOUR = timedelta(hours=1)
_LATEST = 8_000 * 8_766.0
"""Hours since 1970: until about the year 9970."""
_HEAVIEST = 1e15
_CELLS = {
    (age, margin, slope)
    for age in range(len(AGES) + 1)
    for margin in range(len(MARGINS) + 1)
    for slope in range(len(SLOPES) + 1)
}
_write = json.JSONEncoder(separators=(",", ":")).encode


class ObservationState(NamedTuple):
    """One order that may drop: what is at stake, and in which state the last routine look has shown it."""

    order_id: str
    service: str
    completed: float
    """Hours since 1970, as all times here."""
    ends: float | None
    line: int
    """Count at which it is whole."""
    threshold: int
    weight: float
    at: float
    """When it was last seen by a routine look; before the first one, its completion."""
    age: int
    margin: int
    slope: int
    """The cell it was in then."""
    used: float
    """Share of the threshold that was missing; from 1 on it has dropped, and teaches nothing more."""

    @property
    def cell(self) -> Cell:
        """The cell it was in when it was last seen."""
        return Cell(self.service, self.age, self.margin, self.slope)


def hours_since_epoch(at: datetime) -> float:
    """A time in hours since 1970."""
    return (at - _EPOCH) / _HOUR


def time_of(at: float) -> datetime:
    """The time of so many hours since 1970."""
    return _EPOCH + at * _HOUR


def observed(observation: ObservationState, count: int, now: float) -> ObservationState:
    """The stake after a routine look at a count (units in flight included)."""
    used = (observation.line - count) / observation.threshold
    days = (now - observation.at) / 24
    slope = (used - observation.used) / days if days > 0 and observation.used < 1 else None
    _, age, margin, steepness, _ = cell_at(observation.service, now - observation.completed, used, slope)
    order_id, service, completed, ends, line, threshold, weight = observation[:7]
    return ObservationState(
        order_id, service, completed, ends, line, threshold, weight, now, age, margin, steepness, used
    )


def dump(observations: Iterable[ObservationState]) -> str:
    """Write stakes as JSON."""
    return _write([[*observation[:-1], round(observation.used, 4)] for observation in observations])


def load(text: str) -> Sequence[ObservationState]:
    """Read what `dump` wrote; none where the text is anything else."""
    try:
        observations = [ObservationState(*entry) for entry in json.loads(text)] if text else []
        return observations if all(map(_possible, observations)) else []
    except (ValueError, TypeError, RecursionError):
        return []


def _possible(observation: ObservationState) -> bool:
    """Whether a stake has the values that one can have; raises TypeError for some that it cannot."""
    ends = 0.0 if observation.ends is None else observation.ends
    return (
        type(observation.order_id) is type(observation.service) is str
        and type(observation.line) is int
        and 0 <= observation.completed <= _LATEST
        and 0 <= ends <= _LATEST
        and 0 <= observation.at <= _LATEST
        and observation.threshold >= 1
        and 0 < observation.weight <= _HEAVIEST
        and -_HEAVIEST < observation.used < _HEAVIEST
        and (observation.age, observation.margin, observation.slope) in _CELLS
    )
