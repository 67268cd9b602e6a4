"""Queue positions: the place of a request in the virtual queue of its source, and its next due time."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from math import floor, log2

from monitor.cadence.schedule import FinalLook, QueuePosition, ScheduleRequest, in_step, merged_requests
from monitor.cadence.virtual_time import VirtualTime
from monitor.model.snapshot import Outcome
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
    """Return the looks with their queue positions, and with the next looks of each request in step.

    Targets with one request key get equal positions, one each, so that rerouting one leaves the others.
    """
    requests: defaultdict[tuple[str, str, int], list[LookOutcome]] = defaultdict(list)
    for look in looks:
        if look.state.schedule.source and look.next_look is not None:
            requests[_request_of(look)].append(look)
    virtual_times = _virtual_times(tx, [look for request in requests.values() for look in request])
    in_requests = {
        look.state.target_id: look
        for (source, _, _), request in requests.items()
        for look in _positioned(_stepped(request), virtual_times.get(source))
    }
    return [in_requests.get(look.state.target_id, look) for look in looks]


def _request_of(look: LookOutcome) -> tuple[str, str, int]:
    """The request of a target's next look, and the target if that should not be made with others.

    A post that was not found would take the most requests at every look at its owner.
    """
    schedule = look.state.schedule
    alone = look.state.target_id if look.snapshot.outcome is Outcome.UNAVAILABLE else 0
    return schedule.source or "", schedule.request_key, alone


def _stepped(request: Sequence[LookOutcome]) -> list[LookOutcome]:
    """The looks of one request with their next looks in step."""
    if len(request) == 1:
        return list(request)
    next_looks = in_step([look.next_look for look in request if look.next_look is not None])
    return [replace(look, next_look=one) for look, one in zip(request, next_looks, strict=True)]


def _virtual_times(tx: Transaction, looks: Sequence[LookOutcome]) -> dict[str, VirtualTime]:
    """The virtual times of the sources in whose queue these looks get a position."""
    sources = dict.fromkeys(look.state.schedule.source for look in looks if _schedule_request(look))
    return {source: cadence_stats.virtual_time(tx, source) for source in sources if source}


def _positioned(request: Sequence[LookOutcome], virtual_time: VirtualTime | None) -> list[LookOutcome]:
    """The looks of one request with one queue position; those without a schedule request have none."""
    wanted = [_schedule_request(look) for look in request]
    asked = [one for one in wanted if one is not None]
    if not asked or virtual_time is None:
        return list(request)
    position = queue_position(virtual_time, merged_requests(asked))
    return [
        look if one is None
        else replace(look, queue_position=position._replace(coverage_ends_at=one.coverage_ends_at))
        for look, one in zip(request, wanted, strict=True)
    ]  # fmt: skip


def _schedule_request(look: LookOutcome) -> ScheduleRequest | None:
    return look.next_look.schedule_request if look.next_look else None
