"""Seating: the place that a request gets in the virtual queue of its source."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from math import floor, log2

from monitor.cadence.schedule import FinalLook, QueuePosition, ScheduleRequest, merged_requests
from monitor.cadence.virtual_time import VirtualTime
from storage import cadence_stats
from storage.engine import Transaction
from storage.targets import LookOutcome


def queue_position(clock: VirtualTime, schedule_request: ScheduleRequest) -> QueuePosition:
    """The seat of a request for which all that it shows asks together."""
    call = schedule_request.final_look
    return QueuePosition(
        clock.due(schedule_request.service_queue, schedule_request.hazard),
        schedule_request.service_queue,
        schedule_request.not_before,
        schedule_request.coverage_ends_at,
        None if call is None else FinalLook(call.slot, _rounded(call.value)),
    )


def _rounded(value: float) -> float:
    """A power of two: what a call is worth changes a little with every look, and an index with it."""
    return 2.0 ** floor(log2(value))


def with_queue_positions(tx: Transaction, looks: Sequence[LookOutcome]) -> list[LookOutcome]:
    """Give the requests by which these targets are seen their seats.

    Each target of a request has its own, with the same due value: whoever leaves takes none with him.
    """
    requests: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for number, look in enumerate(looks):
        if look.row.schedule.source and _wish(look) is not None:
            requests[look.row.schedule.source, look.row.schedule.request_key].append(number)
    clocks = {
        source: cadence_stats.virtual_time(tx, source)
        for source in dict.fromkeys(source for source, _ in requests)
    }
    seated = list(looks)
    for (source, _), numbers in requests.items():
        schedule_requests = [
            schedule_request for number in numbers if (schedule_request := _wish(looks[number])) is not None
        ]
        shared = queue_position(clocks[source], merged_requests(schedule_requests))
        for number, schedule_request in zip(numbers, schedule_requests, strict=True):
            seated[number] = replace(
                looks[number],
                queue_position=shared._replace(coverage_ends_at=schedule_request.coverage_ends_at),
            )
    return seated


def _wish(look: LookOutcome) -> ScheduleRequest | None:
    return look.following.schedule_request if look.following else None
