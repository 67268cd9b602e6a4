"""The daemon's code on a database and the naive model make the same decisions in every world.

Orders are imported, looks recorded, flags set, requests made and refills claimed and completed as the daemon
and its callers do it; the decisions are read from their table.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest
from sqlalchemy import Connection, select

from jobs.look_recording import record_looks
from monitor.cadence.fixed import FixedCadence
from monitor.evaluation.evaluate import LookPolicy
from monitor.model.link import parse_link
from monitor.model.order import Flag
from monitor.model.snapshot import Outcome, Snapshot
from monitor.model.target import Metric, Target
from refilld.orders_file import Notes, parse_file
from refilld.services import refill_requests
from refilld.settings.settings import Settings
from storage import backlogs, flags, leases, orders, targets
from storage.engine import Database
from storage.schema import decisions
from tests import lease_calls
from tests.effort import EFFORT
from tests.migrated_database import migrated_database
from tests.postgres_server import fast_directory
from tests.proof.comparison import Row, configured_by, difference, naive_decisions, write_rows
from tests.proof.naive_orders import moment
from tests.proof.seeded_worlds import DAY_ONE, LONG_AFTER, seeded_world

BATCH = 5
"""Worlds per test case, so that test processes can share them."""
HOUR = timedelta(hours=1)


def both(world: Row) -> tuple[list[Row], list[Row]]:
    """Decide twice; the naive model gets only the completions that were possible in the database."""
    with (
        TemporaryDirectory(dir=fast_directory()) as directory,
        migrated_database(Path(directory, "proof.db")) as database,
    ):
        happened = live(database, world, Path(directory))
        return naive_decisions(world | {"events": happened}), decisions_of(database)


def live(database: Database, world: Row, directory: Path) -> list[Row]:
    """Run the events of a world on the database; give those that were possible."""
    configured, policy = rules_of(world)
    with database.write() as tx:
        for backlog in (False, True):
            rows = [row for row in world["orders"] if (row["order_id"] in world["backlog"]) is backlog]
            file = write_rows(directory / "orders.jsonl", rows)
            sell(tx, file, configured, backlogs.begin(tx, DAY_ONE) if backlog else None)
    return go_on(database, world["events"], policy)


def rules_of(world: Row) -> tuple[Settings, LookPolicy]:
    configured = configured_by(world)
    policy = LookPolicy(FixedCadence(6 * HOUR), configured.mass_drop.rule, caps=configured.limits.caps)
    return configured, policy


def go_on(database: Database, events: Iterable[Row], policy: LookPolicy) -> list[Row]:
    """Run events, each in a transaction; give those that were possible."""
    happened = []
    for event in events:
        with database.write() as tx:
            if happens(tx, event, policy):
                happened.append(event)
    return happened


def sell(tx: Connection, file: Path, configured: Settings, backlog_id: int | None) -> None:
    terms, services = configured.all_terms, configured.all_services
    sold = []
    for row in parse_file(file, {}, services=services, terms=terms, now=LONG_AFTER, notes=Notes()):
        assert isinstance(row, tuple), row
        sold.append(row[1])
    orders.import_batch(tx, sold, DAY_ONE, backlog_id)


def happens(tx: Connection, event: Row, policy: LookPolicy) -> bool:
    at = moment(event["at"])
    match event["event"]:
        case "snapshot":
            target = Target(parse_link(event["link"]).link, Metric(event["metric"]))
            target_id = targets.ensure(tx, [target])[(target.link.url, target.metric)]
            counted = (event.get("count"), event.get("counted", ""))
            record_looks(
                tx, {target_id: Snapshot(target, at, Outcome(event["outcome"]), "proof", *counted)}, policy
            )
        case "order_flagged":
            flags.set_flag(tx, event["order_id"], Flag(event["flag"]), at)
        case "order_unflagged":
            flags.lift_flag(tx, event["order_id"], Flag(event["flag"]), at)
        case "refill_requested":
            refill_requests.request_refill(tx, event["order_id"], at)
        case "refill_completed":
            return complete(tx, event["order_id"], at)
    return True


def complete(tx: Connection, order_id: str, at: datetime) -> bool:
    """Claim all queued refills, complete that of the order, release the rest; False without one."""
    delivered = False
    for refill in leases.claim(tx, at, limit=1000, lease=HOUR):
        if refill.order_id == order_id:
            lease_calls.complete(tx, refill.refill_id, refill.lease_token, at)
            delivered = True
        else:
            lease_calls.release(tx, refill.refill_id, refill.lease_token, at)
    return delivered


def decisions_of(database: Database) -> list[Row]:
    """Give the decisions as the backtest writes them: those that change a drop's action or reason."""
    decided: list[Row] = []
    last: dict[int, tuple[str, str]] = {}
    with database.read() as tx:
        rows = tx.execute(select(decisions).order_by(decisions.c.decision_id)).mappings().all()
    for row in rows:
        if last.get(row["drop_id"]) != (row["decision"], row["reason"]):
            last[row["drop_id"]] = (row["decision"], row["reason"])
            decided.append(
                {key: value for key, value in row.items() if key not in {"decision_id", "drop_id"}}
            )
    return decided


@pytest.mark.parametrize("batch", range(20 * EFFORT))
def test_the_database_decides_like_the_naive_model(batch: int) -> None:
    for seed in range(batch * BATCH, (batch + 1) * BATCH):
        differs = difference(seeded_world(Random(seed)), both)
        assert not differs, f"world {seed}\n{differs}"
