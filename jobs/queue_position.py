"""Queue positions: the place of a request in the virtual queue of its source."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from math import floor, log2

from monitor.cadence.schedule import FinalLook, QueuePosition, ScheduleRequest, merged_requests
from monitor.cadence.virtual_time import VirtualTime
from storage import cadence_stats
from storage.engine import Transaction
from storage.targets import LookOutcome


def queue_position(virtual_time: VirtualTime, schedule_request: ScheduleRequest) -> QueuePosition:
    """Return the queue position that fulfils a schedule request."""
    final_look = schedule_request.final_look
    return QueuePosition(
        virtual_time.due(schedule_request.service_queue, schedule_request.hazard),
        schedule_request.service_queue,
        schedule_request.not_before,
        schedule_request.coverage_ends_at,
        None if final_look is None else FinalLook(final_look.slot, _power_of_two(final_look.value)),
    )


def _power_of_two(value: float) -> float:
    """Round a value down to a power of two, so that small changes do not update the index."""
    return 2.0 ** floor(log2(value))


def with_queue_positions(tx: Transaction, looks: Sequence[LookOutcome]) -> list[LookOutcome]:
    """Return the looks with the queue positions of their targets.

    Targets with one request key get equal positions, one each, so that rerouting one leaves the others.
    """
    requests: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for index, look in enumerate(looks):
        if look.state.schedule.source and _request_of(look) is not None:
            requests[look.state.schedule.source, look.state.schedule.request_key].append(index)
    virtual_times = {
        source: cadence_stats.virtual_time(tx, source)
        for source in dict.fromkeys(source for source, _ in requests)
    }
    positioned = list(looks)
    for (source, _), indexes in requests.items():
        schedule_requests = [
            schedule_request
            for index in indexes
            if (schedule_request := _request_of(looks[index])) is not None
        ]
        position = queue_position(virtual_times[source], merged_requests(schedule_requests))
        for index, schedule_request in zip(indexes, schedule_requests, strict=True):
            positioned[index] = replace(
                looks[index],
                queue_position=position._replace(coverage_ends_at=schedule_request.coverage_ends_at),
            )
    return positioned


def _request_of(look: LookOutcome) -> ScheduleRequest | None:
    return look.next_look.schedule_request if look.next_look else None
