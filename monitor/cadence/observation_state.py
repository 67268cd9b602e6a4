"""Observation state: what the adaptive cadence stores of a target's orders at a look, for the next one."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from monitor.cadence.hazard import AGES, MARGINS, SLOPES, Cell, cell_at
from monitor.model.instants import EPOCH

_HOUR = timedelta(hours=1)
_MAX_HOURS = 8_000 * 8_766.0
"""Hours since 1970: until about the year 9970."""
_MAX_VALUE = 1e15
"""Bound of weights and used shares."""
_CELLS = {
    (age, margin, slope)
    for age in range(len(AGES) + 1)
    for margin in range(len(MARGINS) + 1)
    for slope in range(len(SLOPES) + 1)
}
_to_json = json.JSONEncoder(separators=(",", ":")).encode


class ObservationState(NamedTuple):
    """An order that may drop, as the last routine look has shown it."""

    order_id: str
    service: str
    completed: float
    """Time of completion; all times are in hours since 1970."""
    ends: float | None
    line: int
    """Count at which nothing is missing."""
    threshold: int
    weight: float
    at: float
    """Time of the last routine look; before the first one, the completion."""
    age: int
    margin: int
    slope: int
    """Its cell at that time."""
    used: float
    """Share of the threshold that was missing; from 1 on it has dropped and is not learned from."""

    @property
    def cell(self) -> Cell:
        """Its cell at the last routine look."""
        return Cell(self.service, self.age, self.margin, self.slope)


def hours_since_epoch(at: datetime) -> float:
    """Convert a time to hours since 1970."""
    return (at - EPOCH) / _HOUR


def time_of(at: float) -> datetime:
    """Convert hours since 1970 to a time."""
    return EPOCH + at * _HOUR


def observed(observation: ObservationState, count: int, now: float) -> ObservationState:
    """The state after a routine look; `count` includes units in flight."""
    used = (observation.line - count) / observation.threshold
    days = (now - observation.at) / 24
    slope = (used - observation.used) / days if days > 0 and observation.used < 1 else None
    _, age, margin, steepness, _ = cell_at(observation.service, now - observation.completed, used, slope)
    order_id, service, completed, ends, line, threshold, weight = observation[:7]
    return ObservationState(
        order_id, service, completed, ends, line, threshold, weight, now, age, margin, steepness, used
    )


def dump(observations: Iterable[ObservationState]) -> str:
    """Serialize states as JSON."""
    return _to_json([[*observation[:-1], round(observation.used, 4)] for observation in observations])


def load(text: str) -> Sequence[ObservationState]:
    """Parse the output of `dump`; an empty list for any other text."""
    try:
        observations = [ObservationState(*entry) for entry in json.loads(text)] if text else []
        return observations if all(map(_valid, observations)) else []
    except (ValueError, TypeError, RecursionError):
        return []


def _valid(observation: ObservationState) -> bool:
    """Whether all values are in their ranges; raises TypeError for some values of a wrong type."""
    ends = 0.0 if observation.ends is None else observation.ends
    return (
        type(observation.order_id) is type(observation.service) is str
        and type(observation.line) is int
        and 0 <= observation.completed <= _MAX_HOURS
        and 0 <= ends <= _MAX_HOURS
        and 0 <= observation.at <= _MAX_HOURS
        and observation.threshold >= 1
        and 0 < observation.weight <= _MAX_VALUE
        and -_MAX_VALUE < observation.used < _MAX_VALUE
        and (observation.age, observation.margin, observation.slope) in _CELLS
    )
