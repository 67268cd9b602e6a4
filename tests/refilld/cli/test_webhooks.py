"""`refilld webhooks`: endpoints, their secrets, tests, the delivery log, and replays."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from standardwebhooks import Webhook

from monitor.events.refills import refill_dead
from storage import webhooks
from tests.builders import an_order
from tests.refilld.cli_world import CliWorld
from tests.refilld.webhook_receiver import Receiver, Reply, receiving
from tests.storage.webhook_rows import dispatch, happen, log, states

URL = "https://hooks.example/T0K3N"


@pytest.fixture
def receiver(cli: CliWorld) -> Iterator[Receiver]:
    """A receiver that the configuration allows."""
    with (cli.home / "refilld.toml").open("a") as file:
        file.write('[webhooks]\nallow = ["127.0.0.1"]\n')
    with receiving() as running:
        yield running


def added(cli: CliWorld, url: str = URL, *words: str) -> str:
    """Add an endpoint and return its secret."""
    result = cli.run("webhooks", "add", url, *words)
    assert result.exit_code == 0, result.output
    return str(result.stdout.strip())


def listed(cli: CliWorld, *words: object) -> list[dict[str, Any]]:
    result = cli.run("webhooks", *words, "--json")
    assert (result.exit_code, result.stderr) == (0, "")
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_adding_prints_the_secret_and_only_it_on_standard_output(cli: CliWorld) -> None:
    result = cli.run("webhooks", "add", URL)
    assert result.stdout.startswith("whsec_")
    assert len(result.stdout.split()) == 1
    assert result.stderr.startswith("webhook endpoint 1 is added; ")


def test_a_url_is_read_from_standard_input(cli: CliWorld) -> None:
    """Arguments are seen by every user of the machine."""
    assert cli.run("webhooks", "add", "-", stdin=f"{URL}\n").exit_code == 0
    assert [row["url"] for row in listed(cli, "list")] == [URL]


def test_no_other_command_shows_the_secret(cli: CliWorld) -> None:
    secret = added(cli)
    happen(cli.world.database, "graph")
    dispatch(cli.world.database, 1)
    for words in (["list"], ["list", "--wide"], ["list", "--json"], ["deliveries", "1", "--json"]):
        result = cli.run("webhooks", *words)
        assert result.exit_code == 0
        assert secret not in result.output
        assert "whsec_" not in result.output
    assert secret in cli.dump(), "it is stored, because it signs"


def test_the_list_shows_url_subscription_and_state(cli: CliWorld) -> None:
    words = ("--kind", "drop.*", "--service", "1234", "--provider", "acme", "--metric", "likes")
    added(cli, URL, *words, "--description", "my panel")
    (row,) = listed(cli, "list")
    assert (row["endpoint_id"], row["url"], row["state"], row["description"]) == (
        1,
        URL,
        "enabled",
        "my panel",
    )
    assert (row["kinds"], row["services"], row["providers"], row["metrics"]) == (
        *(["drop.*"], ["1234"], ["acme"]),
        ["likes"],
    )


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["https://user:hunter2@hooks.example/"], "url: must not contain a user name or password"),
        (["http://hooks.example/"], "url: plain http is only used for hosts in webhooks.allow"),
        (["https://169.254.169.254/"], "url: the address 169.254.169.254 of 169.254.169.254 is not public"),
        (["https://[fc00::1]/"], "url: the address fc00::1 of fc00::1 is not public"),
        ([URL, "--kind", "drop"], "kinds: 'drop' is no kind of event; there are: drop.confirmed"),
        ([URL, "--service", ""], "services: each must have 1 to 100 printable characters"),
    ],
)
def test_a_wrong_endpoint_is_refused_with_one_line(cli: CliWorld, words: list[str], problem: str) -> None:
    """And nothing of the URL that may be secret is repeated."""
    result = cli.main("webhooks", "add", *words)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith(f"refilld: {problem}")
    assert result.stderr.count("\n") == 1
    assert "hunter2" not in result.stderr


def test_a_wrong_allow_is_a_configuration_error_with_file_and_line(cli: CliWorld) -> None:
    cli.write("[webhooks]\nallow = ['10.0.0.1/8']\n", "refilld.toml")
    result = cli.main("webhooks", "list")
    assert result.returncode == 2
    assert result.stderr.startswith("refilld: refilld.toml:2: webhooks.allow: '10.0.0.1/8' is no address")


def test_a_test_is_sent_at_once_signed_and_logged(cli: CliWorld, receiver: Receiver) -> None:
    secret = added(cli, receiver.url())
    receiver.reply = lambda _: Reply(202, body=b"thanks")
    result = cli.run("webhooks", "test", 1)
    assert result.exit_code == 0
    assert result.stdout.startswith("delivery 1: status 202 after 0.")
    assert result.stdout.endswith("answer: thanks\n")
    (request,) = receiver.requests
    assert json.loads(request.body)["type"] == "webhook.test"
    timestamp = request.headers["webhook-timestamp"]
    assert timestamp == str(int(cli.world.now.timestamp()))
    sent = Webhook(secret).sign(request.headers["webhook-id"], cli.world.now, request.body.decode())
    assert request.headers["webhook-signature"] == sent
    (attempt,) = listed(cli, "deliveries", 1, "--delivery", 1)
    assert (attempt["status"], attempt["error"], attempt["response"]) == (202, "", "thanks")


def test_a_test_that_is_not_accepted_is_an_error_and_is_not_repeated(
    cli: CliWorld, receiver: Receiver
) -> None:
    added(cli, receiver.url())
    receiver.reply = lambda _: Reply(500)
    result = cli.run("webhooks", "test", 1)
    assert (result.exit_code, result.stderr) == (1, "refilld: not accepted: status 500\n")
    (row,) = listed(cli, "deliveries", 1)
    assert (row["state"], row["attempts"], row["status"]) == ("failed", 1, 500)
    assert listed(cli, "list")[0]["state"] == "failing"


def test_after_a_rotation_a_receiver_with_either_secret_verifies(cli: CliWorld, receiver: Receiver) -> None:
    first = added(cli, receiver.url())
    second = cli.run("webhooks", "rotate", 1).stdout.strip()
    assert first != second
    assert cli.run("webhooks", "test", 1).exit_code == 0
    (request,) = receiver.requests
    signatures = request.headers["webhook-signature"].split(" ")
    for secret in (second, first):
        id_, body = request.headers["webhook-id"], request.body.decode()
        assert Webhook(secret).sign(id_, cli.world.now, body) in signatures


def test_a_disabled_endpoint_is_enabled_with_the_command_that_sends_what_it_missed(
    cli: CliWorld, receiver: Receiver
) -> None:
    """The command works when it is pasted."""
    added(cli, receiver.url())
    receiver.reply = lambda _: Reply(410)
    happen(cli.world.database, "missed", at=cli.world.now)
    assert cli.run("webhooks", "test", 1).exit_code == 1
    refused = cli.run("webhooks", "test", 1)
    assert "webhook endpoint 1 is disabled; run: refilld webhooks enable 1" in str(refused.exception)
    (row,) = listed(cli, "list")
    assert (row["state"], row["disabled_reason"]) == ("disabled", "gone")
    told = cli.run("webhooks", "enable", 1).stderr
    assert told == "to send what it has missed: refilld webhooks replay 1 --undelivered --since 1h\n"
    words = told.partition("refilld ")[2].split()
    replayed = cli.run(*words, "--yes")
    assert replayed.stdout == "2 messages will be sent to webhook endpoint 1; refilld run sends\n"


def test_a_replay_shows_what_it_will_do_and_asks(cli: CliWorld) -> None:
    added(cli)
    happen(cli.world.database, "one", "two", at=cli.world.now)
    dispatch(cli.world.database)
    shown = cli.run("webhooks", "replay", 1, "--since", "1h", "--dry-run")
    assert shown.stdout == "2 messages to webhook endpoint 1\n"
    refused = cli.run("webhooks", "replay", 1, "--since", "1h")
    assert (refused.exit_code, "nothing is changed" in refused.stderr) == (2, True)
    assert log(cli.world.database, 1) == []
    assert cli.run("webhooks", "replay", 1, "--since", "1h", "--yes").exit_code == 0
    assert states(cli.world.database, 1) == ["pending", "pending"]
    newest = json.loads(cli.run("audit", "--json").stdout.splitlines()[0])
    assert (newest["kind"], newest["payload"]["messages"]) == ("webhook.replayed", 2)


def test_one_delivery_is_sent_again_whatever_became_of_it(cli: CliWorld, receiver: Receiver) -> None:
    added(cli, receiver.url())
    cli.run("webhooks", "test", 1)
    result = cli.run("webhooks", "replay", 1, "--delivery", 1)
    assert result.stdout == "1 message will be sent to webhook endpoint 1; refilld run sends\n"
    assert states(cli.world.database, 1) == ["pending"]


def test_only_events_that_an_endpoint_subscribes_to_are_replayed(cli: CliWorld) -> None:
    added(cli, URL, "--kind", "refill.*", "--provider", "acme")
    happen(cli.world.database, "graph", at=cli.world.now)
    for provider in ("acme", "other"):
        event = refill_dead(an_order("1", provider=provider), 1, 5, "x")
        happen(cli.world.database, "", event=event, at=cli.world.now)
    shown = cli.run("webhooks", "replay", 1, "--since", "1h", "--dry-run")
    assert shown.stdout == "1 message to webhook endpoint 1\n"


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["test", "9"], 1, "refilld: there is no webhook endpoint 9"),
        (["remove", "9"], 1, "refilld: there is no webhook endpoint 9"),
        (["rotate", "9"], 1, "refilld: there is no webhook endpoint 9"),
        (["deliveries", "9"], 1, "refilld: there is no webhook endpoint 9"),
        (["deliveries", "1", "--delivery", "9"], 1, "refilld: webhook endpoint 1 has no delivery 9"),
        (["enable", "1"], 1, "refilld: webhook endpoint 1 is enabled, and not paused"),
        (["replay", "1"], 2, "Error: give either --delivery or --since"),
    ],
)
def test_a_wrong_command_is_answered_with_one_line(
    cli: CliWorld, words: list[str], code: int, message: str
) -> None:
    added(cli)
    result = cli.main("webhooks", *words)
    assert (result.returncode, result.stdout) == (code, "")
    assert result.stderr.splitlines()[-1] == message


def test_a_removed_endpoint_is_gone(cli: CliWorld) -> None:
    added(cli)
    assert cli.run("webhooks", "remove", 1).stdout == "webhook endpoint 1 is removed\n"
    assert listed(cli, "list") == []


def test_the_audit_trail_has_who_changed_an_endpoint_but_no_secret(cli: CliWorld) -> None:
    secret = added(cli, "https://hooks.example/T0K3N", "--kind", "drop.*")
    cli.run("webhooks", "rotate", 1)
    with cli.world.database.write() as tx:
        tx.exec_driver_sql("UPDATE webhook_endpoints SET failing_since = 1")
    cli.run("webhooks", "enable", 1)
    cli.run("webhooks", "remove", 1)
    shown = cli.run("audit", "--json").stdout
    kinds = [json.loads(line)["kind"] for line in shown.splitlines()]
    assert kinds == ["webhook.removed", "webhook.enabled", "webhook.rotated", "webhook.added"]
    assert secret not in shown
    assert "T0K3N" not in shown


def findings(cli: CliWorld) -> list[tuple[str, str, str | None]]:
    rows = [json.loads(line) for line in cli.run("doctor", "--json").stdout.splitlines()]
    return [(row["level"], row["says"], row["hint"]) for row in rows if row["id"] == "webhooks"]


def test_the_doctor_shows_endpoints_that_are_disabled_or_fail(cli: CliWorld, receiver: Receiver) -> None:
    assert findings(cli) == []
    added(cli, receiver.url())
    assert findings(cli) == [("ok", "all webhook endpoints accept their messages (1)", None)]
    receiver.reply = lambda _: Reply(500)
    cli.run("webhooks", "test", 1)
    ((level, says, hint),) = findings(cli)
    assert level == "warning"
    assert says.startswith(
        "webhook endpoint 1 (127.0.0.1) has accepted nothing since 2026-03-01 12:00 UTC; 0 "
    )
    assert hint == "refilld webhooks deliveries 1 shows the errors"
    receiver.reply = lambda _: Reply(410)
    cli.run("webhooks", "test", 1)
    ((level, says, hint),) = findings(cli)
    assert level == "error"
    assert says.endswith("is disabled since 2026-03-01 12:00 UTC (gone) and gets no messages")
    assert hint == "mend the receiver, then run: refilld webhooks enable 1"
    with cli.world.database.read() as tx:
        assert webhooks.get(tx, 1).host == "127.0.0.1"
