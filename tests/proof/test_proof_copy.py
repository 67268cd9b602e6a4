"""A copied database answers like its source, and goes on like it with the same looks."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import delete, select

from refilld.answers.texts import shipped_texts
from refilld.report import load as report
from refilld.services.refill_requests import answer_now
from refilld.settings.settings import Settings
from refilld.timeline import load as timeline
from refilld.timeline.document import document
from storage import database_copy
from storage.engine import Database
from storage.schema import orders
from storage.transfer_action import TransferAction
from storage.transfer_tables import transfers
from tests.migrated_database import migrated_database
from tests.proof.comparison import Row
from tests.proof.naive_orders import moment
from tests.proof.seeded_worlds import seeded_world
from tests.proof.test_proof_database import decisions_of, go_on, live, rules_of

SEEDS = (6, 8, 10)
"""Worlds with many decisions, looks or orders on few targets."""


@pytest.fixture
def target(fresh_postgres: str) -> Iterator[Database]:
    database = Database(fresh_postgres)
    yield database
    database.close()


def told(database: Database, configured: Settings, now: datetime) -> list[object]:
    """The answer and the timeline of every order, and the report."""
    texts = shipped_texts().of()
    with database.read() as tx:
        ids = sorted(tx.execute(select(orders.c.order_id)).scalars())
        found: list[object] = [answer_now(tx, order_id, now) for order_id in ids]
        found += [document(timeline.load(tx, order_id, now), texts) for order_id in ids]
        return [*found, report.load(tx, configured, now, timedelta(days=2))]


def split(world: Row) -> tuple[Row, list[Row], datetime]:
    """The first two thirds of a world, the rest of its events, and the time in between."""
    middle = len(world["events"]) * 2 // 3
    before, after = world["events"][:middle], world["events"][middle:]
    return world | {"events": before}, after, moment(before[-1]["at"])


@pytest.mark.parametrize("seed", SEEDS)
def test_a_copy_answers_and_goes_on_like_its_source(seed: int, target: Database, tmp_path: Path) -> None:
    """From SQLite to PostgreSQL, filled by the daemon's own code."""
    world, rest, now = split(seeded_world(Random(seed)))
    configured, policy = rules_of(world)
    with migrated_database(tmp_path / "proof.db") as source:
        live(source, world, tmp_path)
        assert database_copy.copy(source, target, now, lambda _table, _rows: None).rows > len(world["orders"])
        with source.write() as tx:
            tx.execute(delete(transfers).where(transfers.c.action == TransferAction.MOVED))
        assert told(target, configured, now) == told(source, configured, now)
        assert go_on(target, rest, policy) == go_on(source, rest, policy)
        assert decisions_of(target) == decisions_of(source)
        last = moment(rest[-1]["at"])
        assert told(target, configured, last) == told(source, configured, last)


def test_the_worlds_decide_before_and_after_the_copy(tmp_path: Path) -> None:
    """Else the comparison would show nothing."""
    made = []
    for seed in SEEDS:
        whole = seeded_world(Random(seed))
        for world in (split(whole)[0], whole):
            with migrated_database(tmp_path / "proof.db") as database:
                live(database, world, tmp_path)
                made.append(len(decisions_of(database)))
            (tmp_path / "proof.db").unlink()
    assert sum(made[::2]) > 0
    assert sum(made[1::2]) > sum(made[::2])
