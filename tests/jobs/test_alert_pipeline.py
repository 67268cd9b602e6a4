"""The alert pipeline: grouping, repetition, ends, silences, inhibition, quiet hours, routes and digests."""

from collections.abc import Iterator
from datetime import UTC, timedelta
from pathlib import Path

import pytest

from jobs.alert_pipeline import Receiver
from jobs.channel_round import ChannelError
from monitor.alerts.digests import parse_digest
from monitor.alerts.matchers import parse_matchers
from monitor.alerts.quiet_hours import parse_quiet_hours
from monitor.alerts.reasons import AlertReason
from monitor.alerts.routes import DEFAULT, Route
from monitor.events.kind import EventKind
from monitor.model.target import Metric
from storage import problems, silences
from storage.errors import NotFoundError, WrongStateError
from storage.silences import NewSilence
from tests.builders import HOUR, MINUTE, SECOND, START
from tests.jobs.alert_world import AlertWorld, alert_world


@pytest.fixture
def world(tmp_path: Path) -> Iterator[AlertWorld]:
    with alert_world(tmp_path) as found:
        yield found


def silence(world: AlertWorld, matchers: str, duration: timedelta, **changes: timedelta) -> int:
    new = NewSilence(parse_matchers(matchers), "ana", "known", world.now, world.now + duration, **changes)
    with world.database.write() as tx:
        return silences.add(tx, new, world.now)


def acknowledge(world: AlertWorld, event_id: int) -> bool:
    with world.database.write() as tx:
        return problems.acknowledge(tx, event_id, "ana", world.now)


# Groups


def test_a_group_waits_for_more_and_then_for_its_interval(world: AlertWorld) -> None:
    """Thirty seconds for the first message, five minutes between further ones."""
    world.hold("1")
    world.now += 10 * SECOND
    world.hold("2")
    world.run_for(MINUTE)
    world.hold("3")
    world.run_for(10 * MINUTE)
    assert world.told() == [(30, "drop.held (2) [warning]"), (330, "drop.held [warning]")]


def test_alerts_are_grouped_by_kind_metric_service_and_provider(world: AlertWorld) -> None:
    """Each group is a message."""
    for service, provider in (("1", "a"), ("1", "b"), ("2", "a"), ("1", "a")):
        world.hold("x", service=service, provider=provider)
    world.hold("x", service="1", provider="a", metric=Metric.VIEWS)
    world.run_for(MINUTE)
    assert sorted(len(lines) for _, _, lines in world.inbox().messages) == [1, 1, 1, 2]


def test_what_waited_while_no_job_ran_is_told_at_once(world: AlertWorld) -> None:
    """Its group has waited long enough."""
    world.hold()
    world.now += HOUR
    world.run()
    assert world.told() == [(3600, "drop.held [warning]")]


def test_many_alerts_are_one_message_with_a_summary(world: AlertWorld) -> None:
    """Fifty lines, and where the others are."""
    ids = [world.hold(f"held {number}") for number in range(120)]
    world.run_for(MINUTE)
    ((_, title, lines),) = world.inbox().messages
    assert title == "drop.held (120) [warning]"
    assert lines[:50] == [f"held {number}" for number in range(50)]
    assert lines[50:] == ["and 70 more; refilld alerts list --message 1 shows them"]
    assert {world.history(event_id).state for event_id in ids} == {"sent"}


# Problems and their ends


def test_a_problem_is_repeated_until_it_ends(world: AlertWorld) -> None:
    """Every four hours; the end is told once."""
    world.block()
    world.run_for(9 * HOUR, 5 * MINUTE)
    world.unblock()
    world.run_for(9 * HOUR, 10 * MINUTE)
    assert [title for _, title in world.told()] == [
        "source.blocked [critical]",
        "source.blocked [critical], still",
        "source.blocked [critical], still",
        "source.ready",
    ]
    first, second, third, _ = (at for at, _ in world.told())
    assert (second - first, third - second) == (4 * 3600, 4 * 3600)


def test_what_is_resolved_within_the_wait_is_never_told(world: AlertWorld) -> None:
    """Neither the beginning nor the end."""
    begun = world.block()
    world.run()
    world.now += 10 * SECOND
    ended = world.unblock()
    world.run_for(HOUR, 5 * MINUTE)
    assert world.told() == []
    assert [world.history(one).state for one in (begun, ended)] == ["suppressed"] * 2
    assert world.reasons(begun) == world.reasons(ended) == [AlertReason.NEVER_TOLD]


def test_the_same_problem_again_is_not_told_again(world: AlertWorld) -> None:
    """Until it is repeated, with its newest text."""
    world.happen(EventKind.SOURCE_BLOCKED, "until 1", "graph", source="graph")
    world.run_for(MINUTE)
    world.happen(EventKind.SOURCE_BLOCKED, "until 2", "graph", source="graph")
    world.run_for(5 * HOUR, 5 * MINUTE)
    assert [lines for _, _, lines in world.inbox().messages] == [["until 1"], ["until 2"]]


def test_a_problem_of_another_kind_replaces_the_one_before(world: AlertWorld) -> None:
    """A target that was private and is gone now ends once."""
    for kind in (EventKind.TARGET_PRIVATE, EventKind.TARGET_GONE, EventKind.TARGET_READY):
        world.happen(kind, problem="likes x", link="x")
        world.run_for(10 * MINUTE)
    assert [title for _, title in world.told()] == [
        "target.private [warning]", "target.gone [warning]", "target.ready",
    ]  # fmt: skip


def test_a_problem_that_begins_again_before_its_end_is_told_goes_on(world: AlertWorld) -> None:
    """As if it had not ended."""
    world.block()
    world.run_for(MINUTE)
    ended = world.unblock()
    world.run()
    world.now += MINUTE
    world.block()
    world.run_for(HOUR, 5 * MINUTE)
    assert [title for _, title in world.told()] == ["source.blocked [critical]"]
    assert world.reasons(ended) == [AlertReason.REPLACED]


def test_an_acknowledged_problem_is_told_again_only_when_it_ends(world: AlertWorld) -> None:
    """Another one of the same kind is told, and so is the same one if it begins anew."""
    begun = world.block()
    world.run_for(MINUTE)
    assert (acknowledge(world, begun), acknowledge(world, begun)) == (True, False)
    world.run_for(9 * HOUR, 10 * MINUTE)
    assert world.reasons(begun) == [AlertReason.ACKNOWLEDGED]
    ended = world.unblock()
    world.run_for(HOUR, 5 * MINUTE)
    world.block()
    world.run_for(HOUR, 5 * MINUTE)
    assert [title for _, title in world.told()] == [
        "source.blocked [critical]", "source.ready", "source.blocked [critical]",
    ]  # fmt: skip
    for event_id, error in ((ended, WrongStateError), (10_000, NotFoundError)):
        with pytest.raises(error):
            acknowledge(world, event_id)


# Suppression


def test_what_a_silence_matches_is_not_told(world: AlertWorld) -> None:
    """A problem that still lasts when the silence ends is told then; what happened meanwhile is not."""
    number = silence(world, 'kind=~"drop.held|source.blocked"', HOUR)
    held, blocked = world.hold(), world.block()
    world.run_for(HOUR - MINUTE, 5 * MINUTE)
    assert world.told() == []
    assert world.reasons(held) == world.reasons(blocked) == [AlertReason.SILENCED]
    assert world.history(held).receivers[0].detail == f"silence {number} by ana"
    assert (world.history(held).state, world.history(blocked).state) == ("suppressed", "pending")
    world.run_for(10 * MINUTE, MINUTE)
    assert [title for _, title in world.told()] == ["source.blocked [critical]"]


def test_a_silence_ends_when_nothing_matches_it_any_more(world: AlertWorld) -> None:
    """Counted from the last alert that matched."""
    silence(world, "kind=drop.held", 24 * HOUR, unmatched_for=HOUR)
    for _ in range(3):
        world.hold()
        world.run_for(50 * MINUTE, 5 * MINUTE)
    world.run_for(HOUR, 5 * MINUTE)
    assert world.told() == []
    world.hold()
    world.run_for(10 * MINUTE, MINUTE)
    assert len(world.told()) == 1


def test_a_mass_drop_keeps_single_drops_of_its_metric_back(world: AlertWorld) -> None:
    """Those of others are told."""
    drops = [world.hold() for _ in range(3)]
    other = world.hold(metric=Metric.VIEWS)
    world.happen(EventKind.MASS_DROP_STARTED, problem="likes", metric=Metric.LIKES)
    world.run_for(MINUTE)
    assert sorted(title for _, title in world.told()) == [
        "drop.held [warning]",
        "mass_drop.started [critical]",
    ]
    assert [world.reasons(one) for one in drops] == [[AlertReason.INHIBITED]] * 3
    assert world.history(other).state == "sent"
    world.happen(EventKind.MASS_DROP_ENDED, problem="likes", metric=Metric.LIKES)
    world.run()
    world.hold()
    world.run_for(10 * MINUTE)
    assert sorted(title for _, title in world.told()[2:]) == ["drop.held [warning]", "mass_drop.ended"]


def test_what_follows_from_a_blocked_source_is_told_when_that_is_ready(world: AlertWorld) -> None:
    """If it still lasts then; targets of other sources are told meanwhile."""
    world.block()
    for number, source in enumerate(("graph", "graph", "instaloader")):
        world.happen(EventKind.TARGET_REFUSED, problem=f"likes {number}", source=source)
    world.run_for(10 * MINUTE)
    world.happen(EventKind.TARGET_READY, problem="likes 0", source="graph")
    world.unblock()
    world.run_for(10 * MINUTE)
    first = [title for at, title in world.told() if at < 300]
    assert first == ["source.blocked [critical]", "target.refused [warning]"]
    later = sorted(title for at, title in world.told() if at > 300)
    assert later == ["source.ready", "target.refused [warning]"]


def test_quiet_hours_hold_back_what_is_not_critical(world: AlertWorld) -> None:
    """It comes when they end, in one message."""
    world.receivers = (Receiver(quiet=parse_quiet_hours("12:00-14:00", UTC)),)
    for number in range(3):
        world.hold(str(number))
        world.run_for(30 * MINUTE, MINUTE)
    world.block()
    world.run_for(HOUR, MINUTE)
    assert world.told() == [
        (5400 + 60, "source.blocked [critical]"),
        (7200, "drop.held (3) [warning]"),
    ]


def test_changed_quiet_hours_hold_for_what_waits(world: AlertWorld) -> None:
    """Shorter ones tell it at once; new ones hold back what a channel has not taken yet."""
    world.receivers = (Receiver(quiet=parse_quiet_hours("12:00-20:00", UTC)),)
    world.hold("waits for 20:00")
    world.run_for(10 * MINUTE, MINUTE)
    world.receivers = (Receiver(),)
    world.inbox().fails = lambda: ChannelError("away")
    world.run_for(MINUTE, MINUTE)
    world.receivers = (Receiver(quiet=parse_quiet_hours("12:10-13:00", UTC)),)
    world.inbox().fails = lambda: None
    world.block()
    world.run_for(HOUR, MINUTE)
    assert sorted(title for at, title in world.told() if at < 3600) == ["source.blocked [critical]"]
    assert (3600, "drop.held [warning]") in world.told()


def test_the_end_of_a_problem_is_told_where_a_channel_took_its_beginning(world: AlertWorld) -> None:
    """What is not told is that it still lasts."""
    begun = world.block()
    world.run_for(HOUR, MINUTE)
    world.inbox().fails = lambda: ChannelError("away")
    world.run_for(4 * HOUR, 5 * MINUTE)
    assert [row.reason for row in world.history(begun).messages][-1] is AlertReason.REPEAT
    world.unblock()
    world.run_for(10 * MINUTE, MINUTE)
    world.inbox().fails = lambda: None
    world.run_for(HOUR, MINUTE)
    assert [title for _, title in world.told()] == ["source.blocked [critical]", "source.ready"]
    assert world.history(begun).state == "sent"


# Receivers


def test_routes_choose_the_receivers(world: AlertWorld) -> None:
    """And `send_resolved` whether they hear of ends."""
    world.receivers = (Receiver(), Receiver("phone", send_resolved=False), Receiver("tech"))
    world.routes = (
        Route(parse_matchers("severity=critical"), "phone", goes_on=True),
        Route(parse_matchers('kind=~"source.*"'), "tech"),
    )
    blocked = world.block()
    world.hold()
    world.run_for(10 * MINUTE)
    ended = world.unblock()
    world.run_for(10 * MINUTE)
    assert [title for _, title in world.told()] == ["drop.held [warning]"]
    assert [title for _, title in world.told("phone")] == ["source.blocked [critical]"]
    assert [title for _, title in world.told("tech")] == ["source.blocked [critical]", "source.ready"]
    assert world.reasons(blocked) == [AlertReason.NEW_ALERTS] * 2
    assert world.reasons(ended) == [AlertReason.RESOLVED_NOT_SENT, AlertReason.ALL_RESOLVED]
    assert world.history(ended).state == "sent"


def test_what_a_removed_receiver_was_not_told_goes_to_another(world: AlertWorld) -> None:
    """Also a problem that still lasts."""
    world.receivers = (Receiver(), Receiver("tech"))
    world.routes = (Route((), "tech"),)
    world.block()
    world.run_for(MINUTE)
    world.hold()
    world.run()
    world.receivers, world.routes = (Receiver(),), ()
    world.run_for(10 * MINUTE)
    assert [title for _, title in world.told("tech")] == ["source.blocked [critical]"]
    assert sorted(title for _, title in world.told()) == ["drop.held [warning]", "source.blocked [critical]"]


def test_a_problem_is_not_repeated_while_its_message_waits(world: AlertWorld) -> None:
    """After an outage of the channel it arrives once."""
    refusal: list[BaseException | None] = [ChannelError("no")]
    world.inbox().fails = lambda: refusal[0]
    blocked = world.block()
    world.run_for(9 * HOUR, 5 * MINUTE)
    assert world.reasons(blocked) == [AlertReason.UNDELIVERED]
    refusal[0] = None
    world.run_for(HOUR, 5 * MINUTE)
    assert [title for _, title in world.told()] in (
        ["source.blocked [critical]"],
        ["source.blocked [critical]", "source.blocked [critical], still"],
    )


def test_a_channel_that_takes_nothing_stops_no_repeats_of_others(world: AlertWorld) -> None:
    """A dead telephone must not silence the alert that says so."""
    world.receivers = (Receiver(), Receiver("phone", ("phone",)))
    world.routes = (Route((), "phone", goes_on=True), Route((), "default"))
    world.inbox("phone").fails = lambda: ChannelError("no")
    world.block()
    world.run_for(9 * HOUR, 5 * MINUTE)
    assert [title for _, title in world.told()][1:] == ["source.blocked [critical], still"] * 2


def test_a_digest_comes_at_its_time(world: AlertWorld) -> None:
    """The report in its own lines; those that were missed are left out."""
    world.receivers = (Receiver(digest=parse_digest("daily 13:00", UTC)),)
    world.run_for(30 * HOUR, 30 * MINUTE)
    world.now += 72 * HOUR
    world.run_for(MINUTE, MINUTE)
    assert [(title, lines) for _, title, lines in world.inbox().messages] == [
        ("digest.due", ["report of 13:00", "  the last 1 days"]),
        ("digest.due", ["report of 13:00", "  the last 1 days"]),
        ("digest.due", ["report of 18:00", "  the last 1 days"]),
    ]


def test_a_digest_of_quiet_hours_comes_after_them(world: AlertWorld) -> None:
    """It covers the time until it is made; the next one keeps to the schedule."""
    world.receivers = (
        Receiver(digest=parse_digest("daily 13:00", UTC), quiet=parse_quiet_hours("12:30-14:30", UTC)),
    )
    world.run_for(28 * HOUR, 30 * MINUTE)
    assert [lines[0] for _, _, lines in world.inbox().messages] == ["report of 14:30", "report of 14:30"]


def test_a_report_that_fails_stops_no_alert(world: AlertWorld) -> None:
    """The job fails after it has sent them."""
    world.receivers = (Receiver(digest=parse_digest("daily 12:00", UTC)),)
    world.run()
    world.report = failing
    world.now += 24 * HOUR
    world.hold()
    for _ in range(2):
        with pytest.raises(ValueError, match="a bug"):
            world.run()
        world.now += MINUTE
    assert [title for _, title in world.told()] == ["drop.held [warning]"]


def failing(*_: object) -> str:
    raise ValueError("a bug")


def test_without_a_channel_alerts_are_kept(world: AlertWorld) -> None:
    """With the reason; nothing is in a group."""
    world.receivers = (Receiver("tech"),)
    held = world.hold()
    world.run()
    found = world.history(held)
    assert (found.state, [row.reason for row in found.receivers]) == ("kept", [AlertReason.NO_CHANNEL])
    assert found.receivers[0].receiver == DEFAULT


def test_a_round_with_nothing_due_writes_nothing(world: AlertWorld) -> None:
    """However many alerts there were."""
    world.hold()
    world.block()
    world.run_for(10 * MINUTE)
    assert world.now == START + 10 * MINUTE
    with world.database.read() as tx:
        before = [tuple(row) for row in tx.exec_driver_sql("SELECT * FROM alert_groups")]
    world.run()
    with world.database.read() as tx:
        assert [tuple(row) for row in tx.exec_driver_sql("SELECT * FROM alert_groups")] == before
    assert len(before) == 1
