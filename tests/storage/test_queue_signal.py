"""The signal that refills were queued: given by the commit, and on PostgreSQL heard by all processes."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from threading import Event
from typing import Any

import pytest

from monitor.model.decision import Action
from storage import operator_actions, queue_watch
from storage.engine import Database
from storage.errors import UnreachableError
from storage.queue_signal import QUEUED
from storage.queue_watch import QueueWatch
from tests import lease_calls
from tests.builders import HOUR, NOW, an_order
from tests.pgbouncer import pgbouncer
from tests.storage.lease_actions import LATER, claim, expire, finish
from tests.storage.shop import owe, queue, sell

LONG = 60.0
"""Seconds; a test that waits for half of it fails."""
LISTENING = """
SELECT pid FROM pg_stat_activity
WHERE datname = current_database() AND query LIKE 'LISTEN %%' AND state = 'idle'
"""


def number() -> int:
    """The number of signals in this process."""
    return QUEUED.wait(-1, 0)


def listeners(database: Database) -> list[int]:
    """The processes of the server that listen."""
    with database.read() as tx:
        return list(tx.exec_driver_sql(LISTENING).scalars())


@pytest.fixture
def watch(postgresql: Database) -> Iterator[QueueWatch]:
    with closing(QueueWatch(postgresql)) as watch:
        watch.wait(0)
        yield watch


@pytest.fixture
def mute(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if another process queued the refills."""
    monkeypatch.setattr(QUEUED, "note", lambda: None)


def test_the_signal_is_given_once_and_after_the_commit(database: Database) -> None:
    sell(database, an_order("1"), an_order("2"))
    before = number()
    with database.write() as tx:
        owe(tx, "1")
        owe(tx, "2")
        assert number() == before
    assert number() == before + 1


def test_what_is_rolled_back_gives_no_signal(database: Database) -> None:
    sell(database, an_order("1"))
    before = number()
    with suppress(ZeroDivisionError), database.write() as tx:
        owe(tx, "1")
        raise ZeroDivisionError
    assert number() == before


def test_a_held_refill_gives_the_signal_when_it_is_approved(database: Database) -> None:
    sell(database, an_order("1"))
    before = number()
    with database.write() as tx:
        refill_id = owe(tx, "1", Action.HOLD)
    assert number() == before
    with database.write() as tx:
        operator_actions.act(tx, refill_id, "approve", NOW)
    assert number() == before + 1


@pytest.mark.parametrize(
    ("action", "signals"), [("release", 1), ("fail", 1), ("expire", 1), ("extend", 0), ("complete", 0)]
)
def test_a_refill_that_is_given_back_gives_the_signal(database: Database, action: str, signals: int) -> None:
    """Neither its claim nor its completion does, which come most often."""
    queue(database, "1")
    before = number()
    (row,) = claim(database)
    assert number() == before
    if action == "expire":
        assert expire(database, NOW + 2 * HOUR) == 1
    elif action == "extend":
        with database.write() as tx:
            lease_calls.extend(tx, row.refill_id, row.lease_token, LATER + HOUR)
    else:
        finish(database, action, row.refill_id, row.lease_token)
    assert number() == before + signals


@pytest.mark.usefixtures("mute")
def test_other_processes_hear_the_signal_on_postgresql(postgresql: Database, watch: QueueWatch) -> None:
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(watch.wait, LONG)
        queue(postgresql, "1")
        waiting.result(LONG / 2)


def test_a_lost_connection_is_replaced_after_a_pause(
    postgresql: Database, watch: QueueWatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Meanwhile the signals of this process are heard; each pause is twice as long, up to half a minute."""
    times = [1000.0]
    monkeypatch.setattr(queue_watch, "monotonic", lambda: times[-1])
    (first,) = listeners(postgresql)
    with postgresql.write() as tx:
        tx.exec_driver_sql(f"SELECT pg_terminate_backend({first}, 5000)")
    watch.wait(LONG)
    assert listeners(postgresql) == []
    times.append(1000.9)
    watch.wait(0)
    assert listeners(postgresql) == []
    times.append(1001.1)
    watch.wait(0)
    assert len(listeners(postgresql)) == 1


def test_the_pauses_between_tries_grow_up_to_half_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    """For a server that is gone for long."""
    times, tries = [0.0], list[float]()

    class Gone:
        sqlite = False

        def listener(self, _channel: str) -> Any:
            tries.append(times[-1])
            raise UnreachableError("gone")

    monkeypatch.setattr(queue_watch, "monotonic", lambda: times[-1])
    watch = QueueWatch(Gone())  # type: ignore[arg-type]
    for second in range(100):
        times.append(float(second))
        watch.wait(0)
    assert tries == [0, 1, 3, 7, 15, 31, 61, 91]


@pytest.mark.usefixtures("mute")
def test_nobody_listens_through_pgbouncer_but_everybody_can_give_the_signal(
    postgres_home: str, postgresql: Database, watch: QueueWatch
) -> None:
    """A session that listens would be given to other clients."""
    with pgbouncer(postgres_home) as url, closing(Database(url)) as bounced:
        with closing(QueueWatch(bounced)) as pooled:
            pooled.wait(0)
            assert len(listeners(postgresql)) == 1
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(watch.wait, LONG)
            queue(bounced, "1")
            waiting.result(LONG / 2)


def test_the_connection_ends_with_the_watch(postgresql: Database) -> None:
    with closing(QueueWatch(postgresql)) as watch:
        watch.wait(0)
        (listener,) = listeners(postgresql)
    pause = Event()
    while listener in listeners(postgresql):
        pause.wait(0.01)
