"""The alert pipeline on both engines: what is stored on the way of an alert."""

from datetime import UTC

import pytest

from jobs.alert_pipeline import Receiver
from jobs.channel_round import ChannelError
from monitor.alerts.digests import parse_digest
from monitor.alerts.matchers import parse_matchers
from monitor.alerts.reasons import AlertReason
from monitor.alerts.routes import Route
from monitor.events.kind import EventKind
from monitor.model.target import Metric
from storage import problems, silences
from storage.engine import Database
from storage.errors import NotFoundError, WrongStateError
from storage.silences import NewSilence
from tests.builders import DAY, HOUR, MINUTE, START
from tests.jobs.alert_world import AlertWorld
from tests.storage.shop import alerts_of, rows_of


@pytest.fixture
def world(database: Database) -> AlertWorld:
    return AlertWorld(database)


def test_an_alert_goes_all_the_way(world: AlertWorld) -> None:
    """Problem, acknowledgement, end, receivers, digest; nothing is left behind but what was told."""
    world.receivers = (Receiver(), Receiver("tech", digest=parse_digest("daily 12:05", UTC)))
    world.routes = (Route(parse_matchers("source=graph"), "tech", goes_on=True), Route((), "default"))
    begun = world.block()
    world.happen(EventKind.TARGET_REFUSED, problem="likes x", source="graph")
    held = [world.hold(str(number)) for number in range(60)]
    world.run_for(2 * MINUTE, MINUTE)
    with world.database.write() as tx:
        assert problems.acknowledge(tx, begun, "ana", world.now)
    world.run_for(10 * MINUTE, 5 * MINUTE)
    world.unblock()
    world.happen(EventKind.TARGET_READY, problem="likes x", source="graph")
    world.run_for(20 * MINUTE, 5 * MINUTE)
    assert sorted(title for _, title in world.told("tech")) == [
        "digest.due", "source.blocked [critical]", "source.ready",
    ]  # fmt: skip
    assert sorted(title for _, title in world.told()) == [
        "drop.held (60) [warning]", "source.blocked [critical]", "source.ready",
    ]  # fmt: skip
    assert {world.history(event_id).state for event_id in held} == {"sent"}
    assert rows_of(world.database, "problems") == rows_of(world.database, "alert_groups") == []
    assert {row.group_key for row in rows_of(world.database, "routed_alerts")} == {None}
    assert {row.state for row in rows_of(world.database, "notifications")} == {"sent"}
    assert {row.alert for row in alerts_of(world.database)} == {"sent", "suppressed"}


def test_a_problem_that_ended_before_a_channel_took_it_is_not_told(world: AlertWorld) -> None:
    """Neither its beginning nor its end, whether the end waits for its group or for the channel."""
    world.inbox().fails = lambda: ChannelError("away")
    early = world.happen(EventKind.TARGET_PRIVATE, problem="followers a", metric=Metric.FOLLOWERS)
    late = world.happen(EventKind.TARGET_GONE, problem="followers b", metric=Metric.FOLLOWERS)
    lasting = world.happen(EventKind.TARGET_PRIVATE, problem="followers c", metric=Metric.FOLLOWERS)
    world.run_for(MINUTE, MINUTE)
    ends = [world.happen(EventKind.TARGET_READY, problem="followers a", metric=Metric.FOLLOWERS)]
    world.run_for(10 * MINUTE, MINUTE)
    ends.append(world.happen(EventKind.TARGET_READY, problem="followers b", metric=Metric.FOLLOWERS))
    world.run()
    world.inbox().fails = lambda: None
    world.run_for(HOUR, MINUTE)
    assert [title for _, title in world.told()] == ["target.private [warning]"]
    assert world.history(lasting).state == "sent"
    for event_id in (early, late, *ends):
        assert world.reasons(event_id) == [AlertReason.NEVER_TOLD]
        assert world.history(event_id).state == "suppressed"


def test_a_removed_receiver_leaves_nothing_behind(world: AlertWorld) -> None:
    """What it had in groups is routed anew, also what another receiver knows already."""
    world.receivers = (Receiver(), Receiver("tech"))
    world.routes = (Route((), "tech", goes_on=True), Route((), "default"))
    blocked = world.block()
    world.run_for(MINUTE)
    world.receivers, world.routes = (Receiver(),), ()
    world.run_for(20 * MINUTE, 5 * MINUTE)
    assert [title for _, title in world.told()] == ["source.blocked [critical]"]
    assert [row.receiver for row in world.history(blocked).receivers] == ["default"]
    assert world.history(blocked).state == "sent"
    assert [row.receiver for row in rows_of(world.database, "alert_groups")] == ["default"]


def test_what_a_removed_receiver_had_not_got_through_is_routed_anew(world: AlertWorld) -> None:
    """Its channel took nothing; the next receiver does."""
    world.receivers, world.routes = (Receiver(), Receiver("tech")), (Route((), "tech"),)
    world.inbox("tech").fails = lambda: ChannelError("no")
    held = world.hold()
    world.run_for(2 * MINUTE, MINUTE)
    assert world.history(held).state == "pending"
    world.receivers, world.routes = (Receiver(),), ()
    world.run_for(2 * MINUTE, MINUTE)
    assert [title for _, title in world.told()] == ["drop.held [warning]"]
    assert world.history(held).state == "sent"


# Silences


def a_silence(world: AlertWorld) -> int:
    matchers = parse_matchers('kind=~"drop.*", service!="12"')
    with world.database.write() as tx:
        return silences.add(tx, NewSilence(matchers, "ana", "known", START, START + DAY, HOUR), START)


def test_a_silence_is_read_as_it_was_stored(world: AlertWorld) -> None:
    """It is current until it expires."""
    number = a_silence(world)
    with world.database.write() as tx:
        (found,) = silences.current(tx, START)
        assert (found.silence_id, found.author, found.comment) == (number, "ana", "known")
        assert (found.matchers, found.unmatched_for) == (
            parse_matchers('kind=~"drop.*", service!="12"'),
            HOUR,
        )
        silences.matched(tx, [number], START + MINUTE)
        assert len(silences.current(tx, START + HOUR)) == 1
        assert silences.current(tx, START + HOUR + MINUTE) == ()
        assert [one.silence_id for one in silences.listed(tx, 10)] == [number]


def test_a_silence_ends_when_an_operator_says_so(world: AlertWorld) -> None:
    """Once; an unknown one is named."""
    number = a_silence(world)
    with world.database.write() as tx:
        silences.expire(tx, number, START + MINUTE)
        assert silences.current(tx, START + MINUTE) == ()
        with pytest.raises(WrongStateError, match="expired already"):
            silences.expire(tx, number, START + MINUTE)
        with pytest.raises(NotFoundError):
            silences.expire(tx, number + 1, START)


# Acknowledgement


def test_only_a_problem_that_lasts_can_be_acknowledged(world: AlertWorld) -> None:
    """By any of its events; another kind of problem of the same target is not acknowledged by that."""
    begun = world.happen(EventKind.TARGET_PRIVATE, problem="likes x")
    held = world.hold()
    world.run()
    with world.database.write() as tx:
        assert problems.acknowledge(tx, begun, "ana", world.now)
        assert not problems.acknowledge(tx, begun, "ana", world.now)
        with pytest.raises(WrongStateError, match="told once"):
            problems.acknowledge(tx, held, "ana", world.now)
    world.happen(EventKind.TARGET_GONE, problem="likes x")
    world.run()
    assert [row.acknowledged_at for row in rows_of(world.database, "problems")] == [None]
    ended = world.happen(EventKind.TARGET_READY, problem="likes x")
    world.run()
    with world.database.write() as tx, pytest.raises(WrongStateError):
        problems.acknowledge(tx, begun, "ana", world.now)
    assert world.reasons(ended) == [AlertReason.WAITING]
