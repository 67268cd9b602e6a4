"""`refilld refills`: the same actions as over HTTP, with exit codes and messages."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from monitor.model.target import Metric
from refilld.cli.context import CommandContext
from refilld.cli.refills import COMMANDS, refills
from refilld.services.refill_fields import CLAIMED, SHOWN
from storage.errors import LeaseLostError, NotFoundError
from storage.operator_actions import ACTIONS
from tests.refilld.queue_world import LEASE, NOW, QueueWorld, queue_world

Run = Callable[..., Result]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[QueueWorld]:
    with queue_world(tmp_path) as world:
        yield world


@pytest.fixture
def run(world: QueueWorld, tmp_path: Path) -> Run:
    """Run `refilld refills …` on the world's database."""
    config = tmp_path / "refilld.toml"
    config.write_text(f'[database]\nurl = "sqlite:///{world.path}"\n[queue]\nmax_attempts = 2\n')

    def run(*words: object) -> Result:
        return CliRunner().invoke(refills, list(map(str, words)), obj=CommandContext(config, world.clock))

    return run


def objects(result: Result) -> list[dict[str, object]]:
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_the_group_is_registered() -> None:
    """With the documented names."""
    (group,) = COMMANDS
    assert group.name == "refills"
    assert set(group.commands) == {"list", "claim", "extend", "complete", "fail", "release", *ACTIONS}


def test_an_empty_queue_is_reported(run: Run) -> None:
    """With a sentence; with --json there is no line."""
    assert run("list").stdout == "nothing to show\n"
    assert run("list", "--json").stdout == ""


def test_the_list_shows_refills_newest_first(world: QueueWorld, run: Run) -> None:
    """As JSON with every field of the HTTP API, without lease tokens."""
    first, second = world.queue("1", "2")
    token = world.claim()[0].lease_token
    shown = objects(run("list", "--json"))
    assert [refill["refill_id"] for refill in shown] == [second, first]
    assert all(list(refill) == list(SHOWN) for refill in shown)
    assert token not in run("list", "--json").output + run("list").output
    assert "2026-03-01 12:05:00Z" in run("list", "--wide").stdout


def test_the_list_can_be_filtered(world: QueueWorld, run: Run) -> None:
    """By state, by order, and by number."""
    held = world.queue("1", "2", held=True)
    world.queue("3")
    assert [r["refill_id"] for r in objects(run("list", "--state", "held", "--json"))] == held[::-1]
    assert [r["order_id"] for r in objects(run("list", "--order", "3", "--json"))] == ["3"]
    assert len(objects(run("list", "--limit", 2, "--json"))) == 2


def test_a_claim_shows_what_the_consumer_needs(world: QueueWorld, run: Run) -> None:
    """The fields are those of the HTTP API, including the lease token."""
    world.queue("1", metric=Metric.LIKES)
    (wanted,) = world.queue("2")
    (refill,) = objects(run("claim", "--limit", 9, "--metric", "followers", "--consumer", "me", "--json"))
    assert list(refill) == list(CLAIMED)
    assert (refill["refill_id"], refill["leased_until"]) == (wanted, "2026-03-01T12:05:00Z")
    assert world.row(wanted).consumer == "me"


def test_a_claimed_refill_can_be_worked_on_to_its_end(world: QueueWorld, run: Run) -> None:
    """Claim, extend, complete."""
    (refill_id,) = world.queue("1")
    (refill,) = objects(run("claim", "--lease", "1h", "--json"))
    token = refill["lease_token"]
    extended = run("extend", refill_id, "--lease-token", token, "--lease", "2h")
    assert extended.stdout == f"refill {refill_id} is yours until 2026-03-01T14:00:00Z\n"
    done = run("complete", refill_id, "--lease-token", token, "--external-id", "SMM-9", "--delivered", 120)
    assert done.stdout == f"refill {refill_id} is completed\n"
    row = world.row(refill_id)
    assert (row.external_id, row.delivered, row.completed_at) == ("SMM-9", 120, NOW)


def test_a_failed_refill_is_queued_again_or_dead(world: QueueWorld, run: Run) -> None:
    """Dead with `--no-retry`, and after the configured number of attempts."""
    for order, more, states in (("1", ["--no-retry"], ["dead"]), ("2", [], ["queued", "dead"])):
        (refill_id,) = world.queue(order)
        for state in states:
            (row,) = world.claim()
            failed = run(
                "fail", refill_id, "--lease-token", row.lease_token, "--reason", "no", "--retry-after",
                "0s", *more,
            )  # fmt: skip
            assert failed.stdout == f"refill {refill_id} is {state}\n"


def test_a_released_refill_is_queued_again(world: QueueWorld, run: Run) -> None:
    """Without counting an attempt."""
    (refill_id,) = world.queue("1")
    (row,) = world.claim()
    released = run("release", refill_id, "--lease-token", row.lease_token)
    assert released.stdout == f"refill {refill_id} is queued\n"


def test_a_lost_lease_is_an_error_with_a_message(world: QueueWorld, run: Run) -> None:
    """The message is one line, the exit code 1."""
    (refill_id,) = world.queue("1")
    (row,) = world.claim()
    world.now += LEASE
    world.expire()
    lost = run("complete", refill_id, "--lease-token", row.lease_token)
    assert isinstance(lost.exception, LeaseLostError)
    assert isinstance(run("release", 999, "--lease-token", "t").exception, NotFoundError)


@pytest.mark.parametrize(
    ("action", "state"), [("approve", "queued"), ("reject", "rejected"), ("cancel", "cancelled")]
)
def test_an_action_takes_several_refills(world: QueueWorld, run: Run, action: str, state: str) -> None:
    """Each is reported on its own line."""
    ids = world.queue("1", "2", "3", held=True)
    result = run(action, *ids, "--yes")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[:3] == [f"refill {refill_id} of 100 is {state}" for refill_id in ids]
    total = {"queued": "3 queued (300 units)"}.get(state, f"3 {state}")
    assert lines[3:] == [total]


def test_a_refused_refill_does_not_stop_the_others(world: QueueWorld, run: Run) -> None:
    """It is reported on standard error, and the exit code is 1."""
    (queued,) = world.queue("1")
    held = world.queue("2", "3", held=True)
    result = run("approve", held[0], 999, queued, held[1], "--yes")
    assert result.exit_code == 1
    assert [world.state(refill_id) for refill_id in held] == ["queued", "queued"]
    lines = [f"refill {refill_id} of 100 is queued" for refill_id in held]
    assert result.stdout.splitlines() == [*lines, "2 queued (200 units), 2 refused"]
    assert result.stderr.splitlines()[-2:] == [
        "  left out: refill 999: there is no such refill",
        f"  left out: refill {queued}: queued; approve needs held",
    ]


def test_requeueing_a_dead_refill_beside_an_open_one_is_refused(world: QueueWorld, run: Run) -> None:
    """One open refill per order; the refusal is one line, not a traceback."""
    (dead,) = world.queue("1")
    (row,) = world.claim()
    run("fail", dead, "--lease-token", row.lease_token, "--reason", "no", "--no-retry")
    (other,) = world.queue("1")
    result = run("requeue", dead)
    assert result.exit_code == 1
    assert result.stderr == f"refilld: requeue {dead}: refill {other} of its order is open already\n"


@pytest.mark.parametrize(
    "words",
    [
        ["list", "--state", "lost"],
        ["list", "--limit", 0],
        ["list", "--order", ""],
        ["claim", "--limit", 1001],
        ["claim", "--lease", "29s"],
        ["claim", "--lease", "2d"],
        ["claim", "--lease", "soon"],
        ["claim", "--metric", "shares"],
        ["claim", "--consumer", "x" * 101],
        ["claim", "--consumer", "a\x1bb"],
        ["complete", 1],
        ["complete", 0, "--lease-token", "t"],
        ["complete", 2**63, "--lease-token", "t"],
        ["complete", 1, "--lease-token", "t", "--delivered", -1],
        ["complete", 1, "--lease-token", "\udcff"],
        ["fail", 1, "--lease-token", "t"],
        ["fail", 1, "--lease-token", "t", "--reason", "r", "--retry-after", "31d"],
        ["approve"],
        ["cancel", "one"],
    ],
)
def test_wrong_usage_is_refused_before_the_database_is_opened(tmp_path: Path, words: list[object]) -> None:
    """With exit code 2 and the option that is wrong."""
    missing = CommandContext(tmp_path / "missing.toml")
    result = CliRunner().invoke(refills, list(map(str, words)), obj=missing)
    assert result.exit_code == 2
    assert result.stderr.startswith("Usage: ")
