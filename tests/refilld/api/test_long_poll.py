"""Long polls: a claim that waits for a refill."""

import pytest

from refilld.api.long_poll import WaiterPool
from refilld.api.server import THREADS
from tests.refilld.queue_world import QueueWorld, QuickEvent


def test_a_long_poll_is_answered_when_a_refill_appears(world: QueueWorld) -> None:
    """The database is queried in short steps."""
    world.stopping = event = QuickEvent()
    event.while_waiting = lambda: world.queue("1") if event.waits == 3 else None
    caller = world.caller()
    assert [refill["order_id"] for refill in caller.claim(wait_seconds=30)] == ["1"]
    assert event.waits == 3


def test_a_long_poll_ends_after_its_time_with_an_empty_list(world: QueueWorld) -> None:
    """Two seconds are four more queries."""
    world.stopping = event = QuickEvent()
    assert world.caller().claim(wait_seconds=2) == []
    assert event.waits == 4


def test_a_long_poll_ends_at_shutdown(world: QueueWorld) -> None:
    """Nothing is claimed while the process stops, so no lease is lost."""
    world.stopping = event = QuickEvent()

    def stop() -> None:
        world.queue("1")
        event.set()

    event.while_waiting = stop
    assert world.caller().claim(wait_seconds=30) == []
    assert event.waits == 1


def test_nothing_is_claimed_for_a_disconnected_client(world: QueueWorld) -> None:
    """The refill stays in the queue for another consumer."""
    world.stopping = event = QuickEvent()
    event.while_waiting = lambda: world.queue("1") if event.waits == 1 else None
    answer = world.caller().post(
        "/claim", {"wait_seconds": 30}, environ_overrides={"waitress.client_disconnected": lambda: True}
    )
    assert answer.json == {"refills": []}
    (refill,) = world.claim()
    assert refill.order_id == "1"


def test_at_most_half_of_the_threads_wait(world: QueueWorld) -> None:
    """Further requests are answered at once; a free slot can be used again."""
    world.stopping = event = QuickEvent()
    app = world.app()
    places = THREADS // 2
    rounds: list[int] = []

    def one_more() -> None:
        event.while_waiting = one_more if event.waits < places else full
        assert world.caller(app=app).claim(wait_seconds=1) == []

    def full() -> None:
        event.while_waiting = lambda: None
        waits = event.waits
        assert world.caller(app=app).claim(wait_seconds=30) == []
        rounds.append(event.waits - waits)

    event.while_waiting = one_more
    assert world.caller(app=app).claim(wait_seconds=1) == []
    assert rounds == [0]
    waits = event.waits
    assert world.caller(app=app).claim(wait_seconds=30) == []
    assert event.waits == waits + 60


def test_a_waiter_slot_is_freed_when_the_query_fails() -> None:
    """Failed queries do not use up the slots."""
    event = QuickEvent()
    pool = WaiterPool(event, 1)
    answers: list[list[int]] = [[]]
    with pytest.raises(IndexError):
        pool.poll(answers.pop, 1, bool)
    assert event.waits == 1
    assert pool.poll(list, 1, bool) == []
    assert event.waits == 3
