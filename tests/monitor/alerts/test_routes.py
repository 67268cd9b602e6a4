"""Routes: the first that matches, more if it goes on, and the default receiver for the rest."""

import pytest

from monitor.alerts.matchers import parse_matchers
from monitor.alerts.routes import DEFAULT, Route, receivers_of

CRITICAL = Route(parse_matchers('severity="critical"'), "phone", goes_on=True)
SOURCES = Route(parse_matchers('kind=~"source.*"'), "tech")
AGAIN = Route(parse_matchers('kind=~"source.*"'), "phone")
ALL = Route((), "mail")


@pytest.mark.parametrize(
    ("routes", "kind", "severity", "expected"),
    [
        ((), "drop.held", "warning", [DEFAULT]),
        ((CRITICAL, SOURCES), "drop.held", "warning", [DEFAULT]),
        ((CRITICAL, SOURCES), "source.blocked", "critical", ["phone", "tech"]),
        ((CRITICAL, SOURCES, ALL), "source.ready", "info", ["tech"]),
        ((SOURCES, CRITICAL), "source.blocked", "critical", ["tech"]),
        ((CRITICAL, AGAIN), "source.blocked", "critical", ["phone"]),
        ((CRITICAL,), "queue.stalled", "critical", ["phone"]),
        ((CRITICAL, ALL), "queue.stalled", "critical", ["phone", "mail"]),
    ],
)
def test_receivers_of_an_alert(
    routes: tuple[Route, ...], kind: str, severity: str, expected: list[str]
) -> None:
    """Each receiver once."""
    found = receivers_of({"kind": kind, "severity": severity}, routes)
    assert [routed.receiver for routed in found] == expected


def test_the_route_says_why() -> None:
    """For `refilld alerts explain`."""
    (found,) = receivers_of({"kind": "source.ready"}, [CRITICAL, SOURCES])
    assert (found.route, str(found.route)) == (SOURCES, 'kind=~"source.*"')
    assert str(ALL) == "everything"
