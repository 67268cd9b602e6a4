"""The primary of PostgreSQL is killed and its standby promoted, while consumers work over HTTP."""

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from time import monotonic
from typing import Any

import pytest
from sqlalchemy import select

from monitor.model.refill import RefillState
from storage import migrate
from storage.engine import Database
from storage.schema import refill_events, refills
from tests.postgres_standby import Pair, replicated
from tests.refilld.queue_world import Caller, QueueWorld
from tests.storage.shop import at_once

REFILLS = 100
CONSUMERS = 3
DONE_BEFORE = 20
"""Completed refills after which the primary is killed."""
LONGEST = 20.0
"""Seconds from the kill to the last refill."""


@dataclass
class Consumers:
    """What the callers know: answers by their status, and the refills whose completion was acknowledged."""

    caller: Caller
    statuses: Counter[int] = field(default_factory=Counter)
    completed: list[int] = field(default_factory=list)
    enough: Event = field(default_factory=Event)
    end: float = 0.0

    def work(self, _number: int) -> None:
        """Claim one refill after the other, and complete each."""
        while claimed := self._until_answered("/claim", {"limit": 1}).get("refills"):
            token = {"lease_token": claimed[0]["lease_token"]}
            done = self._until_answered(f"/{claimed[0]['refill_id']}/complete", token)
            self.completed.append(done["refill_id"])
            if len(self.completed) >= DONE_BEFORE:
                self.enough.set()

    def _until_answered(self, path: str, body: object) -> Any:
        """Repeat a request while the answer says so."""
        while monotonic() < self.end:
            answer = self.caller.post(path, body)
            self.statuses[answer.status_code] += 1
            if answer.status_code != 503:
                assert answer.status_code == 200, answer.text
                return answer.get_json()
            assert answer.headers["Retry-After"] == "5"
            Event().wait(0.1)
        raise TimeoutError


@pytest.fixture
def pair() -> Iterator[Pair]:
    with replicated() as found, closing(Database(found.url)) as database:
        migrate.upgrade(database)
        yield found


def in_state(world: QueueWorld, state: RefillState) -> list[int]:
    with world.database.read() as tx:
        return list(
            tx.scalars(select(refills.c.refill_id).where(refills.c.state == state).order_by("refill_id"))
        )


def completions(world: QueueWorld) -> list[int]:
    """The refill of each completion in the history."""
    history = select(refill_events.c.refill_id).where(refill_events.c.state == RefillState.COMPLETED)
    with world.database.read() as tx:
        return list(tx.scalars(history.order_by("refill_id")))


@contextmanager
def world_on(url: str) -> Iterator[QueueWorld]:
    with closing(Database(url)) as database:
        yield QueueWorld(database, Path())


def test_a_fail_over_loses_no_acknowledged_completion_and_needs_no_restart(pair: Pair) -> None:
    """Callers get 503 meanwhile; nothing is completed twice, and only lost answers to claims leave leases."""
    with ExitStack() as stack:
        world, on_standby = (stack.enter_context(world_on(url)) for url in (pair.url, pair.standby_url))
        numbers = world.queue(*map(str, range(REFILLS)))
        consumers = Consumers(world.caller(), end=monotonic() + 2 * LONGEST)
        standby = Caller(on_standby.app().test_client(), consumers.caller.token)
        refused = standby.post("/claim", {"limit": 1})
        assert (refused.status_code, refused.headers["Retry-After"]) == (503, "5")

        def work_or_kill(number: int) -> None:
            if number < CONSUMERS:
                consumers.work(number)
            else:
                assert consumers.enough.wait(LONGEST)
                pair.fail_over()

        at_once(CONSUMERS + 1, work_or_kill)
        assert consumers.statuses.keys() == {200, 503}
        completed, leased = in_state(world, RefillState.COMPLETED), in_state(world, RefillState.CLAIMED)
        assert sorted(consumers.completed) == completed
        assert sorted(completed + leased) == numbers
        assert len(leased) <= CONSUMERS
        assert completions(world) == completed
        assert standby.post("/claim", {"limit": 1}).status_code == 200
