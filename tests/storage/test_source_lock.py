"""Daemons that share a source: a daemon locks its budget from reading it until its requests are stored."""

from datetime import datetime
from random import Random

import pytest

from monitor.sources.budget import Budget, Purpose
from storage import sources
from storage.engine import Database
from tests.builders import DAY, HOUR, MINUTE, NOW, SECOND
from tests.storage.shop import at_once, rows_of

DAEMONS = 6


def take_a_place(database: Database, budget: Budget, now: datetime, purpose: Purpose = Purpose.LOOK) -> bool:
    """Charge one request if the budget has room for it."""
    with database.write() as connection:
        sources.breaker(connection, "graph")
        free = budget.free_at(
            lambda n, since: sources.nth_request(connection, "graph", n, since), now, purpose
        )
        if free is None:
            sources.note_requests(connection, "graph", now, 1, purpose=purpose)
        return free is None


def test_of_concurrent_requests_one_gets_the_last_slot_of_a_budget(database: Database) -> None:
    """Also for a source without a stored state."""
    budget = Budget(1, 0 * SECOND)
    assert sum(at_once(DAEMONS, lambda _: take_a_place(database, budget, NOW))) == 1


@pytest.mark.parametrize("daemons", [2, DAEMONS])
def test_concurrent_daemons_never_exceed_a_shared_budget(database: Database, daemons: int) -> None:
    """At random times of one day: all limits hold, and the budget is used up."""
    budget = Budget(5, 7 * MINUTE, requests_per_day=60, jitter=50, reserve=20)

    def pass_a_day(number: int) -> None:
        dice = Random(number)
        for moment in range(0, 24 * 60, 5):
            purpose = dice.choice([Purpose.LOOK, Purpose.LOOK, Purpose.CHECK])
            take_a_place(database, budget, NOW + moment * MINUTE, purpose)

    at_once(daemons, pass_a_day)
    sent = sorted(row.at for row in rows_of(database, "source_requests"))
    assert all(sum(edge <= at < edge + HOUR for at in sent) <= 5 for edge in sent)
    assert 40 <= len([at for at in sent if at < NOW + DAY]) <= 60
