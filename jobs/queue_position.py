"""Seating: the place that a request gets in the virtual queue of its source."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from math import floor, log2

from monitor.cadence.schedule import LastCall, Seat, Wish, joined
from monitor.cadence.virtual_time import VirtualClock
from storage import cadence_stats
from storage.engine import Transaction
from storage.targets import Looked


def seat(clock: VirtualClock, wish: Wish) -> Seat:
    """The seat of a request for which all that it shows asks together."""
    call = wish.call
    return Seat(
        clock.due(wish.stream, wish.outlook),
        wish.stream,
        wish.rests_until,
        wish.over_at,
        None if call is None else LastCall(call.slot, _rounded(call.value)),
    )


def _rounded(value: float) -> float:
    """A power of two: what a call is worth changes a little with every look, and an index with it."""
    return 2.0 ** floor(log2(value))


def seats_of(tx: Transaction, looks: Sequence[Looked]) -> list[Looked]:
    """Give the requests by which these targets are seen their seats.

    Each target of a request has its own, with the same due value: whoever leaves takes none with him.
    """
    requests: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for number, look in enumerate(looks):
        if look.row.source and _wish(look) is not None:
            requests[look.row.source, look.row.together].append(number)
    clocks = {
        source: cadence_stats.clock(tx, source) for source in dict.fromkeys(source for source, _ in requests)
    }
    seated = list(looks)
    for (source, _), numbers in requests.items():
        wishes = [wish for number in numbers if (wish := _wish(looks[number])) is not None]
        shared = seat(clocks[source], joined(wishes))
        for number, wish in zip(numbers, wishes, strict=True):
            seated[number] = replace(looks[number], seat=shared._replace(over_at=wish.over_at))
    return seated


def _wish(look: Looked) -> Wish | None:
    return look.following.wish if look.following else None
