"""The refill queue against a naive model: for any actions of consumers and operators, both agree.

The model is a dictionary and the words of the contract; it knows no SQL and no code of `storage`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import delete, update

from monitor.model.decision import Action
from monitor.model.refill import RefillState
from storage import claim_columns, leases, operator_actions
from storage.alert_tables import events as events_table
from storage.engine import Database
from storage.errors import LeaseLostError, OpenRefillError, WrongStateError
from storage.leases import Failure
from storage.schema import decisions as decisions_table
from storage.schema import drops, queued_units, refill_events, reviews, targets
from storage.schema import refills as refills_table
from tests import lease_calls
from tests.builders import HOUR, MINUTE, NOW, a_profile, an_order
from tests.effort import EFFORT
from tests.storage.shop import alerts_of, owe, rows_of, sell

ORDERS = ("public 1", "public 2", "public 3", "private")
ATTEMPTS = 3
OPEN = {"held", "queued", "claimed"}
OPERATOR = {
    "approve": ({"held"}, "queued"),
    "reject": ({"held"}, "rejected"),
    "requeue": ({"dead"}, "queued"),
    "cancel": ({"held", "queued", "dead"}, "cancelled"),
}
CHOICE = st.integers(0, 10**6)


@dataclass
class Model:
    """One refill as the contract describes it."""

    order_id: str
    state: str
    available_at: datetime
    attempt: int = 0
    token: str | None = None
    until: datetime | None = None
    done: tuple[str, str, str] | None = None
    """Token, action and answer of the newest action that ended a lease."""
    states: list[str] = field(default_factory=list)
    """All states that it has had."""

    def move(self, state: str) -> None:
        self.state = state
        self.states.append(state)
        if state != "claimed":
            self.token = self.until = None


class QueueMachine(RuleBasedStateMachine):
    """Consumers, operators and the clock in any order."""

    database: Database

    @initialize()
    def begin(self) -> None:
        self.now = NOW
        self.model: dict[int, Model] = {}
        self.tokens: list[tuple[int, str]] = []
        self.private = False
        self.given_up = 0
        with self.database.write() as connection:
            of_refills = (reviews, refill_events, queued_units)
            for table in (*of_refills, refills_table, decisions_table, drops, events_table):
                connection.execute(delete(table))
            connection.execute(update(targets).values(private_since=None))

    @rule(step=st.sampled_from([timedelta(0), MINUTE, 3 * MINUTE, HOUR]))
    def time_passes(self, step: timedelta) -> None:
        self.now += step

    @rule(order_id=st.sampled_from(ORDERS), action=st.sampled_from([Action.REFILL, Action.HOLD]))
    def owe(self, order_id: str, action: Action) -> None:
        taken = any(m.order_id == order_id and m.state in OPEN for m in self.model.values())
        try:
            with self.database.write() as connection:
                refill_id = owe(connection, order_id, action, at=self.now)
        except OpenRefillError:
            assert taken
            return
        assert not taken
        state = "queued" if action is Action.REFILL else "held"
        self.model[refill_id] = Model(order_id, state, self.now, states=[state])

    @rule(limit=st.integers(0, 3), lease=st.sampled_from([MINUTE, HOUR]))
    def claim(self, limit: int, lease: timedelta) -> None:
        with self.database.read() as connection:
            anything = leases.anything_ready(connection, self.now)
        with self.database.write() as connection:
            rows = leases.claim(connection, self.now, limit=limit, lease=lease)
        ready = sorted((m.available_at, i) for i, m in self.model.items() if self._ready(m))
        assert anything == bool(ready)
        assert [row.refill_id for row in rows] == [i for _, i in ready[:limit]]
        for row in rows:
            model = self.model[row.refill_id]
            model.move("claimed")
            model.attempt += 1
            model.token, model.until = row.lease_token, self.now + lease
            self.tokens.append((row.refill_id, row.lease_token))

    def _ready(self, model: Model) -> bool:
        hidden = self.private and model.order_id == "private"
        return model.state == "queued" and model.available_at <= self.now and not hidden

    @rule(choice=CHOICE, more=st.sampled_from([MINUTE, HOUR]))
    def extend(self, choice: int, more: timedelta) -> None:
        if not self.tokens:
            return
        refill_id, token = self.tokens[choice % len(self.tokens)]
        owned = self.model[refill_id].token == token
        try:
            with self.database.write() as connection:
                lease_calls.extend(connection, refill_id, token, self.now + more)
        except LeaseLostError:
            assert not owned
            return
        assert owned
        self.model[refill_id].until = self.now + more

    @rule(choice=CHOICE)
    def complete(self, choice: int) -> None:
        self._end(
            choice,
            "complete",
            lambda c, i, t: lease_calls.complete(c, i, t, self.now),
            lambda model: model.move("completed"),
        )

    @rule(choice=CHOICE)
    def release(self, choice: int) -> None:
        def give_back(model: Model) -> None:
            model.move("queued")
            model.available_at = self.now
            model.attempt -= 1

        self._end(choice, "release", lambda c, i, t: lease_calls.release(c, i, t, self.now), give_back)

    @rule(
        choice=CHOICE,
        retryable=st.booleans(),
        after=st.none() | st.sampled_from([timedelta(0), HOUR]),
    )
    def fail(self, choice: int, retryable: bool, after: timedelta | None) -> None:
        failure = Failure("no", retryable=retryable, retry_after=after)

        def give_up(model: Model) -> None:
            usual = MINUTE * 2 ** (model.attempt - 1)
            model.available_at = self.now + (usual if after is None else after)
            dead = not retryable or model.attempt >= ATTEMPTS
            self.given_up += dead
            model.move("dead" if dead else "queued")

        self._end(
            choice, "fail", lambda c, i, t: lease_calls.fail(c, i, t, self.now, failure, ATTEMPTS), give_up
        )

    def _end(
        self,
        choice: int,
        action: str,
        act: Callable[..., RefillState],
        follow: Callable[[Model], None],
    ) -> None:
        """End any earlier or present lease: it succeeds, is answered as before, or is lost."""
        if not self.tokens:
            return
        refill_id, token = self.tokens[choice % len(self.tokens)]
        model = self.model[refill_id]
        try:
            with self.database.write() as connection:
                answer = act(connection, refill_id, token)
        except LeaseLostError:
            assert model.token != token
            assert model.done is None or model.done[:2] != (token, action)
            return
        if model.token == token:
            follow(model)
            model.done = token, action, model.state
        assert model.done == (token, action, answer)

    @rule()
    def leases_end(self) -> None:
        with self.database.write() as connection:
            ended = leases.expire(connection, self.now, ATTEMPTS)
        over = [m for m in self.model.values() if m.until is not None and m.until <= self.now]
        assert ended == len(over)
        for model in over:
            model.available_at = self.now
            dead = model.attempt >= ATTEMPTS
            self.given_up += dead
            model.move("dead" if dead else "queued")

    @rule(choice=CHOICE, action=st.sampled_from(sorted(OPERATOR)))
    def operate(self, choice: int, action: str) -> None:
        if not self.model:
            return
        refill_id = sorted(self.model)[choice % len(self.model)]
        model, (allowed, state) = self.model[refill_id], OPERATOR[action]
        others = {m.order_id for i, m in self.model.items() if i != refill_id and m.state in OPEN}
        try:
            with self.database.write() as connection:
                operator_actions.act(connection, refill_id, action, self.now)
        except WrongStateError:
            assert model.state not in allowed
            return
        except OpenRefillError:
            assert state == "queued"
            assert model.order_id in others
            return
        assert model.state in allowed
        model.move(state)
        if state == "queued":
            model.attempt, model.available_at = 0, self.now

    @rule(private=st.booleans())
    def shy_profile_turns(self, private: bool) -> None:
        self.private = private
        shy = targets.c.key == "private"
        with self.database.write() as connection:
            change = update(targets).where(shy).values(private_since=self.now if private else None)
            connection.execute(change)
            claim_columns.refresh(connection, ["private"])

    @invariant()
    def both_agree(self) -> None:
        expected = {
            i: (m.state, m.available_at if m.state == "queued" else None, m.attempt, m.token, m.until)
            for i, m in self.model.items()
        }
        found = {
            row.refill_id: (
                row.state,
                row.available_at if row.state is RefillState.QUEUED else None,
                row.attempt,
                row.lease_token,
                row.leased_until,
            )
            for row in rows_of(self.database, "refills")
        }
        assert expected == found

    @invariant()
    def every_step_was_written_down_once(self) -> None:
        events: dict[int, list[str]] = {refill_id: [] for refill_id in self.model}
        for row in rows_of(self.database, "refill_events"):
            events[row.refill_id].append(row.state)
        assert {i: m.states for i, m in self.model.items()} == events
        assert self.given_up == len(alerts_of(self.database))


def test_the_queue_agrees_with_a_naive_model_of_it(database: Database) -> None:
    """Consumers, operators, private profiles and time in any order: no refill is lost or duplicated."""
    sell(database, *(an_order(name, target=a_profile(name.split()[0])) for name in ORDERS))
    QueueMachine.database = database
    effort = settings(
        max_examples=25 * EFFORT,
        stateful_step_count=40,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(QueueMachine, settings=effort)
