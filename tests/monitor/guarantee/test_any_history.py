"""RULES 3 to 5: the product and the naive model agree on any history of a target."""

from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from monitor.guarantee.order_update import state_after
from monitor.guarantee.series import Series, admit
from monitor.guarantee.start_counts import EarlierCount
from monitor.guarantee.verdicts import evaluate_count
from monitor.model.order import Flag, Order, OrderStatus
from monitor.model.order_state import OrderState
from monitor.model.refill import Refill, RefillState
from monitor.model.terms import BelowStart, RefillMode
from tests.builders import (
    DAY,
    HOUR,
    MINUTE,
    START,
    a_look,
    an_order,
)
from tests.effort import examples
from tests.monitor.guarantee.naive_model import (
    OrderResult,
    highest_line,
    naive_look,
    naive_refills_of,
    naive_world,
)
from tests.proof.naive_orders import Row
from tests.proof.naive_rules import handle


@st.composite
def sales(draw: st.DrawFn, order_id: str) -> Order:
    """Draw an order with few and near numbers and times."""
    status = draw(st.sampled_from([OrderStatus.COMPLETED] * 4 + [OrderStatus.PARTIAL, OrderStatus.PENDING]))
    hours = st.sampled_from([0, 0, 1, 2, 24]).map(lambda h: h * HOUR)
    completed = None if status.waiting else START + draw(st.integers(0, 12)) * HOUR
    return an_order(
        order_id,
        start_count=draw(st.none() | st.just(0) | st.integers(0, 40)),
        delivered=draw(st.integers(1, 30)),
        completed_at=completed,
        created_at=draw(st.none() | hours.map(lambda h: (completed or START) - h)),
        status=status,
        remains=draw(st.sampled_from([0, 0, 5])),
        window=draw(st.sampled_from([12 * HOUR, 3 * DAY, 30 * DAY, None, None])),
        settle=draw(hours),
        min_drop_units=draw(st.sampled_from([0, 1, 3])),
        min_drop_percent=draw(st.sampled_from([0, 5, 30])),
        confirmations=draw(st.sampled_from([1, 2, 2, 3])),
        confirm_after=draw(hours),
        cooldown=draw(hours),
        max_refills=draw(st.sampled_from([0, 0, 1, 2])),
        max_refill_percent=draw(st.sampled_from([0, 100, 150, 150, 1000])),
        below_start=draw(st.sampled_from(BelowStart)),
        partial_orders=draw(st.booleans()),
        refill=draw(st.sampled_from([*[RefillMode.AUTOMATIC] * 4, RefillMode.ON_REQUEST])),
    )


ENDS = ("claimed", "completed", "completed", "short", "dead", "cancelled", "rejected", "released")
STEPS = (timedelta(0), 30 * MINUTE, HOUR, HOUR, 2 * HOUR, 5 * HOUR, DAY, DAY, 9 * DAY)
WHICH = st.integers(0, 11)


def moved(refill: Refill, end: str, share: int, at: datetime) -> Refill:
    """Give the refill after what an operator or its consumer did; `short` delivers `share` percent."""
    state = {"short": "completed", "released": "queued"}.get(end, end)
    done = at if state == "completed" else None
    delivered = refill.quantity * share // 100 if end == "short" else None
    return replace(refill, state=RefillState(state), completed_at=done, delivered=delivered)


class History(RuleBasedStateMachine):
    """One target: its history is evaluated by the product and by the naive model."""

    states: list[OrderState]
    series: Series
    earlier: EarlierCount | None
    world: Row
    now: datetime

    @initialize(orders=st.tuples(sales("b"), sales("c"), sales("a")), number=st.integers(1, 3))
    def sell(self, orders: tuple[Order, ...], number: int) -> None:
        self.now = START
        self.series = Series()
        self.earlier = None
        self.states = [OrderState(order) for order in orders[:number]]
        self.world = naive_world(self.states)

    @rule(
        steps=st.lists(st.sampled_from(STEPS), min_size=1, max_size=5),
        missing=st.integers(-3, 45) | st.integers(1, 15),
        mass_drop=st.sampled_from([False, False, False, True]),
    )
    def look(self, steps: list[timedelta], missing: int, *, mass_drop: bool) -> None:
        """Look several times at the same count, which is so far below the highest line."""
        later = self.now + steps[0]
        count = max(0, highest_line(self.world, later) - missing)
        for step in steps:
            self.now += step
            self._evaluate(count, mass_drop=mass_drop)

    def _evaluate(self, count: int, *, mass_drop: bool) -> None:
        expected = naive_look(self.world, count, self.now, mass_drop=mass_drop)
        admitted, self.series = admit(a_look(count, self.now), self.series)
        assert (expected is None) == (admitted.count is None)
        if expected is None:
            return
        verdicts = evaluate_count(self.states, count, self.now, self.earlier, mass_drop=mass_drop)
        self.earlier = EarlierCount(count, self.now)
        pairs = zip(self.states, verdicts, strict=True)
        assert expected == [OrderResult.of(state.order, verdict) for state, verdict in pairs]
        self.states = [state_after(s, v) for s, v in zip(self.states, verdicts, strict=True)]
        assert self.world["asked"] == {s.order.order_id for s in self.states if s.request_pending}

    def _open_refills(self) -> list[tuple[int, int]]:
        """Give the place of each open refill: of its order, and among the refills of this order."""
        return [(i, j) for i, s in enumerate(self.states) for j, r in enumerate(s.refills) if r.state.open]

    @precondition(lambda self: self._open_refills())
    @rule(which=WHICH, end=st.sampled_from(ENDS), share=st.integers(0, 100), step=st.sampled_from(STEPS))
    def move_a_refill(self, which: int, end: str, share: int, step: timedelta) -> None:
        self.now += step
        places = self._open_refills()
        i, j = places[which % len(places)]
        refills = list(self.states[i].refills)
        refills[j] = moved(refills[j], end, share, self.now)
        self.states[i] = replace(self.states[i], refills=tuple(refills))
        row = naive_refills_of(self.world, self.world["orders"][i])[j]
        row.update(state=str(refills[j].state), completed_at=refills[j].completed_at)
        row["delivered"] = row["quantity"] * share // 100 if end == "short" else row["quantity"]

    @rule(which=WHICH, flag=st.sampled_from([Flag.HOLD, Flag.DISPUTE]))
    def flag_an_order(self, which: int, flag: Flag) -> None:
        """RULES 4: it closes the open drop and cancels held and queued refills; claimed ones stay."""
        i = which % len(self.states)
        state = self.states[i]
        event = {"event": "order_flagged", "order_id": state.order.order_id, "flag": str(flag)}
        handle(self.world, event | {"at": self.now})
        refills = [
            replace(r, state=RefillState.CANCELLED) if r.state in {"held", "queued"} else r
            for r in state.refills
        ]
        self.states[i] = replace(state, flags=state.flags | {flag}, drop=None, refills=tuple(refills))

    @precondition(lambda self: any(state.flags for state in self.states))
    @rule()
    def lift_all_flags(self) -> None:
        for flags in self.world["flags"].values():
            flags.clear()
        self.states = [replace(state, flags=frozenset()) for state in self.states]

    @rule(which=WHICH)
    def ask(self, which: int) -> None:
        i = which % len(self.states)
        self.states[i] = replace(self.states[i], request_pending=True)
        self.world["asked"].add(self.states[i].order.order_id)

    @invariant()
    def at_most_one_refill_of_an_order_is_open(self) -> None:
        assert all(sum(r.state.open for r in s.refills) <= 1 for s in getattr(self, "states", []))

    @invariant()
    def refills_stay_within_their_limits(self) -> None:
        for state in getattr(self, "states", []):
            order, terms = state.order, state.order.terms
            assert sum(r.units for r in state.refills) * 100 <= terms.max_refill_percent * order.delivered
            completed = [r for r in state.refills if r.state is RefillState.COMPLETED]
            assert terms.max_refills == 0 or len(completed) <= terms.max_refills


class TestAnyHistory(History.TestCase):  # type: ignore[misc,valid-type] # Hypothesis makes it at run time
    """RULES 3 to 5: drops and decisions of any history are those of the naive model."""

    settings = examples(60, steps=40)
