"""Routes: which receivers get an alert."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from monitor.alerts.matchers import Matcher, all_match, text_of

DEFAULT = "default"
"""The receiver of what no route matches; its channels are `alerts.urls`."""


@dataclass(frozen=True, slots=True)
class Route:
    """What matches goes to a receiver."""

    matchers: tuple[Matcher, ...]
    """Without any, the route matches everything."""
    receiver: str
    goes_on: bool = False
    """Whether the routes after this one are asked, too."""

    def __str__(self) -> str:
        """The matchers, for people."""
        return text_of(self.matchers) or "everything"


@dataclass(frozen=True, slots=True)
class Routed:
    """One receiver of an alert, and why."""

    receiver: str
    route: Route | None
    """None if no route matched, so that it is the default receiver."""


def receivers_of(labels: Mapping[str, str], routes: Sequence[Route]) -> list[Routed]:
    """The receivers of an alert, each once: of the first route that matches, and of more if it goes on."""
    found: dict[str, Routed] = {}
    for route in _matching(labels, routes):
        found.setdefault(route.receiver, Routed(route.receiver, route))
    return list(found.values()) or [Routed(DEFAULT, None)]


def _matching(labels: Mapping[str, str], routes: Sequence[Route]) -> Iterator[Route]:
    for route in routes:
        if all_match(route.matchers, labels):
            yield route
            if not route.goes_on:
                return
