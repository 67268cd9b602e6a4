"""Routing: new events find their receivers, and take the place of what they replace or end."""

from datetime import datetime

import pytest

from monitor.alerts.grouping import GROUP_LABELS
from monitor.alerts.matchers import parse_matchers
from monitor.alerts.reasons import AlertReason
from monitor.alerts.routes import DEFAULT, Route
from monitor.alerts.routing import NewEvent, Routing, RoutingRules
from monitor.events.severity import Status
from tests.builders import MINUTE, NOW

TECH = Route(parse_matchers('kind=~"source.*"'), "tech", goes_on=True)
ALL = Route((), DEFAULT)
FIRING, RESOLVED, OCCURRED = Status.FIRING, Status.RESOLVED, Status.OCCURRED


def a_routing(*routes: Route, reachable: tuple[str, ...] = (DEFAULT, "tech")) -> Routing:
    return Routing(RoutingRules(routes, GROUP_LABELS, reachable), {})


def an_event(
    event_id: int, status: Status, kind: str = "source.blocked", key: str = "key", at: datetime = NOW
) -> NewEvent:
    return NewEvent(event_id, at, status, key, {"kind": kind})


def routed(routing: Routing) -> list[tuple[int, str, str | None, AlertReason]]:
    return [(one.event_id, one.receiver, one.group, one.reason) for one in routing.added]


def test_an_event_waits_in_a_group_of_each_receiver() -> None:
    """The group is woken at the time of its first event."""
    routing = a_routing(TECH, ALL)
    routing.route(an_event(1, OCCURRED))
    routing.route(an_event(2, OCCURRED, at=NOW + MINUTE))
    group = "kind=source.blocked"
    assert routed(routing) == [
        (event_id, receiver, group, AlertReason.WAITING)
        for event_id in (1, 2)
        for receiver in ("tech", DEFAULT)
    ]
    assert routing.woken == {("tech", group): NOW, (DEFAULT, group): NOW}
    assert (routing.closed, routing.problems) == ([], {})


def test_an_end_takes_the_place_of_the_beginning() -> None:
    """Which was never told, if it still waits."""
    routing = a_routing()
    routing.route(an_event(1, FIRING))
    routing.route(an_event(2, RESOLVED, "source.ready"))
    begun, ended = routing.added
    assert (begun.group, begun.reason) == (None, AlertReason.NEVER_TOLD)
    assert (ended.group, ended.begun_by) == ("kind=source.blocked", 1)
    assert routing.problems == {"key": None}


@pytest.mark.parametrize("kind", ["source.blocked", "target.gone"])
def test_a_problem_again_takes_the_place_of_the_one_before(kind: str) -> None:
    """It is told already if it is of the same kind; else it is new."""
    routing = a_routing()
    routing.route(an_event(1, FIRING))
    routing.added[0].told_at, routing.added[0].reason = NOW, AlertReason.NEW_ALERTS
    routing.woken.clear()
    routing.route(an_event(2, FIRING, kind))
    before, after = routing.added
    assert (before.group, before.reason) == (None, AlertReason.NEW_ALERTS)
    same = kind == "source.blocked"
    assert (after.told_at, bool(routing.woken)) == ((NOW, False) if same else (None, True))
    assert after.reason is (AlertReason.ALREADY_TOLD if same else AlertReason.WAITING)


def test_the_end_of_what_was_never_routed_is_not_told() -> None:
    """Such as that of a problem in shadow mode."""
    routing = a_routing()
    routing.route(an_event(2, RESOLVED))
    assert routed(routing) == [(2, DEFAULT, None, AlertReason.NEVER_TOLD)]


def test_an_event_without_a_reachable_receiver_is_kept() -> None:
    """One that another receiver gets is not."""
    routing = a_routing(TECH, ALL, reachable=("tech",))
    routing.route(an_event(1, OCCURRED))
    routing.route(an_event(2, OCCURRED, "drop.held"))
    assert [one.reason for one in routing.added if one.receiver == DEFAULT] == [AlertReason.NO_CHANNEL] * 2
    assert routing.unreachable == [2]


def test_an_event_that_is_routed_anew_keeps_its_place() -> None:
    """It is routed again when another receiver was removed."""
    routing = a_routing()
    routing.route(an_event(1, FIRING))
    (before,) = routing.added
    routing.added.clear()
    routing.route(an_event(1, FIRING))
    assert (routing.added, routing.closed, routing.open) == ([], [], {"key": {DEFAULT: before}})
