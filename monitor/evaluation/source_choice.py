"""Routing: which source looks at a target."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta

from monitor.model.snapshot import Outcome

ASK_AGAIN = timedelta(days=30)
"""A source that could not find a target is given another try after so long."""
CANNOT_SEE = frozenset({Outcome.NOT_FOUND, Outcome.UNAVAILABLE, Outcome.HIDDEN})
"""Outcomes of one source where another may see more: the official interface, for one, finds professional
accounts only, and of their posts only the newest."""


@dataclass(frozen=True, slots=True)
class Way:
    """How a source would see a target."""

    source: str
    together: str
    """What it has to ask for; targets of one name are seen by one request."""


def best_way(
    ways: Sequence[Way], allowed: Sequence[Collection[str] | None], cannot: Collection[str]
) -> Way | None:
    """The first of the ways (best first) that every order's service allows; None when there is none.

    `allowed` has the sources that each service allows, best first; None allows all. `cannot` names sources
    that have not found the target lately; when all of them have not, the last of them is left to say so.
    """
    named = next((names for names in allowed if names is not None), None)
    open_ways = [way for way in ways if all(names is None or way.source in names for names in allowed)]
    if named is not None:
        order = list(named)
        open_ways.sort(key=lambda way: order.index(way.source))
    seeing = [way for way in open_ways if way.source not in cannot]
    return seeing[0] if seeing else open_ways[-1] if open_ways else None
