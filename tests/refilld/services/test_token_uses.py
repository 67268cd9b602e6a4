"""The requests of tokens are counted by all processes together, and rarely written."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from refilld.services import token_uses
from refilld.services.token_uses import TokenUses
from storage import token_uses as stored_uses
from storage.engine import Transaction
from storage.token_uses import TokenUse
from tests.builders import MINUTE, NOW
from tests.refilld.queue_world import QueueWorld, queue_world
from tests.storage.shop import rows_of

TOKEN = 7
SECOND = timedelta(seconds=1)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[QueueWorld]:
    with queue_world(tmp_path) as world:
        yield world


class Clock:
    """A clock that stands still."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> Any:
        return self.now


def ask(uses: TokenUses, times: int, limit: int) -> int:
    """Send requests; returns how many of them were not too many."""
    return sum(not uses.take(TOKEN, limit).exceeded for _ in range(times))


def test_two_processes_share_a_limit(world: QueueWorld) -> None:
    """Each stores its requests, and learns those of the other; a refused one counts for nothing."""
    clock = Clock()
    one, other = (TokenUses(world.database, clock) for _ in range(2))
    assert ask(one, 70, 100) == 70
    one.run_once()
    assert ask(other, 20, 100) == 20
    other.run_once()  # and knows of 90
    assert ask(other, 30, 100) == 10
    other.run_once()
    assert ask(one, 5, 100) == 5  # has not been told yet
    one.run_once()
    assert [ask(one, 5, 100), ask(other, 5, 100)] == [0, 0]
    clock.now += MINUTE
    assert [ask(one, 5, 100), ask(other, 5, 100)] == [5, 5]


def test_few_requests_are_not_written_each_time(world: QueueWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first one is, then every half a minute; the end of the process stores the rest."""
    clock, ticks = Clock(), [0.0]
    monkeypatch.setattr(token_uses, "monotonic", lambda: ticks[0])
    uses = TokenUses(world.database, clock)

    def stored() -> int:
        uses.run_once()
        return sum(row.requests for row in rows_of(world.database, "token_uses"))

    ask(uses, 1, 1000)
    assert stored() == 1
    ask(uses, 19, 1000)
    assert stored() == 1
    ask(uses, 1, 1000)
    assert stored() == 21
    ask(uses, 1, 1000)
    ticks[0] += 30
    clock.now += 30 * SECOND
    assert stored() == 22
    ask(uses, 3, 0)
    uses.finish()
    (row,) = rows_of(world.database, "token_uses")
    assert (row.requests, row.used_at) == (25, NOW + 30 * SECOND)


def test_requests_that_come_while_others_are_stored_are_kept(
    world: QueueWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They count once, and are stored next time."""
    uses, add = TokenUses(world.database, Clock()), stored_uses.add

    def adding(tx: Transaction, use: TokenUse) -> int:
        ask(uses, 5, 10)
        return add(tx, use)

    monkeypatch.setattr(stored_uses, "add", adding)
    ask(uses, 1, 10)
    uses.run_once()
    monkeypatch.undo()
    assert ask(uses, 10, 10) == 4
    uses.run_once()
    (row,) = rows_of(world.database, "token_uses")
    assert row.requests == 10
