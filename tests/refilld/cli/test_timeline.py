"""`refilld orders show`: the output on a terminal and as JSON, without secrets."""

import fcntl
import json
import os
import pty
import sqlite3
import struct
import subprocess
import termios
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from monitor.model.decision import Reason
from monitor.model.link import Link, LinkKind
from monitor.model.order import Flag
from monitor.model.snapshot import Outcome, Snapshot
from monitor.model.target import Metric, Target
from refilld.charts.levels import Levels
from refilld.cli import timeline as printed
from refilld.timeline import document, load
from refilld.timeline.events import REASONS
from refilld.timeline.levels import levels_of
from storage import leases, requests, snapshots, targets
from storage.operator_actions import act
from tests import lease_calls
from tests.refilld.cli_world import COMMAND, CliWorld, bare

HOUR = timedelta(hours=1)
CONTROL_CHARACTERS = "\x1b]0;owned\x07\x1b[2J\x9b31m\r\nfake\u202e"


def look(cli: CliWorld, hours_ago: float, count: int | None, detail: str = "") -> None:
    """Store a look at the target of order 17."""
    target = Target(Link(LinkKind.PROFILE, "profile.17"), Metric.FOLLOWERS)
    outcome = Outcome.TRANSIENT if count is None else Outcome.COUNT
    snapshot = Snapshot(target, cli.world.now - hours_ago * HOUR, outcome, "simulated", count, "", detail)
    with cli.world.database.write() as tx:
        snapshots.add(tx, targets.of_order(tx, "17").target_id, snapshot)


def set_last_count(cli: CliWorld, count: int) -> None:
    """Set the newest count of the series."""
    with closing(sqlite3.connect(cli.world.path)) as connection, connection:
        connection.execute(
            "UPDATE targets SET last_count = ?, last_count_at = (SELECT max(at) FROM snapshots)", [count]
        )


def order_with_history(cli: CliWorld) -> str:
    """Store an order with looks, a drop, a decision and a claimed refill, and return the lease token."""
    cli.world.queue("17")
    (row,) = cli.world.claim(consumer="panel")
    for hours_ago, count in ((5, 2000), (4, 1990), (3, 1995), (2, None), (1, 1900)):
        look(cli, hours_ago, count, "" if count else "HTTP 503")
    set_last_count(cli, 1900)
    return str(row.lease_token)


def shown(cli: CliWorld) -> str:
    result = cli.run("orders", "show", "17")
    assert result.exit_code == 0, result.output
    return result.stdout


def events(cli: CliWorld) -> list[str]:
    """The lines of the timeline, without their times."""
    lines = shown(cli).partition("\nstory\n")[2].splitlines()
    assert lines == sorted(lines, key=lambda line: line[:20])
    return [line[22:] for line in lines]


def document_of(cli: CliWorld) -> dict[str, Any]:
    result = cli.run("orders", "show", "17", "--json")
    assert result.exit_code == 0, result.output
    (line,) = result.stdout.splitlines()
    found: dict[str, Any] = json.loads(line)
    return found


def on_a_terminal(cli: CliWorld, columns: int, **environ: str) -> str:
    """The output on a terminal of so many columns."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    with subprocess.Popen(
        [*COMMAND, "orders", "show", "17"], cwd=cli.home,
        env=bare(cli.home, {"TERM": "xterm-256color", **environ}),
        stdin=theirs, stdout=theirs, stderr=theirs,
    ):  # fmt: skip
        os.close(theirs)
        seen = b"".join(iter(lambda: _read(ours), b""))
    os.close(ours)
    return seen.decode()


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 65_536)
    except OSError:  # Linux raises this when the last writer has closed
        return b""


def test_the_output_has_facts_plot_and_timeline(cli: CliWorld) -> None:
    """The facts include the terms and the answer to the customer; there is no lease token."""
    token = order_with_history(cli)
    output = shown(cli)
    facts = dict(line.split(maxsplit=1) for line in output.partition("\n\n")[0].splitlines())
    assert (facts["order_id"], facts["completed_at"]) == ("17", "2026-02-24 12:00:00Z")
    assert (facts["start_measured"], facts["terms"]) == ("no", "default")
    assert facts["limits"].startswith("window 30d, settle 1d, min_drop_percent 5,")
    assert (facts["line"], facts["floor"], facts["threshold"]) == ("2000", "1000", "50")
    assert (
        facts["answer"]
        == "refill: A refill of 100 followers for https://www.instagram.com/profile.17/ is on its way."
    )
    parts = [part.splitlines()[0] for part in output.split("\n\n")[1:]]
    assert parts == ["followers over time", "story"]
    assert token not in output


def test_the_timeline_is_complete_and_ordered_by_time(cli: CliWorld) -> None:
    """Uneventful looks are folded, failed ones are shown."""
    order_with_history(cli)
    numbers = "count 1,900, whole at 2,000, 100 missing"
    assert events(cli) == [
        "delivery completed: 1,000 of 1,000 units",
        "the delivery counts as settled, and counts are judged",
        "3 looks, counts 1,990 to 2,000, the last 1,995 (until 2026-03-01 09:00:00Z)",
        "look failed: transient (HTTP 503)",
        "count 1,900",
        "imported",
        "drop 1 suspected",
        f"decided: refill 100, because the drop is confirmed (drop_confirmed); {numbers}",
        "refill 1 of 100 queued",
        "refill 1 claimed by panel",
        "the guarantee will end",
    ]


def test_the_plot_shows_the_counts_between_their_levels(cli: CliWorld) -> None:
    """With the drop and the failed look marked on the time axis."""
    order_with_history(cli)
    plot = shown(cli).partition("over time\n")[2].partition("\nstory")[0]
    for label in ("line 2,000 │", "drop 1,950 │", "now 1,900 │", "floor 1,000 │"):
        assert label in plot
    (axis,) = [line for line in plot.splitlines() if "└" in line]
    assert (axis.count("x"), axis.count("!"), axis.count("+")) == (1, 1, 0)


def test_the_plot_shows_counts_of_another_source_as_they_are_judged(cli: CliWorld) -> None:
    """So that they are compared with the line that they are judged by."""
    cli.world.queue("17")
    target = Target(Link(LinkKind.PROFILE, "profile.17"), Metric.FOLLOWERS)
    counted = Snapshot(
        target, cli.world.now - HOUR, Outcome.COUNT, "graph", 1100, "followers_count", count_offset=880
    )
    with cli.world.database.write() as tx:
        snapshots.add(tx, targets.of_order(tx, "17").target_id, counted)
    assert "now 1,980 │" in shown(cli)


def test_the_timeline_shows_a_refill_until_its_end(cli: CliWorld) -> None:
    """With its consumers, its failures, and its end."""
    (refill_id,) = cli.world.queue("17")
    (row,) = cli.world.claim(consumer="panel")
    with cli.world.database.write() as tx:
        gone = leases.Failure("no such user", retryable=False)
        lease_calls.fail(tx, refill_id, row.lease_token, cli.world.now + HOUR, gone, 10)
        act(tx, refill_id, "requeue", cli.world.now + 2 * HOUR)
    cli.world.now += 3 * HOUR
    (row,) = cli.world.claim()
    with cli.world.database.write() as tx:
        lease_calls.complete(tx, refill_id, row.lease_token, cli.world.now, external_id="A-7", delivered=90)
    assert [text for text in events(cli) if text.startswith("refill ")] == [
        "refill 1 queued",
        "refill 1 claimed by panel",
        "refill 1 given up: the delivery failed (no such user)",
        "refill 1 of 100 queued: requeue by an operator",
        "refill 1 claimed",
        "refill 1 completed: 90 delivered (as A-7)",
    ]


def test_the_timeline_has_flags_requests_and_reviews(cli: CliWorld) -> None:
    """With their answers."""
    order_with_history(cli)
    with cli.world.database.write() as tx:
        requests.ask(tx, "17", cli.world.now)
        requests.answered(tx, "17", cli.world.now + HOUR)
        requests.ask(tx, "17", cli.world.now + 2 * HOUR)
    assert "the customer asked for a refill; not answered yet" in events(cli)
    with cli.world.database.write() as tx:
        tx.exec_driver_sql(
            "INSERT INTO reviews (order_id, cause, refill_id, units, share, currency, opened_at, closed_at,"
            " note) VALUES ('17', 'refill_given_up', 1, 100, '0.15', 'USD', 1772370000000000,"
            " 1772380000000000, 'refunded')"
        )
    cli.run("orders", "flag", "17", Flag.DISPUTE)
    lines = events(cli)
    for text in (
        "the customer asked for a refill",
        "the customer's request is answered",
        "flagged dispute: the guarantee is void",
        "refund review 1 opened (refill_given_up): 100 units, 0.15 USD of the price",
        "refund review 1 closed: refunded",
    ):
        assert text in lines
    document = document_of(cli)
    assert [len(document[name]) for name in ("requests", "flags_set", "reviews")] == [2, 1, 1]
    assert document["flags_set"][0]["set_at"] == "2026-03-01T12:00:00Z"


def test_a_void_guarantee_has_no_end_and_a_flag_alone_answers_nothing(cli: CliWorld) -> None:
    """RULES 5: a judged count or a new request ends a standing one."""
    order_with_history(cli)
    with cli.world.database.write() as tx:
        requests.ask(tx, "17", cli.world.now - HOUR)
    assert "the guarantee will end" in events(cli)
    cli.run("orders", "flag", "17", Flag.HOLD)
    assert "the guarantee will end" in events(cli)
    cli.run("orders", "flag", "17", Flag.ABUSE)
    lines = events(cli)
    assert [line for line in lines if "will end" in line] == []
    assert lines.count("the customer's request is answered") == 0


def test_a_failed_delivery_is_called_failed_until_the_refill_is_completed(cli: CliWorld) -> None:
    """A refill that was given back without a failure is not."""
    cli.world.queue("17")
    with cli.world.database.write() as tx:
        for failed in (True, False):
            (row,) = leases.claim(tx, cli.world.now, limit=1, lease=HOUR)
            if failed:
                late = leases.Failure("provider is down", retry_after=timedelta(0))
                lease_calls.fail(tx, row.refill_id, row.lease_token, cli.world.now, late, 10)
            else:
                lease_calls.release(tx, row.refill_id, row.lease_token, cli.world.now)
    lines = events(cli)
    assert "refill 1 queued: the delivery failed (provider is down)" in lines
    assert "refill 1 of 100 queued: release" in lines
    (row,) = cli.world.claim()
    with cli.world.database.write() as tx:
        lease_calls.complete(tx, row.refill_id, row.lease_token, cli.world.now)
    assert cli.world.row(row.refill_id).last_error is None


def test_the_next_look_of_an_ended_guarantee_has_a_reason(cli: CliWorld) -> None:
    cli.imported("17,svc,@shop,1000,Completed,2025-12-01T00:00:00Z,500,0,followers,,,")
    shown = document_of(cli)
    assert (shown["next_look"], shown["why"]) == (None, "no order is covered")


def test_the_next_look_without_an_enabled_source_never_comes(cli: CliWorld) -> None:
    """As the doctor says, although the target is due."""
    cli.imported("17,svc,@shop,1000,Completed,2026-02-24T00:00:00Z,500,0,followers,,,")
    shown = document_of(cli)
    assert (shown["next_look"], shown["why"]) == (None, "no source is enabled, so nothing is looked at")


def test_the_levels_before_a_flag_are_still_drawn(cli: CliWorld) -> None:
    """A flag has no effect on the time before it."""
    order_with_history(cli)
    cli.run("orders", "flag", "17", "hold")
    assert "line 2,000 │" in shown(cli)


def test_levels_are_drawn_as_of_their_time(cli: CliWorld) -> None:
    """A later order on the link raises the line of an earlier one once it is active."""
    cli.imported(
        "17,svc,@shop,1000,Completed,2026-02-10T00:00:00Z,500,0,followers,,,",
        "18,svc,@shop,1000,Completed,2026-02-20T00:00:00Z,1500,0,followers,,,",
    )
    set_last_count(cli, 2500)
    with cli.world.database.read() as tx:
        timeline = load.load(tx, "17", cli.world.now)
    days = {day: levels_of(timeline, datetime(2026, 2, day, 12, tzinfo=UTC)) for day in (10, 15, 20, 25)}
    assert days[10] is None
    assert days[15] == days[20] == Levels(line=1500, opens=1450, floor=500)
    assert days[25] == Levels(line=2500, opens=2450, floor=1500)


def test_json_has_everything_in_one_object(cli: CliWorld) -> None:
    """With the figures and the events, without lease tokens."""
    token = order_with_history(cli)
    timeline = document_of(cli)
    assert (timeline["order_id"], timeline["terms"], timeline["threshold"]) == ("17", "default", 50)
    assert (timeline["ends_at"], timeline["baseline"]) == ("2026-03-26T12:00:00Z", 2000)
    assert timeline["limits"]["cooldown"] == "1d"
    counts = [snapshot["count"] for snapshot in timeline["snapshots"]]
    assert (counts, timeline["snapshots_left_out"]) == ([1900, None, 1995, 1990, 2000], 0)
    sections = ("drops", "decisions", "refills", "requests", "flags_set", "reviews")
    assert [len(timeline[name]) for name in sections] == [1, 1, 1, 0, 0, 0]
    assert [event["state"] for event in timeline["refills"][0]["events"]] == ["queued", "claimed"]
    (folded,) = [event for event in timeline["events"] if event["until"]]
    assert (folded["kind"], folded["at"]) == ("look", "2026-03-01T07:00:00Z")
    written = json.dumps(timeline)
    assert token not in written
    assert "lease_token" not in written


def test_omitted_looks_are_counted(cli: CliWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """The newest looks are kept, and the rest is counted."""
    order_with_history(cli)
    monkeypatch.setattr(load, "LOOKS", 4)
    monkeypatch.setattr(document, "SNAPSHOTS", 3)
    timeline = document_of(cli)
    assert ([snapshot["count"] for snapshot in timeline["snapshots"]], timeline["snapshots_left_out"]) == (
        [1900, None, 1995],
        2,
    )
    assert "1 earlier looks are left out here" in events(cli)


def test_only_the_newest_lines_of_a_long_timeline_are_printed(
    cli: CliWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The number of omitted lines is shown."""
    order_with_history(cli)
    whole = events(cli)
    monkeypatch.setattr(printed, "LINES", 3)
    output = cli.run("orders", "show", "17").stdout
    assert f"{len(whole) - 3} earlier lines are left out; --json has them\n" in output
    assert [line[-20:] for line in output.splitlines()[-3:]] == [line[-20:] for line in whole[-3:]]


def test_a_new_order_has_a_short_timeline(cli: CliWorld) -> None:
    """It has neither a count nor a delivery."""
    cli.imported("17,svc,@profile.17,1000,Pending,,,0,followers,acme,1.50,USD")
    assert events(cli) == ["imported"]
    assert "no count yet, so there is nothing to draw" in shown(cli)


@pytest.mark.parametrize("columns", [40, 80])
def test_the_plot_fits_the_terminal(cli: CliWorld, columns: int) -> None:
    """And the timeline is wrapped between words."""
    order_with_history(cli)
    output = on_a_terminal(cli, columns, NO_COLOR="1")
    lines = [line for line in output.splitlines() if "https://" not in line]  # a link is never broken
    assert any("│" in line for line in lines)
    assert max(map(len, lines)) <= columns
    assert "\x1b[3" not in output


def test_on_a_terminal_the_plot_is_coloured(cli: CliWorld) -> None:
    """Even with 12 columns."""
    order_with_history(cli)
    output = on_a_terminal(cli, 12)
    assert "\x1b[3" in output
    assert "Traceback" not in output


def test_without_unicode_the_plot_is_omitted(cli: CliWorld) -> None:
    """The timeline is still shown."""
    order_with_history(cli)
    result = cli.process("orders", "show", "17", PYTHONIOENCODING="latin-1")
    assert (result.returncode, result.stderr) == (0, "")
    assert "not drawn: this output takes no Unicode" in result.stdout
    assert "refill 1 claimed by panel" in result.stdout


def test_no_external_text_can_control_the_terminal(cli: CliWorld) -> None:
    """Neither the customer, a source's detail, a consumer, an error nor an operator's note."""
    order_with_history(cli)
    with closing(sqlite3.connect(cli.world.path)) as connection, connection:
        connection.execute(
            "UPDATE orders SET link_typed = ?, service = ?, customer = ?", [CONTROL_CHARACTERS] * 3
        )
        connection.execute(
            "UPDATE targets SET due_reason = ?, owner = ?, username_now = ?", [CONTROL_CHARACTERS] * 3
        )
        connection.execute("UPDATE snapshots SET detail = ?, source = ?", [CONTROL_CHARACTERS] * 2)
        connection.execute("UPDATE refill_events SET detail = ?", [CONTROL_CHARACTERS])
        connection.execute(
            "INSERT INTO reviews (order_id, cause, units, share, currency, opened_at, closed_at, note)"
            " VALUES ('17', 'short_delivery', 1, '1', ?, 1, 2, ?)", [CONTROL_CHARACTERS] * 2
        )  # fmt: skip
    output = shown(cli)
    assert output.count("?]0;owned??[2J?31m??fake?") >= 8
    assert [line for line in output.splitlines() if not line.isprintable()] == []
    seen = on_a_terminal(cli, 80, NO_COLOR="1")
    assert [sign for sign in ("\x1b]", "\x1b[2J", "\x07", "\x9b", "\u202e") if sign in seen] == []
    assert document_of(cli)["customer"] == CONTROL_CHARACTERS
    assert cli.run("orders", "show", "17", "--json").stdout.rstrip("\n").isprintable()


@pytest.mark.parametrize("reason", Reason)
def test_the_timeline_has_a_text_for_every_reason_of_a_decision(reason: Reason) -> None:
    assert REASONS[reason].text
