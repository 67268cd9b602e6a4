"""Processes that send webhooks are killed at any moment: nothing is lost, and little is sent twice."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import pytest
from standardwebhooks import Webhook

from jobs.webhooks import THREADS
from storage import webhook_secrets
from storage.engine import Database
from tests.builders import NOW
from tests.refilld.webhook_receiver import Receiver, Reply, receiving
from tests.storage.webhook_rows import an_endpoint, happen, states

ROOT = Path(__file__).parent.parent.parent
EVENTS = 60


@contextmanager
def sending(url: str, processes: int) -> Iterator[None]:
    """So many processes that send; killed at the end."""
    command = [sys.executable, "-m", "tests.storage.webhook_process", url]
    running = [
        subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(processes)
    ]
    try:
        yield
        assert [one.poll() for one in running] == [None] * processes
    finally:
        for one in running:
            one.kill()
            one.wait()


def until(condition: Callable[[], bool]) -> None:
    for _ in range(3000):
        if condition():
            return
        Event().wait(0.01)
    pytest.fail("not within 30 seconds")


def slowly(_request: object) -> Reply:
    """So that a kill hits messages on their way."""
    Event().wait(0.02)
    return Reply()


def test_killed_processes_lose_no_message(database: Database) -> None:
    """Each message arrives, is verified and ends as delivered; only those on their way may come twice.

    On PostgreSQL two processes send at the same time.
    """
    processes = 1 if database.sqlite else 2
    with receiving() as receiver:
        receiver.reply = slowly
        endpoint_id = an_endpoint(database, receiver.url())
        happen(database, *(f"source {number}" for number in range(EVENTS)))
        with sending(database.url, processes):
            until(lambda: len(receiver.requests) >= EVENTS // 4)
        with sending(database.url, processes):
            until(lambda: states(database, endpoint_id) == ["delivered"] * EVENTS)
        _check(receiver, database, endpoint_id, processes)


def _check(receiver: Receiver, database: Database, endpoint_id: int, processes: int) -> None:
    assert len(set(receiver.ids)) == EVENTS
    assert len(receiver.ids) <= EVENTS + processes * THREADS
    with database.read() as tx:
        (secret,) = webhook_secrets.signing(tx, endpoint_id, NOW).values
    for request in receiver.requests:
        Webhook(secret).verify(request.body, dict(request.headers))
