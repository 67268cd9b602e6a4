"""Seating: the place that a request gets in the virtual queue of its source."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from monitor.cadence import Seat, Wish
from monitor.outlook import together
from monitor.virtual_clock import VirtualClock
from storage import lessons
from storage.engine import Transaction
from storage.targets import Looked


def seat(clock: VirtualClock, wishes: Sequence[Wish]) -> Seat:
    """One seat for all that a request shows."""
    first = max(wishes, key=lambda wish: wish.outlook[1])
    ends = [wish.over_at for wish in wishes]
    calls = [wish.call for wish in wishes if wish.call is not None]
    return Seat(
        due=clock.due(first.stream, together((1.0, wish.outlook) for wish in wishes)),
        stream=first.stream,
        rests_until=min(wish.rests_until for wish in wishes),
        over_at=None if None in ends else max(end for end in ends if end is not None),
        call=max(calls, key=lambda call: call.value, default=None),
    )


def seats_of(tx: Transaction, looks: Sequence[Looked]) -> list[Looked]:
    """Give the requests by which these targets are seen their seats: their first targets have them."""
    requests: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for number, look in enumerate(looks):
        if look.row.source and _wish(look) is not None:
            requests[look.row.source, look.row.together].append(number)
    clocks = {source: lessons.clock(tx, source) for source in dict.fromkeys(source for source, _ in requests)}
    seated = list(looks)
    for (source, _), numbers in requests.items():
        wishes = [wish for number in numbers if (wish := _wish(looks[number])) is not None]
        seated[numbers[0]] = replace(looks[numbers[0]], seat=seat(clocks[source], wishes))
    return seated


def _wish(look: Looked) -> Wish | None:
    return look.following.wish if look.following else None
