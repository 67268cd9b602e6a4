"""The adaptive cadence (configured as `learned`): looks first where the expected loss is largest.

It requests a position in the virtual queue of the target's source, and learns from every routine look. Only
looks that the rules need have a fixed time: a confirmation, a missing start count, the end of a hold. See
docs/cadence.md.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import inf

from monitor.cadence.dated_looks import confirmation, hold_ends, look_without_cover
from monitor.cadence.hazard import Hazards, cell_at
from monitor.cadence.observation_state import (
    ObservationState,
    dump,
    hours_since_epoch,
    load,
    observed,
    time_of,
)
from monitor.cadence.order_weight import order_weight
from monitor.cadence.piecewise_hazard import (
    PiecewiseHazard,
    cumulative_hazard,
    event_probability,
    look_value,
    optimal_interval,
    weighted_sum,
)
from monitor.cadence.schedule import (
    UNREADABLE,
    FinalLook,
    LookSummary,
    NextLook,
    Observation,
    Priority,
    ScheduleRequest,
    merged_requests,
)
from monitor.cadence.virtual_time import VirtualTime, final_look_value
from monitor.model.drop import DropState
from monitor.model.lines import lines_of
from monitor.model.order_state import OrderState
from monitor.model.snapshot import Outcome
from monitor.model.target import Metric
from monitor.model.terms import RefillMode

FINAL_LOOK_LEAD = 0.5
"""Hours before a guarantee's end at which the final look is due."""
SLOT_HOURS = 2.0
"""Length of a time slot of final looks, in hours."""
_MAX_WAIT_HOURS = 24.0 * 3650
"""A longer expected wait is reported as no expected look."""
IDLE_FACTOR = 12
"""Interval between looks at a target without an expected drop, in multiples of `every`."""
BY_VIRTUAL_TIME = "scheduled by virtual time"
"""Due reason of a look without a fixed time; `predict_look` gives details."""
MAX_RETRIES = 3
"""Failed looks in a row with an early retry; after that the target waits in the virtual queue."""
UnitPrices = Mapping[tuple[str, Metric], float]
"""Usual price of a unit, by currency and metric."""


@dataclass(slots=True)
class AdaptiveCadence:
    """Schedules looks by learned hazards, and collects the observations of routine looks."""

    every: timedelta
    """Maximum interval if the budget has room; the minimum interval is a sixth of it."""
    hazards: Hazards
    unit_prices: UnitPrices = field(default_factory=dict)

    @property
    def keeps_state(self) -> bool:
        """True: the cadence state contains all that the next look depends on."""
        return True

    @property
    def soon(self) -> timedelta:
        """Shortest interval: 10 minutes if `every` is 6 hours."""
        return self.every / 36

    def next_look(self, states: Sequence[OrderState], summary: LookSummary, now: datetime) -> NextLook | None:
        """Return the next look; None if no order is covered and no refill is open."""
        covered = [w for w in states if w.covered(now)]
        if not covered:
            return look_without_cover(states, self.every, now)
        observations = self._observation_states(covered, load(summary.cadence_state))
        count = _effective(states, summary, now)
        if count is None:
            return self._after_failure(covered, observations, summary, now)
        after = [observed(observation, count, hours_since_epoch(now)) for observation in observations]
        look = self._after_count(covered, after, now)
        if summary.priority is Priority.URGENT:
            return look._replace(cadence_state=dump(observations))
        known = self._observed(observations, after)
        return look._replace(
            cadence_state=dump(known),
            observations=_routine_observations(observations, known, summary.source, now),
        )

    def next_look_after_noop(
        self, cadence_state: str, count: int, now: datetime, priority: Priority, source: str, /
    ) -> NextLook | None:
        """Return the next look after a count that changes nothing, from the cadence state alone.

        None if the state is not sufficient.
        """
        at = hours_since_epoch(now)
        observations = load(cadence_state)
        after = [observed(observation, count, at) for observation in observations]
        schedule_request = self.schedule_request(after, now)
        if schedule_request is None or any(
            observation.ends is not None and observation.ends <= at for observation in observations
        ):
            return None  # the end of a guarantee changes the lines
        following = NextLook(
            now + self.every, Priority.MAX_INTERVAL, BY_VIRTUAL_TIME, schedule_request, cadence_state
        )
        if priority is Priority.URGENT:
            return following
        known = self._observed(observations, after)
        noted = _routine_observations(observations, known, source, now)
        return following._replace(cadence_state=dump(known), observations=noted)

    def look_value(self, cadence_state: str, now: datetime) -> float:
        """Value of a look at a target now, from its cadence state."""
        at = hours_since_epoch(now)
        return sum(
            s.weight * look_value(self.hazards.hazard_for(s.cell), max(at - s.at, 0.0))
            for s in _open(load(cadence_state), at)
        )

    def observe(self, observation: Observation, virtual_time: VirtualTime) -> float:
        """Show an observation to the surge detector; return its effective hours of exposure."""
        service = observation.cell.service
        expected = event_probability(self.hazards.hazard_for(observation.cell), observation.hours)
        virtual_time.observe(
            service,
            expected=expected,
            crossed=observation.crossed,
            hours=observation.hours,
            now=observation.at,
        )
        return virtual_time.effective_hours(service, observation.hours, observation.at)

    def schedule_request(
        self, observations: Sequence[ObservationState], now: datetime
    ) -> ScheduleRequest | None:
        """What a target needs of the virtual queue after a look; None if no order of it can drop."""
        at = hours_since_epoch(now)
        open_ = _open(observations, at)
        if not open_:
            return None
        not_before = now + self.every / 6
        return merged_requests([self._order_request(each, not_before, at) for each in open_])

    def _order_request(
        self, observation: ObservationState, not_before: datetime, at: float
    ) -> ScheduleRequest:
        """What one order needs of the virtual queue."""
        weight = observation.weight
        hazard = tuple([weight * rate for rate in self.hazards.hazard_for(observation.cell)])
        if observation.ends is None:
            return ScheduleRequest(hazard, observation.service, not_before, None, None)
        return ScheduleRequest(
            hazard,
            observation.service,
            not_before,
            time_of(observation.ends),
            _final_look(observation, observation.ends, hazard, at),
        )

    def _observed(
        self, before: Sequence[ObservationState], after: Sequence[ObservationState]
    ) -> list[ObservationState]:
        """The states to store after a routine look: an order that was just looked at keeps its state.

        A look comes soon after another one when a request is made for another target. The change of a few
        units in a minute is no rate of a day; the next look observes the whole interval. A crossing is
        observed at once: afterwards it would be taken for a confirmation.
        """
        soon = self.soon / timedelta(hours=1)
        return [
            old if new.at - old.at < soon and new.used < 1 else new
            for old, new in zip(before, after, strict=True)
        ]

    def _observation_states(
        self, covered: Sequence[OrderState], before: Sequence[ObservationState]
    ) -> list[ObservationState]:
        """The orders with a start count, each as the last routine look has shown it."""
        known = {observation.order_id: observation for observation in before}
        started = [w for w in covered if w.order.start_count is not None]
        lines = lines_of(w.order for w in started)
        observations = []
        for w in reversed(started):
            order = w.order
            if order.completed_at is None:
                continue
            completed, threshold = (
                hours_since_epoch(order.completed_at),
                order.terms.threshold(order.delivered),
            )
            cell = cell_at(order.service, 0.0, 0.0, None)
            state = known.get(order.order_id) or ObservationState(
                order.order_id, order.service, completed, None, 0, 1, 0.0, completed, *cell[1:4], 0.0
            )
            observations.append(
                state._replace(
                    ends=None if order.ends_at is None else hours_since_epoch(order.ends_at),
                    line=lines[order.order_id],
                    threshold=threshold,
                    weight=self._weight(w, threshold),
                )
            )
        return observations

    def _weight(self, state: OrderState, threshold: int) -> float:
        order = state.order
        if order.price is None or order.currency is None:
            return order_weight(threshold, None, None)
        rate = self.unit_prices.get((order.currency, order.target.metric))
        return order_weight(threshold, float(order.price) / order.quantity, rate)

    def _after_count(
        self, covered: Sequence[OrderState], observations: list[ObservationState], now: datetime
    ) -> NextLook:
        """The next look after a count: the earliest with a fixed time, else by virtual time."""
        dated = min(self._dated(covered, now), key=lambda look: (look.at, look.priority), default=None)
        if dated is None and not observations:
            dated = self._measure_start(now)
        return self._schedule(dated, covered, observations, now)

    def _after_failure(
        self,
        covered: Sequence[OrderState],
        observations: list[ObservationState],
        summary: LookSummary,
        now: datetime,
    ) -> NextLook:
        """The next look after a look without a count, or before the first one."""
        dated = None
        if summary.outcome is None or summary.outcome not in UNREADABLE:
            dated = self._retry(summary, now)
        if dated is None and not observations:
            dated = self._measure_start(now, summary.failures)
        return self._schedule(dated, covered, observations, now)

    def _measure_start(self, now: datetime, failures: int = 0) -> NextLook:
        """A look at a fixed time to measure the start count, without which no drop can be seen."""
        wait = self.every * 2 ** min(max(failures - 1, 0), 5)
        return NextLook(now + wait, Priority.ROUTINE, "a start count is to be measured")

    def _retry(self, summary: LookSummary, now: datetime) -> NextLook | None:
        if summary.outcome is None or summary.failures > MAX_RETRIES:
            return None
        wait = min(self.every, self.soon * 2 ** max(summary.failures - 1, 0))
        return NextLook(now + wait, Priority.ROUTINE, f"last look was {summary.outcome}")

    def _schedule(
        self,
        dated: NextLook | None,
        covered: Sequence[OrderState],
        observations: list[ObservationState],
        now: datetime,
    ) -> NextLook:
        refused = {w.order.order_id for w in covered if w.drop and w.drop.state is DropState.REFUSED}
        open_ = [s for s in observations if s.order_id not in refused and (s.used < 1 or dated is None)]
        schedule_request = self._after_settling(covered, self.schedule_request(open_, now), now)
        look = dated or self._undated(schedule_request, now)
        return NextLook(look.at, look.priority, look.due_reason, schedule_request, dump(observations))

    def _undated(self, schedule_request: ScheduleRequest | None, now: datetime) -> NextLook:
        """A look by virtual time, or after a long interval if no drop is expected."""
        if schedule_request is None:
            return NextLook(now + IDLE_FACTOR * self.every, Priority.ROUTINE, "no drop is expected")
        return NextLook(now + self.every, Priority.MAX_INTERVAL, BY_VIRTUAL_TIME)

    def _after_settling(
        self, covered: Sequence[OrderState], schedule_request: ScheduleRequest | None, now: datetime
    ) -> ScheduleRequest | None:
        """Postpone a target without a judged order until the first of its orders has settled."""
        if schedule_request is None or any(w.settled(now) for w in covered):
            return schedule_request
        settles = [
            w.order.completed_at + w.order.terms.settle for w in covered if w.order.completed_at is not None
        ]
        return schedule_request._replace(not_before=min(settles))

    def _dated(self, covered: Sequence[OrderState], now: datetime) -> Iterator[NextLook]:
        """The looks that the rules need at a fixed time."""
        for w in covered:
            if w.drop is not None and w.drop.state is DropState.SUSPECTED and w.settled(now):
                yield confirmation(w, w.drop, self.soon, now)
            yield from self._waiting_drop(w, now)
            yield from hold_ends(w, self.soon, now)

    def _waiting_drop(self, state: OrderState, now: datetime) -> Iterator[NextLook]:
        """The look at which a waiting drop is decided again; none while it waits for a customer's request."""
        order = state.order
        if state.drop is None or state.drop.state is not DropState.WAITING:
            return
        if order.terms.refill is RefillMode.ON_REQUEST and not state.request_pending:
            return
        ends = [now if refill.state.open else refill.completed_at for refill in state.refills]
        cooled = [at + order.terms.cooldown for at in ends if at is not None]  # no decision before that
        yield NextLook(max([now + self.every, *cooled]), Priority.ROUTINE, f"drop of {order.order_id} waits")


@dataclass(frozen=True, slots=True)
class ExpectedLook:
    """The expected next look at a target, and the reasons."""

    at: datetime | None
    """Expected time at the current shadow price; None if it is never due."""
    units: int
    """Sum of the drop thresholds of its orders."""
    used: float
    """Largest share of a threshold that is missing already."""
    daily: float
    """Probability of a drop within a day, weighted mean over its orders."""


def predict_look(cadence_state: str, hazards: Hazards, price: float) -> ExpectedLook | None:
    """Predict the next look at a target from its cadence state; None if no order of it can drop."""
    observations = _open(load(cadence_state))
    if not observations:
        return None
    weighted = [(observation.weight, hazards.hazard_for(observation.cell)) for observation in observations]
    wait = optimal_interval(weighted_sum(weighted), price)
    total_weight = sum(observation.weight for observation in observations)
    return ExpectedLook(
        at=None
        if wait > _MAX_WAIT_HOURS
        else time_of(max(observation.at for observation in observations) + wait),
        units=sum(observation.threshold for observation in observations),
        used=max(0.0, *(observation.used for observation in observations)),
        daily=sum(w * event_probability(hazard, 24.0) for w, hazard in weighted) / total_weight,
    )


def _routine_observations(
    before: Sequence[ObservationState], after: Sequence[ObservationState], source: str, now: datetime
) -> tuple[Observation, ...]:
    """The observations of a routine look.

    Looks for a confirmation, a hold or a customer's request must not be learned from: their intervals depend
    on the count, which would bias the hazards.
    """
    return tuple(
        Observation(source, old.cell, new.at - old.at, new.used >= 1, now)
        for old, new in zip(before, after, strict=True)
        if old.used < 1 and new.at > old.at
    )


def _open(observations: Iterable[ObservationState], at: float = -inf) -> list[ObservationState]:
    """The orders under guarantee that have not dropped; if all have, these, until they are confirmed."""
    running = [each for each in observations if each.ends is None or each.ends > at]
    return [each for each in running if each.used < 1] or running


def _effective(states: Sequence[OrderState], summary: LookSummary, now: datetime) -> int | None:
    """The count plus units in flight; None if the newest look has no accepted count."""
    if summary.outcome is not Outcome.COUNT or summary.rejected or summary.count is None:
        return None
    return summary.count + sum(w.in_flight(now) for w in states)


def _final_look(
    observation: ObservationState, ends: float, hazard: PiecewiseHazard, at: float
) -> FinalLook | None:
    """The final look of an order, valued by the probability of an unseen drop before its guarantee ends."""
    slot = int((ends - FINAL_LOOK_LEAD) // SLOT_HOURS)
    if slot <= at // SLOT_HOURS + 1:  # the current look was the final one
        return None
    risk = cumulative_hazard(hazard, ends - at) / observation.weight
    value = final_look_value(observation.weight, risk)
    return FinalLook(slot, value) if value > 0 else None
