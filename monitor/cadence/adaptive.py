"""The learned cadence: looks where drops are likely and dear, in a time for any budget.

It says what a target asks of the virtual queue of its source, and learns from every routine look. Only what
the rules hang on has a date of its own: a confirmation, a missing baseline, the end of a hold; see
docs/cadence.md.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import inf

from monitor.cadence.dated_looks import confirmation, hold_ends
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
"""Hours before a guarantee's end by which its last call must have been."""
SLOT_HOURS = 2.0
"""Hours of one slot of last calls."""
_NEVER = 24.0 * 3650
"""Hours after which nobody waits for a turn."""
IDLE_FACTOR = 12
"""So many times the longest wait passes between looks at a target that no look can lose anything of."""
BY_VIRTUAL_TIME = "its turn comes"
"""Why a target is looked at again for which nothing has a date; `at_stake` tells more."""
MAX_RETRIES = 3
"""Failed looks in a row that are tried again soon; from then on the target waits for its turn."""
UnitPrices = Mapping[tuple[str, Metric], float]
"""What a unit of a metric usually costs, by currency."""


@dataclass(slots=True)
class AdaptiveCadence:
    """The policy; what it knows grows with every look."""

    every: timedelta
    """The longest a target should wait where the budget has room; a sixth of it is the shortest."""
    hazards: Hazards
    unit_prices: UnitPrices = field(default_factory=dict)

    @property
    def keeps_state(self) -> bool:
        """Yes: the memo of a target has all that its next look depends on."""
        return True

    def next_look(self, states: Sequence[OrderState], seen_: LookSummary, now: datetime) -> NextLook | None:
        """Say when to look again; None when no order is covered and no refill waits for a public profile."""
        covered = [w for w in states if w.covered(now)]
        if not covered:
            waits = any(refill.state.open for w in states for refill in w.refills)
            return NextLook(now + self.every, Priority.ROUTINE, "a refill is open") if waits else None
        observations = self._stakes(covered, load(seen_.cadence_state))
        count = _effective(states, seen_, now)
        if count is None:
            return self._unread(covered, observations, seen_, now)
        after = [observed(observation, count, hours_since_epoch(now)) for observation in observations]
        look = self._read(covered, after, now)
        if seen_.priority is Priority.URGENT:
            return look._replace(cadence_state=dump(observations))
        return look._replace(observations=_routine_observations(observations, after, seen_.source, now))

    def next_look_after_noop(
        self, cadence_state: str, count: int, now: datetime, priority: Priority, source: str, /
    ) -> NextLook | None:
        """Say when to look again after a count from which nothing can follow, by the notes alone.

        None where the notes do not say enough.
        """
        at = hours_since_epoch(now)
        observations = load(cadence_state)
        after = [observed(observation, count, at) for observation in observations]
        schedule_request = self.schedule_request(after, now)
        if schedule_request is None or any(
            observation.ends is not None and observation.ends <= at for observation in observations
        ):
            return None  # where a guarantee has ended the lines are others
        following = NextLook(
            now + self.every, Priority.MAX_INTERVAL, BY_VIRTUAL_TIME, schedule_request, cadence_state
        )
        if priority is Priority.URGENT:
            return following
        noted = _routine_observations(observations, after, source, now)
        return following._replace(cadence_state=dump(after), observations=noted)

    def look_value(self, cadence_state: str, now: datetime) -> float:
        """What a look at a target is worth now, by the notes of the last one."""
        at = hours_since_epoch(now)
        return sum(
            s.weight * look_value(self.hazards.hazard_for(s.cell), max(at - s.at, 0.0))
            for s in _open(load(cadence_state), at)
        )

    def observe(self, observation: Observation, clock: VirtualTime) -> float:
        """Show an observation to the surge detector; return its effective hours of exposure."""
        service = observation.cell.service
        expected = event_probability(self.hazards.hazard_for(observation.cell), observation.hours)
        clock.observe(
            service,
            expected=expected,
            crossed=observation.crossed,
            hours=observation.hours,
            now=observation.at,
        )
        return clock.effective_hours(service, observation.hours, observation.at)

    def schedule_request(
        self, observations: Sequence[ObservationState], now: datetime
    ) -> ScheduleRequest | None:
        """What a target asks of the virtual queue after a look; None when nothing is at stake."""
        at = hours_since_epoch(now)
        open_ = _open(observations, at)
        if not open_:
            return None
        rest = now + self.every / 6
        return merged_requests([self._wish(observation, rest, at) for observation in open_])

    def _wish(self, observation: ObservationState, rest: datetime, at: float) -> ScheduleRequest:
        """What one order asks of the virtual queue."""
        weight_ = observation.weight
        hazard = tuple([weight_ * hazard for hazard in self.hazards.hazard_for(observation.cell)])
        if observation.ends is None:
            return ScheduleRequest(hazard, observation.service, rest, None, None)
        return ScheduleRequest(
            hazard,
            observation.service,
            rest,
            time_of(observation.ends),
            _final_look(observation, observation.ends, hazard, at),
        )

    def _stakes(
        self, covered: Sequence[OrderState], before: Sequence[ObservationState]
    ) -> list[ObservationState]:
        """The orders as stakes, each in the state in which the last routine look has shown it."""
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

    def _read(
        self, covered: Sequence[OrderState], observations: list[ObservationState], now: datetime
    ) -> NextLook:
        """After a count: what has a date of its own, or else its turn."""
        dated = min(self._dated(covered, now), key=lambda look: (look.at, look.priority), default=None)
        if dated is None and not observations:
            dated = self._measuring(now)
        return self._following(dated, covered, observations, now)

    def _unread(
        self,
        covered: Sequence[OrderState],
        observations: list[ObservationState],
        seen_: LookSummary,
        now: datetime,
    ) -> NextLook:
        """After a look without a count, or before the first one."""
        dated = None
        if seen_.outcome is None or seen_.outcome not in UNREADABLE:
            dated = self._again(seen_, now)
        if dated is None and not observations:
            dated = self._measuring(now, seen_.failures)
        return self._following(dated, covered, observations, now)

    def _measuring(self, now: datetime, failures: int = 0) -> NextLook:
        """Without a start count no loss could be seen: it is measured without waiting for a turn."""
        wait = self.every * 2 ** min(max(failures - 1, 0), 5)
        return NextLook(now + wait, Priority.ROUTINE, "a start count is to be measured")

    def _again(self, seen_: LookSummary, now: datetime) -> NextLook | None:
        if seen_.outcome is None or seen_.failures > MAX_RETRIES:
            return None
        wait = min(self.every, self.every / 36 * 2 ** max(seen_.failures - 1, 0))
        return NextLook(now + wait, Priority.ROUTINE, f"last look was {seen_.outcome}")

    def _following(
        self,
        dated: NextLook | None,
        covered: Sequence[OrderState],
        observations: list[ObservationState],
        now: datetime,
    ) -> NextLook:
        refused = {w.order.order_id for w in covered if w.drop and w.drop.state is DropState.REFUSED}
        open_ = [s for s in observations if s.order_id not in refused and (s.used < 1 or dated is None)]
        schedule_request = self._settled(covered, self.schedule_request(open_, now), now)
        look = dated or self._undated(schedule_request, now)
        return NextLook(look.at, look.priority, look.due_reason, schedule_request, dump(observations))

    def _undated(self, schedule_request: ScheduleRequest | None, now: datetime) -> NextLook:
        """A target waits for its turn; one that has none, as nothing is at stake, is seen now and then."""
        if schedule_request is None:
            return NextLook(now + IDLE_FACTOR * self.every, Priority.ROUTINE, "nothing is at stake")
        return NextLook(now + self.every, Priority.MAX_INTERVAL, BY_VIRTUAL_TIME)

    def _settled(
        self, covered: Sequence[OrderState], schedule_request: ScheduleRequest | None, now: datetime
    ) -> ScheduleRequest | None:
        """A target none of whose orders can be judged yet rests until the first of them can."""
        if schedule_request is None or any(w.settled(now) for w in covered):
            return schedule_request
        settles = [
            w.order.completed_at + w.order.terms.settle for w in covered if w.order.completed_at is not None
        ]
        return schedule_request._replace(not_before=min(settles))

    def _dated(self, covered: Sequence[OrderState], now: datetime) -> Iterator[NextLook]:
        """Everything that the rules hang on a time."""
        soon = self.every / 36
        for w in covered:
            if w.drop is not None and w.drop.state is DropState.SUSPECTED and w.settled(now):
                yield confirmation(w, w.drop, soon, now)
            yield from self._decided_again(w, now)
            yield from hold_ends(w, soon, now)

    def _decided_again(self, state: OrderState, now: datetime) -> Iterator[NextLook]:
        """A drop that waits is decided again at each look; one that waits for the customer wakes with him."""
        order = state.order
        if state.drop is None or state.drop.state is not DropState.WAITING:
            return
        if order.terms.refill is RefillMode.ON_REQUEST and not state.request_pending:
            return
        done = [now if refill.state.open else refill.completed_at for refill in state.refills]
        cooled = [at + order.terms.cooldown for at in done if at is not None]  # no decision comes before
        yield NextLook(max([now + self.every, *cooled]), Priority.ROUTINE, f"drop of {order.order_id} waits")


@dataclass(frozen=True, slots=True)
class ExpectedLook:
    """When a target's turn is to be expected, and what it hangs on."""

    at: datetime | None
    """When it would come if requests went on to be worth what they are worth now; None when never."""
    units: int
    """Units at stake: the drop thresholds of its orders."""
    used: float
    """Largest share of such a threshold that is missing already."""
    daily: float
    """Chance that a unit at stake is lost within a day."""


def predict_look(cadence_state: str, hazards: Hazards, price: float) -> ExpectedLook | None:
    """Say when a target comes to its turn, and why, by its notes; None where nothing is at stake."""
    observations = _open(load(cadence_state))
    if not observations:
        return None
    weighted = [(observation.weight, hazards.hazard_for(observation.cell)) for observation in observations]
    wait = optimal_interval(weighted_sum(weighted), price)
    weight_ = sum(observation.weight for observation in observations)
    return ExpectedLook(
        at=None if wait > _NEVER else time_of(max(observation.at for observation in observations) + wait),
        units=sum(observation.threshold for observation in observations),
        used=max(0.0, *(observation.used for observation in observations)),
        daily=sum(w * event_probability(hazard, 24.0) for w, hazard in weighted) / weight_,
    )


def _routine_observations(
    before: Sequence[ObservationState], after: Sequence[ObservationState], source: str, now: datetime
) -> tuple[Observation, ...]:
    """What a routine look shows of its orders.

    A look made because of a drop, a hold or a customer must not be learned from: it shows too much about too
    short a time.
    """
    return tuple(
        Observation(source, old.cell, new.at - old.at, new.used >= 1, now)
        for old, new in zip(before, after, strict=True)
        if old.used < 1 and new.at > old.at
    )


def _open(observations: Iterable[ObservationState], at: float = -inf) -> list[ObservationState]:
    """The orders that may yet drop; where all have, those: what is not confirmed yet must be seen again."""
    running = [
        observation for observation in observations if observation.ends is None or observation.ends > at
    ]
    return [observation for observation in running if observation.used < 1] or running


def _effective(states: Sequence[OrderState], seen_: LookSummary, now: datetime) -> int | None:
    """The count with the units in flight; None where the newest look is no number."""
    if seen_.outcome is not Outcome.COUNT or seen_.rejected or seen_.count is None:
        return None
    return seen_.count + sum(w.in_flight(now) for w in states)


def _final_look(
    observation: ObservationState, ends: float, hazard: PiecewiseHazard, at: float
) -> FinalLook | None:
    """The last call of an order, worth the chance that it drops unseen until its guarantee's end."""
    slot = int((ends - FINAL_LOOK_LEAD) // SLOT_HOURS)
    if slot <= at // SLOT_HOURS + 1:  # the look just taken was the last one
        return None
    risk = cumulative_hazard(hazard, ends - at) / observation.weight
    value = final_look_value(observation.weight, risk)
    return FinalLook(slot, value) if value > 0 else None
