"""Whoever moves a refill, by whatever way, is in the audit trail."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from jobs.bulk_actions import BulkActions
from jobs.leases import Leases
from jobs.scheduler import RoundEnd, ScheduledJob, run_guarded
from monitor.guarantee.queue_rules import QueueRules
from monitor.model.role import Role
from storage.actor import Actor, acting
from tests.audit_trail import moves_of
from tests.refilld.cli_world import CliWorld, cli_world
from tests.refilld.queue_world import LEASE, Caller, QueueWorld
from tests.refilld.web.bulk_desk import BulkDesk
from tests.refilld.web.desk_world import Browser, DeskWorld

TOKEN, CLI, PAGE = "token test", "cli root", "page ana"  # an actor
SAMPLING, LEASES = "job sampling", "job leases"
RETRY = {"reason": "busy", "retry_after_seconds": 0}


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[CliWorld]:
    monkeypatch.setattr("refilld.cli.root.configure", lambda **_: None)
    with cli_world(tmp_path) as cli:
        yield cli


def job(name: str, run: Any) -> None:
    assert run_guarded(ScheduledJob(name, timedelta(1), run)) is RoundEnd.DONE


def owe(world: QueueWorld, *, held: bool, number: int) -> list[int]:
    """A look finds what these orders are owed; returns the ids of the refills."""
    first = 1 + len(moves_of(world.database))
    ids: list[int] = []
    orders = [f"{first + i}" for i in range(number)]
    job("sampling", lambda: ids.extend(world.queue(*orders, held=held)))
    at = int(world.now.timestamp() * 1_000_000)
    with world.database.write() as tx:
        tx.exec_driver_sql(f"UPDATE targets SET last_count = 1900, last_count_at = {at}")
    return ids


def moves(world: QueueWorld, before: int) -> set[tuple[str, str, str]]:
    return set(moves_of(world.database)[before:])


def test_the_verbs_of_consumers_and_operators_over_http(cli: CliWorld) -> None:
    """One by one and in a batch; a flag and an import cancel, too."""
    world = cli.world
    held, queued = owe(world, held=True, number=3), owe(world, held=False, number=8)
    known, caller = len(moves_of(world.database)), world.caller()
    leases = {one["refill_id"]: one["lease_token"] for one in caller.claim(limit=6)}

    def work(refill_id: int, verb: str, **more: object) -> None:
        sent = {"lease_token": leases[refill_id]} | more
        assert caller.post(f"/{refill_id}/{verb}", sent).status_code == 200

    work(queued[0], "complete")
    work(queued[1], "fail", **RETRY)
    work(queued[2], "fail", reason="no such user", retryable=False)
    work(queued[3], "release")
    for refill_id, verb in zip([*held, queued[2]], ("approve", "reject", "cancel", "requeue"), strict=True):
        assert caller.post(f"/{refill_id}/{verb}").status_code == 200
    actions = [
        {"action": "complete", "refill_id": queued[4], "lease_token": leases[queued[4]]},
        {"action": "fail", "refill_id": queued[5], "lease_token": leases[queued[5]], **RETRY},
        {"action": "cancel", "refill_id": queued[5]},
    ]
    results = caller.post("/batch", {"actions": actions}).get_json()["results"]
    assert [one["status"] for one in results] == [200] * 3
    flag = f"/api/v1/orders/{world.row(queued[6]).order_id}/flags/dispute"
    assert caller.client.put(flag, headers=caller.headers).status_code == 200
    _refund(caller, world.row(queued[7]).order_id)
    ways = {
        ("queued", "claimed"), ("claimed", "completed"), ("claimed", "queued"), ("claimed", "dead"),
        ("held", "queued"), ("held", "rejected"), ("held", "cancelled"), ("dead", "queued"),
        ("queued", "cancelled"),
    }  # fmt: skip
    assert moves(world, known) == {(TOKEN, *way) for way in ways}
    assert world.state(queued[7]) == "cancelled"


def _refund(caller: Caller, order_id: str) -> None:
    order = {"order_id": order_id, "service": "1234", "link": f"@profile.{order_id}", "quantity": 1000}
    order |= {"status": "Refunded", "completed_at": "2026-02-24T12:00:00Z", "metric": "followers"}
    answer = caller.client.post("/api/v1/orders", json=order, headers=caller.headers).get_json()
    assert answer["updated"] == 1, answer


def test_commands_pages_and_jobs(cli: CliWorld) -> None:
    """What a person confirms is theirs, although a job carries it out."""
    world, desk = cli.world, DeskWorld(cli.world.database, cli.world.now)
    held, queued = owe(world, held=True, number=5), owe(world, held=False, number=2)
    known = len(moves_of(world.database))
    with acting(Actor(CLI)):
        for verb, refill_id in zip(("approve", "reject", "cancel"), held, strict=False):
            assert cli.run("refills", verb, refill_id).exit_code == 0
        assert cli.run("refills", "claim").exit_code == 0
        order_id = world.row(queued[1]).order_id
        assert cli.run("orders", "flag", order_id, "dispute", "--yes").exit_code == 0
    browser = desk.browser(Role.OPERATOR, "ana")
    _reject(browser, world, held[3])
    bulk = BulkDesk(desk, world)
    browser.post(f"{bulk.preview(browser, action='reject', id=[str(held[4])])}/confirm")
    job("bulk_actions", BulkActions(world.database, world.clock, QueueRules()).run_once)
    world.now += LEASE
    job("leases", Leases(world.database, world.clock, 10).run_once)
    assert moves(world, known) == {
        (CLI, "held", "queued"), (CLI, "held", "rejected"), (CLI, "held", "cancelled"),
        (CLI, "queued", "claimed"), (CLI, "queued", "cancelled"),
        (PAGE, "held", "rejected"),
        (LEASES, "claimed", "queued"),
    }  # fmt: skip
    assert {actor for actor, _, _ in moves_of(world.database)[:known]} == {SAMPLING}
    assert [world.state(held[i]) for i in (3, 4)] == ["rejected", "rejected"]


def _reject(browser: Browser, world: QueueWorld, refill_id: int) -> None:
    row = world.row(refill_id)
    browser.get(f"/orders/{row.order_id}")
    shown = {"state": row.state, "reason": row.reason, "units": 0}
    answer = browser.post(f"/orders/{row.order_id}/refill", refill_id=refill_id, do="reject", **shown)
    assert answer.status_code == 303
