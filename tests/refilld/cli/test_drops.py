"""`refilld drops`: drops with their decisions, and all other alerts."""

import json
import sqlite3
from contextlib import closing
from datetime import timedelta

import pytest
from click.testing import Result

from monitor.events.catalogue import CATALOGUE, severity_of
from monitor.events.kind import EventKind
from monitor.guarantee.claims import Claim
from monitor.model.drop import Drop, DropState
from refilld.cli.alerts import COMMANDS
from storage import drops, events, orders
from tests.builders import an_event
from tests.refilld.cli_world import CliWorld


def objects(result: Result) -> list[dict[str, object]]:
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def suspect(cli: CliWorld, order_id: str) -> None:
    """Open a drop of an existing order."""
    with cli.world.database.write() as tx:
        orders.get(tx, order_id)
        drop = Drop(order_id, DropState.SUSPECTED, opened_at=cli.world.now)
        drops.save(tx, drop, Claim(order_id, line=2000, floor=1000, effective=1900, units=100), count=1900)


def warn(cli: CliWorld, kind: EventKind, text: str = "read me") -> None:
    with cli.world.database.write() as tx:
        events.add(tx, an_event(kind, text), cli.world.now)


def other_kinds() -> list[EventKind]:
    return [kind for kind in EventKind if CATALOGUE[kind].alert and not kind.startswith("drop.")]


def test_the_group_is_registered() -> None:
    """With the documented names."""
    assert [(group.name, set(group.commands)) for group in COMMANDS] == [
        ("drops", {"list"}), ("alerts", {"list", "ack", "explain", "preview"}),
    ]  # fmt: skip


def test_without_drops_and_alerts_the_list_is_empty(cli: CliWorld) -> None:
    """With a sentence; with --json there is no output."""
    assert cli.run("drops", "list").stdout == "nothing to show\n"
    assert cli.run("drops", "list", "--json").stdout == ""


def test_drops_are_shown_with_their_decisions_newest_first(cli: CliWorld) -> None:
    """With the target, the units, the decision and its reason."""
    cli.world.queue("1")
    cli.world.queue("2", held=True)
    second, first = objects(cli.run("drops", "list", "--json"))
    assert (first["order_id"], first["state"], first["decision"], first["reason"]) == (
        "1", "refilled", "refill", "drop_confirmed",
    )  # fmt: skip
    assert (second["order_id"], second["state"], second["decision"], second["reason"]) == (
        "2", "held", "hold", "mass_drop",
    )  # fmt: skip
    assert (first["record"], first["metric"], first["claim"]) == ("drop", "followers", 100)
    table = cli.run("drops", "list").stdout.splitlines()
    assert table[0].split()[:5] == ["drop_id", "order_id", "state", "claim", "opened_at"]
    assert [line.split()[1] for line in table[1:]] == ["2", "1"]
    assert " profile.1 " in table[2]
    assert "https://www.instagram.com/profile.1/" in cli.run("drops", "list", "--wide").stdout


def test_the_list_can_be_filtered(cli: CliWorld) -> None:
    """To open drops, and by number."""
    cli.world.queue("1", "2", "3")
    suspect(cli, "2")
    shown = objects(cli.run("drops", "list", "--open", "--json"))
    assert [(drop["order_id"], drop["state"], drop["decision"]) for drop in shown] == [
        ("2", "suspected", None)
    ]
    assert len(objects(cli.run("drops", "list", "--limit", 3, "--json"))) == 3


def test_the_list_can_be_limited_to_a_time(cli: CliWorld) -> None:
    """Drops that opened and alerts that were raised since then."""
    cli.world.queue("1")
    warn(cli, other_kinds()[0], "old")
    cli.world.now += timedelta(hours=25)
    cli.world.queue("2")
    warn(cli, other_kinds()[0], "new")
    drop, alert = objects(cli.run("drops", "list", "--since", "24h", "--json"))
    assert (drop["order_id"], alert["text"]) == ("2", "new")
    assert len(objects(cli.run("drops", "list", "--since", "25h", "--json"))) == 4
    assert cli.run("drops", "list", "--since", "yesterday").exit_code == 2


def test_other_alerts_are_listed_beside_drops(cli: CliWorld) -> None:
    """Alerts about drops are omitted, as the drops are in the list."""
    cli.world.queue("1")
    for kind in EventKind:
        warn(cli, kind, f"about {kind}")
    shown = objects(cli.run("drops", "list", "--json"))
    assert [line["record"] for line in shown] == ["drop"] + ["alert"] * len(other_kinds())
    assert [line["kind"] for line in shown[1:]] == other_kinds()[::-1]
    output = cli.run("drops", "list").stdout
    assert [kind for kind in other_kinds() if f"about {kind}" not in output] == []
    assert "about drop." not in output


def test_alerts_are_shown_without_any_drop(cli: CliWorld) -> None:
    """They may explain why there is none."""
    warn(cli, other_kinds()[0], "blind")
    assert [line["text"] for line in objects(cli.run("drops", "list", "--json"))] == ["blind"]
    assert "blind" in cli.run("drops", "list").stdout


def test_all_alerts_are_listed_with_their_severity_newest_first(cli: CliWorld) -> None:
    """Also those about drops; in a table that fits 80 columns the severity comes early."""
    for kind in EventKind:
        warn(cli, kind, f"about {kind}")
    shown = objects(cli.run("alerts", "list", "--json"))
    assert [(line["kind"], line["severity"]) for line in shown] == [
        (kind, severity_of(kind)) for kind in reversed(EventKind) if CATALOGUE[kind].alert
    ]
    assert len(objects(cli.run("alerts", "list", "--limit", 2, "--json"))) == 2
    assert cli.run("alerts", "list").stdout.split()[:3] == ["alert_id", "created_at", "severity"]


def test_alerts_can_be_limited_to_a_time(cli: CliWorld) -> None:
    """To those raised since then."""
    warn(cli, EventKind.DROP_HELD, "old")
    cli.world.now += timedelta(hours=25)
    warn(cli, EventKind.DROP_HELD, "new")
    assert [line["text"] for line in objects(cli.run("alerts", "list", "--since", "24h", "--json"))] == [
        "new"
    ]


def test_stored_text_cannot_control_the_terminal(cli: CliWorld) -> None:
    """Alerts contain text from sources."""
    warn(cli, other_kinds()[0], "odd\x1b]0;owned\x07\x9b31m\nfake")
    cli.world.queue("1")
    with closing(sqlite3.connect(cli.world.path)) as connection, connection:
        connection.execute("UPDATE targets SET link = ?", ["\x1b[2Jlink"])
    output = cli.run("drops", "list").stdout
    assert "odd?]0;owned??31m?fake" in output
    assert [line for line in output.splitlines() if not line.isprintable()] == []


@pytest.mark.parametrize("words", [["list", "--limit", 0], ["list", "--limit", "10001"], ["show"]])
def test_wrong_usage_is_refused(cli: CliWorld, words: list[object]) -> None:
    """With exit code 2."""
    assert cli.run("drops", *words).exit_code == 2
