"""`refilld shadow`: what is held from shadow mode is shown, released or discarded together."""

import json

import pytest

from monitor.model.decision import Reason
from storage import daemons, held_refills
from storage.daemons import DaemonMode
from storage.schema import refills
from tests.refilld.cli.doctor_runs import configure, found
from tests.refilld.cli_world import CliWorld

PREVIEW = [
    "held from shadow mode: 2 orders, 2 refills, 200 units",
    "  service 1234: 2 refills, 200 units",
    "  provider acme: 2 refills, 200 units",
]
RELEASE_PREVIEW = [
    "release: queues 2 refills, 200 units, of 2 orders",
    "  service: 1234",
    "  provider: acme",
]


@pytest.fixture
def held(cli: CliWorld) -> CliWorld:
    """Two refills are held from shadow mode, and a third one for another reason."""
    cli.world.queue("1", "2", "3", held=True)
    with cli.world.database.write() as tx:
        tx.execute(refills.update().where(refills.c.refill_id < 3).values(reason=Reason.SHADOW))
    return cli


def states(cli: CliWorld) -> list[str]:
    return [cli.world.state(number) for number in (1, 2, 3)]


def test_show_sums_up_by_service_and_provider(held: CliWorld) -> None:
    result = held.run("shadow", "show")
    assert (result.exit_code, result.stdout.splitlines()) == (0, PREVIEW)
    (row,) = map(json.loads, held.run("shadow", "show", "--json").stdout.splitlines())
    assert (row["service"], row["refills"], row["units"]) == ("1234", 2, 200)


def test_release_asks_after_a_preview(held: CliWorld) -> None:
    """Without an answer nothing changes."""
    result = held.run("shadow", "release")
    assert result.exit_code == 2
    assert result.stderr.splitlines()[:3] == RELEASE_PREVIEW
    assert "--yes answers" in result.stderr
    assert states(held) == ["held", "held", "held"]


def test_release_with_yes_does_not_ask(held: CliWorld) -> None:
    result = held.run("shadow", "release", "--yes")
    assert (result.exit_code, result.stdout.splitlines()) == (
        0, ["2 released (200 units), 0 discarded"],
    )  # fmt: skip
    assert states(held) == ["queued", "queued", "held"]


def test_a_release_says_what_a_daily_cap_holds(held: CliWorld) -> None:
    configure(held, "[limits]\nunits = 150\n")
    result = held.run("shadow", "release", "--yes")
    assert "release: keeps held for a daily cap 1 refill, 100 units, of 1 order" in result.stderr
    last = result.stdout.splitlines()[-1]
    assert last == "1 released (100 units), 1 held for a daily cap, 0 discarded"
    with held.world.database.read() as tx:
        assert held_refills.held_for(tx, Reason.DAILY_CAP) == [2]


def test_discard_rejects_them(held: CliWorld) -> None:
    result = held.run("shadow", "discard", "--yes")
    assert result.stdout.splitlines()[-1] == "0 released (0 units), 2 discarded"
    assert states(held) == ["rejected", "rejected", "held"]


def test_without_held_refills_there_is_nothing_to_decide(cli: CliWorld) -> None:
    nothing = "0 released (0 units), 0 discarded"
    for word, line in (
        ("show", "no refill is held from shadow mode"),
        ("release", nothing),
        ("discard", nothing),
    ):
        result = cli.run("shadow", word)
        assert (result.exit_code, result.stdout) == (0, f"{line}\n")


@pytest.mark.parametrize(
    "words",
    [("shadow", "release", "--yes"), ("refills", "approve", "3"), ("mass-drops", "release", "followers")],
)
def test_nothing_is_queued_in_shadow_mode(held: CliWorld, words: tuple[str, ...]) -> None:
    """The error names the setting."""
    held.world.queue("4", held=True)
    with held.world.database.write() as tx:
        tx.execute(refills.update().where(refills.c.refill_id == 4).values(reason=Reason.MASS_DROP))
    configure(held, '[guarantee]\nmode = "shadow"\n')
    result = held.main(*words)
    assert result.returncode == 1
    assert 'set mode = "live" under [guarantee]' in result.stderr
    assert [*states(held), held.world.state(4)] == ["held"] * 4


def test_the_doctor_says_what_waits_after_shadow_mode(held: CliWorld) -> None:
    row = found(held, "guarantee.shadow_held")
    assert row["hint"] == "refilld shadow show, then release or discard"
    assert row["says"] == "held from shadow mode until you decide: 2 refills, 200 units"


def test_the_doctor_and_the_report_say_that_shadow_mode_is_on(held: CliWorld) -> None:
    configure(held, '[guarantee]\nmode = "shadow"\n')
    assert "2 refills, 200 units" in found(held, "guarantee.mode")["says"]
    lines = held.run("report").stdout.splitlines()
    assert "shadow mode on, nothing is queued; held instead: 2 refills, 200 units" in lines


def test_the_doctor_finds_a_daemon_that_was_not_restarted(held: CliWorld) -> None:
    """It is still in the mode that its configuration had at its start."""
    with held.world.database.write() as tx:
        for pid, mode in ((7, "shadow"), (8, "live"), (9, None)):
            daemons.register(tx, "else", pid, "1", DaemonMode.SERVE, held.world.now, mode)
    row = found(held, "guarantee.running_mode")
    assert row["says"] == "the process 7 on else is in shadow mode, the configuration in live mode"


def test_the_doctor_finds_a_cap_that_limits_nothing(held: CliWorld) -> None:
    """The name of a provider or a service is compared as it is written."""
    configure(held, "[limits.providers.nobody]\nunits = 5\n")
    row = found(held, "limits.match")
    assert row["says"] == "no order has the provider nobody, so its daily cap limits nothing"
