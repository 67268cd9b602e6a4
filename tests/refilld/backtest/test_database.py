"""The backtest decides as the daemon does with the real jobs and a real database."""

import json
import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from jobs.look_recording import record_looks
from monitor.cadence.fixed import FixedCadence
from monitor.evaluation.evaluate import LookPolicy
from monitor.model.link import parse_link
from monitor.model.order import Flag
from monitor.model.refill import RefillState
from monitor.model.snapshot import Outcome, Snapshot
from monitor.model.target import Metric, Target
from refilld.orders_file import Notes, parse_file
from refilld.settings.settings import Settings
from storage import flags, order_states, orders, requests, targets
from storage.engine import Database, Transaction
from storage.schema import decisions, refills
from tests.migrated_database import migrated_database
from tests.refilld.backtest.backtest_world import (
    DAY,
    HOUR,
    NOW,
    SOLD,
    look_event,
    order_event,
    order_row,
    replayed,
    settings,
    written,
)

TERMS = {
    "default": {"settle": "6h", "window": "6d", "cooldown": "12h", "max_refills": 2},
    "asked": {"settle": "0s", "window": "4d", "refill": "on_request", "below_start": "refuse"},
    "quick": {
        "settle": "1h",
        "confirmations": 1,
        "confirm_after": "0s",
        "below_start": "cap",
        "cooldown": "1h",
    },
}
RULE = {"min_targets": 3, "share": 30, "hold": "8h", "window": "10h"}
PROFILES = 5
OUTCOMES = [outcome for outcome in Outcome if outcome is not Outcome.COUNT]


def a_shop(dice: random.Random) -> list[dict[str, Any]]:
    """Draw twelve orders on five profiles, under three sets of terms, some without a start count."""
    return [
        order_row(
            str(number),
            f"shop{number if number < PROFILES else dice.randrange(PROFILES)}",
            quantity=dice.choice([100, 200, 1000]),
            status=dice.choice(["Completed", "Completed", "Partial", "Pending"]),
            completed_at=written(SOLD + dice.randrange(72) * HOUR),
            start_count=dice.choice([None, 500, 1000, 1200]),
            terms=dice.choice(list(TERMS)),
        )
        for number in range(12)
    ]


def a_history(dice: random.Random, steps: int = 400) -> Iterator[dict[str, Any]]:
    """Draw nine days of looks, about one every half hour, with all other events in between."""
    at, level = SOLD, [dice.randrange(1000, 2500) for _ in range(PROFILES)]
    for _ in range(steps):
        at += dice.randrange(1, 60) * timedelta(minutes=1)
        number, order_id = dice.randrange(PROFILES), str(dice.randrange(12))
        if dice.random() < 0.05:
            level[number] = dice.randrange(0, 2500)
        if dice.random() < 0.01:
            level = [max(0, count - 400) for count in level]
        kind = dice.random()
        if kind < 0.80:
            yield look_event(at, level[number] + dice.randrange(5), f"shop{number}")
        elif kind < 0.86:
            yield look_event(at, str(dice.choice(OUTCOMES)), f"shop{number}")
        elif kind < 0.93:
            yield order_event(at, "refill_completed", order_id)
        elif kind < 0.96:
            yield order_event(at, "refill_requested", order_id)
        else:
            flagged = dice.choice(["order_flagged", "order_unflagged"])
            yield order_event(at, flagged, order_id, flag=str(dice.choice(list(Flag))))


class Daemon:
    """Applies events to a database with the daemon's own jobs."""

    def __init__(self, tx: Transaction, under: Settings) -> None:
        self.tx = tx
        self.policy = LookPolicy(FixedCadence(6 * HOUR), under.mass_drop.rule)

    def take(self, event: dict[str, Any]) -> None:
        at = datetime.fromisoformat(event["at"])
        match event["event"]:
            case "snapshot":
                self.look(event, at)
            case "refill_completed":
                self.complete(event["order_id"], at)
            case "order_flagged":
                flags.set_flag(self.tx, event["order_id"], Flag(event["flag"]), at)
            case "order_unflagged":
                flags.lift_flag(self.tx, event["order_id"], Flag(event["flag"]), at)
            case "refill_requested":
                self.ask(event["order_id"], at)

    def look(self, event: dict[str, Any], at: datetime) -> None:
        target = Target(parse_link(event["link"]).link, Metric.FOLLOWERS)
        seen = Snapshot(target, at, Outcome(event["outcome"]), "recorded", event.get("count"))
        target_id = targets.ensure(self.tx, [target])[target.link.url, target.metric]
        record_looks(self.tx, {target_id: seen}, self.policy)

    def complete(self, order_id: str, at: datetime) -> None:
        is_open = refills.c.state.in_([state for state in RefillState if state.open])
        done = {"state": RefillState.COMPLETED, "completed_at": at, "release_at": None}
        self.tx.execute(update(refills).where(refills.c.order_id == order_id, is_open).values(done))

    def ask(self, order_id: str, at: datetime) -> None:
        requests.ask(self.tx, order_id, at)
        row = targets.of_order(self.tx, order_id)
        (mine,) = [w for w in order_states.of_target(self.tx, row.target_id) if w.order.order_id == order_id]
        if not mine.covered(at):
            requests.answered(self.tx, order_id, at)


def decided(tx: Transaction) -> list[dict[str, Any]]:
    names = ("at", "order_id", "decision", "reason", "quantity", "count", "line", "claim")
    rows = tx.execute(select(decisions).order_by(decisions.c.decision_id))
    return [{name: row._mapping[name] for name in names} | {"at": written(row.at)} for row in rows]


def kept(
    database: Database, under: Settings, sold: Path, history: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Give the decisions that the daemon stores."""
    parsed = parse_file(sold, {}, services={}, terms=under.all_terms, now=NOW, notes=Notes())
    with database.write() as tx:
        orders.import_batch(tx, [row[1] for row in parsed if isinstance(row, tuple)], SOLD - DAY)
        daemon = Daemon(tx, under)
        for event in history:
            daemon.take(event)
        return decided(tx)


@pytest.mark.parametrize("seed", range(12))
def test_the_same_history_gives_the_daemons_decisions(tmp_path: Path, seed: int) -> None:
    """Looks, failures, flags, requests, completions and mass drops: each line is a database row."""
    dice = random.Random(seed)
    under = settings(terms=TERMS, mass_drop=RULE)
    sold, history = a_shop(dice), list(a_history(dice))
    out = replayed(tmp_path, sold, history, under)
    assert out.complaints == []
    with migrated_database(tmp_path / "refilld.db") as database:
        expected = kept(database, under, tmp_path / "orders.jsonl", history)
    assert [json.loads(line) for line in out.lines] == expected
    assert expected  # a history without decisions tests nothing
