"""`refilld silence`, `refilld alerts ack` and `explain`: what an operator does about alerts."""

import json
from typing import Any

import pytest

from jobs.channel_round import ChannelError
from monitor.alerts.reasons import AlertReason
from monitor.events.digests import digest_due
from monitor.events.event import Event, Subject
from monitor.events.kind import EventKind
from monitor.events.sources import source_blocked
from storage import events, notifications
from storage.notifications import NewNotification
from tests.alert_job import an_alerting
from tests.builders import HOUR, SECOND, an_event
from tests.jobs.alert_world import Inbox
from tests.refilld.cli.doctor_runs import found
from tests.refilld.cli_world import CliWorld

ADD = ("silence", "add", "kind=drop.held", "--comment", "known", "--by", "ana")


def store(cli: CliWorld, event: Event) -> int:
    with cli.world.database.write() as tx:
        return events.add(tx, event, cli.world.now)


def run_job(cli: CliWorld) -> None:
    an_alerting(cli.world.database, cli.world.clock, [Inbox("mail")]).run_once()


def listed(cli: CliWorld) -> list[dict[str, Any]]:
    return [json.loads(line) for line in cli.run("silence", "list", "--json").stdout.splitlines()]


def test_a_silence_is_added_listed_and_ended(cli: CliWorld) -> None:
    """The answer says until when, and how to end it."""
    done = cli.run(*ADD, "--for", "2h", "--unmatched", "1h")
    assert done.stderr == ""
    until = cli.world.now + 2 * HOUR
    assert done.stdout == (
        f'silence 1 until {until:%Y-%m-%d %H:%M} UTC: kind="drop.held"; refilld silence expire 1 ends it\n'
    )
    (row,) = listed(cli)
    assert (row["state"], row["matchers"], row["author"]) == ("active", 'kind="drop.held"', "ana")
    assert row["unmatched_for"] == 3600
    assert cli.run("silence", "expire", "1").stdout == "silence 1 has ended\n"
    assert [row["state"] for row in listed(cli)] == ["expired"]
    again = cli.run("silence", "expire", "1")
    assert str(again.exception) == "silence 1 has expired already"


def test_a_silence_may_begin_later(cli: CliWorld) -> None:
    """It is pending until then."""
    begin = (cli.world.now + HOUR).isoformat()
    end = (cli.world.now + 3 * HOUR).isoformat()
    assert cli.run(*ADD, "--from", begin, "--until", end).exit_code == 0
    assert [row["state"] for row in listed(cli)] == ["pending"]


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ((), "say how long: either --for DURATION or --until TIME"),
        (
            ("--for", "1h", "--until", "2030-01-01T00:00Z"),
            "say how long: either --for DURATION or --until TIME",
        ),
        (("--until", "2020-01-01T00:00Z"), "it would be over already"),
        (("--until", "tomorrow"), "'tomorrow' is not a time; write it like 2026-11-29T08:00Z"),
        (
            ("--until", "9999-12-31T23:59:59-01:00"),
            "'9999-12-31T23:59:59-01:00' is not between 1970 and 2999",
        ),
        (("--from", "9999-12-31T00:00Z", "--for", "9d"), "'9999-12-31T00:00Z' is not between 1970 and 2999"),
        (("--for", "1h", "colour=red"), "there is no label 'colour'; there are: kind,"),
    ],
)
def test_a_wrong_silence_is_refused(cli: CliWorld, options: tuple[str, ...], problem: str) -> None:
    """Nothing is stored."""
    done = cli.run(*ADD, *options)
    assert done.exit_code == 2
    assert problem in done.stderr
    assert listed(cli) == []


def test_a_problem_is_acknowledged_and_explained(cli: CliWorld) -> None:
    """Receiver, reason with its meaning, messages, and who knows of it."""
    number = store(cli, source_blocked("graph", "rate_limited", None))
    run_job(cli)
    done = cli.run("alerts", "ack", str(number), "--by", "ana")
    assert done.stdout == f"alert {number} is acknowledged; it is not repeated, and its end is told\n"
    assert "was already acknowledged" in cli.run("alerts", "ack", str(number)).stdout
    text = cli.run("alerts", "explain", str(number)).stdout
    assert 'labels: kind="source.blocked", severity="critical", source="graph"\n' in text
    assert "receiver default: new_alerts at " in text
    assert "\n  told: the receiver did not know of it\n" in text
    assert "message 1 of " in text
    assert "acknowledged by ana at " in text
    found = json.loads(cli.run("alerts", "explain", str(number), "--json").stdout)
    assert [(row["receiver"], row["reason"]) for row in found["receivers"]] == [("default", "new_alerts")]
    assert found["acknowledged"]["author"] == "ana"


def test_what_was_not_told_is_explained(cli: CliWorld) -> None:
    """By the silence that matches; and before it is routed, by the routes of the configuration."""
    cli.run(*ADD, "--for", "2h")
    number = store(cli, an_event(EventKind.DROP_HELD, "held"))
    before = cli.run("alerts", "explain", str(number)).stdout
    assert "not routed yet; by the configuration to default (no route matches)\n" in before
    run_job(cli)
    after = cli.run("alerts", "explain", str(number)).stdout
    assert "receiver default: silenced (silence 1 by ana) at " in after
    assert "silence 1 matches it now, until" in after
    (row,) = (json.loads(line) for line in cli.run("alerts", "list", "--json").stdout.splitlines())
    assert row["state"] == "suppressed"


def test_a_digest_is_explained(cli: CliWorld) -> None:
    """It is not routed: it has its receiver from the beginning."""
    with cli.world.database.write() as tx:
        now = cli.world.now
        number = events.add(tx, digest_due("report\n  1 drop", now - HOUR, now), now, routed=True)
        notifications.create(tx, NewNotification("boss", "", AlertReason.DIGEST, [number], 1), now)
    text = cli.run("alerts", "explain", str(number)).stdout
    assert "\n  report\n    1 drop\n" in text
    assert "receiver boss: digest at " in text
    assert "\n  told: the receiver gets a report at this time\n" in text
    assert "not routed" not in text
    assert json.loads(cli.run("alerts", "explain", str(number), "--json").stdout)["routes"] == []


def test_what_shadow_mode_kept_is_explained(cli: CliWorld) -> None:
    """It is not said to be routed later."""
    with cli.world.database.write() as tx:
        number = events.add(tx, an_event(EventKind.DROP_HELD, "held"), cli.world.now, keep=True)
    text = cli.run("alerts", "explain", str(number)).stdout
    assert text.endswith("not routed: shadow mode was on, or an earlier release stored it\n")


def test_a_channel_that_takes_nothing_is_named_where_operators_look(cli: CliWorld) -> None:
    """With its error and the next attempt; below the alerts, and by the doctor."""
    store(cli, an_event(EventKind.DROP_HELD, "held"))
    bad = Inbox("mail", fails=lambda: ChannelError("alerts.urls number 1 did not take the message"))
    an_alerting(cli.world.database, cli.world.clock, [bad]).run_once()
    until = f"{cli.world.now + 30 * SECOND:%Y-%m-%d %H:%M} UTC"
    says = "alerts.urls number 1 did not take the message"
    shown = " ".join(cli.run("alerts", "list").stdout.split())
    assert shown.endswith(f" {says}; it is tried again at {until}")
    finding = found(cli, "alerts.failing")
    assert finding["says"] == f"{says} (1 time in a row); it is tried again at {until}"


def test_an_alert_that_a_channel_refuses_alone_is_named(cli: CliWorld) -> None:
    """The channel takes others, so it is not to blame."""
    number = store(cli, an_event(EventKind.DROP_HELD, "held"))
    store(cli, source_blocked("graph", "rate_limited", None))
    refusals = iter([None, ChannelError("too long")])
    an_alerting(cli.world.database, cli.world.clock, [Inbox("mail", fails=lambda: next(refusals))]).run_once()
    assert cli.run("alerts", "list").stdout.endswith(f"\nalert {number}: too long\n")


@pytest.mark.parametrize(
    ("matcher", "warning"),
    [
        ("kind=drop.hold", 'kind="drop.hold" matches nothing that is known; did you mean "drop.held"?'),
        ("severity=~crit", 'severity=~"crit" matches nothing that is known; did you mean "critical"?'),
        ("service=12", 'service="12" matches nothing that is known; did you mean "1234"?'),
        ("provider=acne", 'provider="acne" matches nothing that is known; did you mean "acme"?'),
        ("source=grph", 'source="grph" matches nothing that is known; did you mean "graph"?'),
        ("order_id=77", 'order_id="77" matches nothing that is known'),
    ],
)
def test_a_silence_that_can_match_nothing_is_added_with_a_warning(
    cli: CliWorld, matcher: str, warning: str
) -> None:
    """An order may come later, so it is not refused."""
    cli.world.queue("1")
    done = cli.run("silence", "add", matcher, "--for", "1h", "--comment", "known")
    assert (done.exit_code, done.stderr) == (0, f"refilld: {warning}\n")
    assert len(listed(cli)) == 1


@pytest.mark.parametrize(
    "matcher",
    ["kind=~drop.*", "service!=99", "service=1234", "order_id=1", 'provider=""', "link=~.*profile.*"],
)
def test_a_silence_that_can_match_has_no_warning(cli: CliWorld, matcher: str) -> None:
    cli.world.queue("1")
    assert cli.run("silence", "add", matcher, "--for", "1h", "--comment", "known").stderr == ""


def test_what_is_told_once_cannot_be_acknowledged(cli: CliWorld) -> None:
    """One line says why."""
    number = store(cli, an_event(EventKind.DROP_HELD, "held"))
    done = cli.run("alerts", "ack", str(number))
    assert str(done.exception) == f"alert {number} (drop.held) is told once: nothing repeats it"
    assert str(cli.run("alerts", "explain", "99").exception) == "there is no alert 99"


def test_the_alerts_of_a_message_are_listed(cli: CliWorld) -> None:
    """As the last line of a message with many says."""
    for order_id in ("1", "2"):
        store(cli, an_event(EventKind.DROP_HELD, "held", order_id))
    store(cli, Event(EventKind.REFILL_DEAD, an_event(EventKind.DROP_HELD, "dead").payload, Subject()))
    run_job(cli)
    shown = [
        [
            json.loads(line)["kind"]
            for line in cli.run("alerts", "list", "--message", one, "--json").stdout.splitlines()
        ]
        for one in ("1", "2")
    ]
    assert sorted(shown) == [["drop.held", "drop.held"], ["refill.dead"]]


def test_the_author_is_who_used_sudo(cli: CliWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in the audit trail, and not root."""
    monkeypatch.setenv("SUDO_USER", "ana")
    cli.run("silence", "add", "kind=drop.held", "--comment", "known", "--for", "1h")
    assert [row["author"] for row in listed(cli)] == ["ana"]
