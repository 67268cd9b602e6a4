"""Routing: which source looks at a target."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta

from monitor.model.snapshot import Outcome

RETRY_AFTER = timedelta(days=30)
"""A source that could not find a target is given another try after so long."""
UNSEEN_OUTCOMES = frozenset({Outcome.NOT_FOUND, Outcome.UNAVAILABLE, Outcome.HIDDEN})
"""Outcomes of one source where another may see more: the official interface, for one, finds professional
accounts only, and of their posts only the newest."""


@dataclass(frozen=True, slots=True)
class SourceRoute:
    """How a source would see a target."""

    source: str
    request_key: str
    """What it has to ask for; targets of one name are seen by one request."""


def best_route(
    ways: Sequence[SourceRoute], allowed: Sequence[Collection[str] | None], unseen_by: Collection[str]
) -> SourceRoute | None:
    """The first of the ways (best first) that every order's service allows; None when there is none.

    `allowed` has the sources that each service allows, best first; None allows all. `cannot` names sources
    that have not found the target lately; when all of them have not, the last of them is left to say so.
    """
    named = next((names for names in allowed if names is not None), None)
    open_ways = [way for way in ways if all(names is None or way.source in names for names in allowed)]
    if named is not None:
        order = list(named)
        open_ways.sort(key=lambda way: order.index(way.source))
    seeing = [way for way in open_ways if way.source not in unseen_by]
    return seeing[0] if seeing else open_ways[-1] if open_ways else None
