"""Requests while somebody else holds the database: each is answered within seconds."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from time import monotonic

import structlog

from storage.patience import CALLER
from storage.tokens import Scope
from tests.refilld.queue_world import QueueWorld


@contextmanager
def locked(world: QueueWorld) -> Iterator[None]:
    """Another process writes for a long time."""
    with closing(sqlite3.connect(world.path, isolation_level=None)) as stranger:
        stranger.execute("BEGIN IMMEDIATE")
        yield


def test_a_claim_that_cannot_write_is_a_503_and_claims_nothing(world: QueueWorld) -> None:
    """The caller may retry; reading goes on."""
    (refill_id,) = world.queue("17")
    caller = world.caller(Scope.REFILLS_CONSUME)
    with locked(world), structlog.testing.capture_logs() as logs:
        start = monotonic()
        answer = caller.post("/claim", {"limit": 1})
        assert monotonic() - start < CALLER.turn + 10
        assert caller.get().status_code == 200
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    (line,) = logs
    assert line["event"] == "http.database_unavailable"
    assert "database is locked" in line["error"]
    assert world.state(refill_id) == "queued"
    assert len(caller.claim()) == 1
