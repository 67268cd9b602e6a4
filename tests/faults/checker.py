"""The checker: finds what must never be in a database, whatever was killed or failed.

It knows the promises and the tables, and no code of refilld.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence

from tests.faults.stored_rows import Refill, StoredRows

NEXT: Mapping[str, frozenset[str]] = {
    "": frozenset({"held", "queued"}),
    "held": frozenset({"held", "queued", "rejected", "cancelled"}),
    "queued": frozenset({"claimed", "cancelled"}),
    "claimed": frozenset({"queued", "completed", "dead"}),
    "dead": frozenset({"queued", "cancelled"}),
    "completed": frozenset(),
    "rejected": frozenset(),
    "cancelled": frozenset(),
}
"""The states that may follow each state; the first ones follow ''."""
OPEN = frozenset({"held", "queued", "claimed"})
NOT_DELIVERED = frozenset({"rejected", "cancelled"})


def faults(rows: StoredRows) -> list[str]:
    """What is wrong, one line each; empty if all promises hold."""
    return [*_histories(rows), *_audit(rows), *_open_twice(rows), *_units(rows)]


def histories(rows: StoredRows) -> dict[int, list[str]]:
    """The states that each refill has had, oldest first."""
    found = defaultdict[int, list[str]](list)
    for step in rows.history:
        found[step.refill_id].append(step.state)
    return found


def _histories(rows: StoredRows) -> Iterator[str]:
    """Every change is written down, is allowed, and leads to the present state."""
    past = histories(rows)
    for refill in rows.refills:
        states = past.pop(refill.refill_id, [])
        for before, after in zip(["", *states], states, strict=False):
            if after not in NEXT[before]:
                yield f"refill {refill.refill_id} went from {before or 'nothing'} to {after}"
        if [*states][-1:] != [refill.state]:
            yield f"refill {refill.refill_id} is {refill.state}, but its history is {states}"
        if states.count("completed") > 1:
            yield f"refill {refill.refill_id} was completed twice"
        if refill.state == "completed" and refill.done_action != "complete":
            yield f"refill {refill.refill_id} is completed by {refill.done_action}"
    yield from (f"refill {refill_id} is lost, its history is {states}" for refill_id, states in past.items())


def _audit(rows: StoredRows) -> Iterator[str]:
    """Every change has its event, with the state before and after, and who caused it."""
    told = defaultdict[int, list[tuple[str, str]]](list)
    for event in rows.events:
        if not event.actor:
            yield f"an event {event.kind} of refill {event.refill_id} has no actor"
        payload = json.loads(event.payload)
        moves = told[event.refill_id]
        before = payload.get("before") or "" if "after" in payload else moves[-1][1] if moves else ""
        moves.append((before, payload.get("after", "dead")))
    for refill_id, states in histories(rows).items():
        moves = list(zip(["", *states], states, strict=False))
        if told[refill_id] != moves:
            yield f"refill {refill_id}: the audit has {told[refill_id]}, the history {moves}"


def _open_twice(rows: StoredRows) -> Iterator[str]:
    """At no time an order has had two open refills."""
    order_of = {refill.refill_id: refill.order_id for refill in rows.refills}
    being_open = defaultdict[str, set[int]](set)
    for step in rows.history:
        order_id = order_of.get(step.refill_id, "")
        (being_open[order_id].add if step.state in OPEN else being_open[order_id].discard)(step.refill_id)
        if len(being_open[order_id]) > 1 and order_id:
            yield f"order {order_id} had several open refills: {sorted(being_open[order_id])}"


def _units(rows: StoredRows) -> Iterator[str]:
    """Every decision has led to one refill with its units, and what was queued are these units."""
    refills = defaultdict[int, list[Refill]](list)
    for refill in rows.refills:
        refills[refill.drop_id].append(refill)
    for owed in rows.owed:
        found = [(one.order_id, one.quantity) for one in refills[owed.drop_id]]
        if found != [(owed.order_id, owed.units)]:
            yield f"order {owed.order_id} is owed {owed.units}, its refills of the drop are {found}"
    decided = {owed.drop_id for owed in rows.owed}
    undecided = [one for drop_id, found in refills.items() for one in found if drop_id not in decided]
    yield from (f"refill {one.refill_id} has no decision" for one in undecided)
    yield from _queued_units(rows)


def _queued_units(rows: StoredRows) -> Iterator[str]:
    queued = {one.refill_id: one.units for one in rows.queued}
    past = histories(rows)
    for refill in rows.refills:
        expected = refill.quantity if "queued" in past[refill.refill_id] else None
        if queued.get(refill.refill_id) != expected:
            yield f"refill {refill.refill_id}: queued {queued.get(refill.refill_id)} units, owed {expected}"


def not_made_good(
    rows: StoredRows, lost: Mapping[str, int], delivered: Sequence[tuple[str, int]]
) -> list[str]:
    """When all work is done: orders for which what was lost, owed and delivered is not the same."""
    owed, given = Counter[str](), Counter[str]()
    for refill in rows.refills:
        owed[refill.order_id] += 0 if refill.state in NOT_DELIVERED else refill.quantity
    for order_id, units in delivered:
        given[order_id] += units
    orders = sorted(lost.keys() | owed.keys() | given.keys() | rows.orders)
    every = ((one, lost.get(one, 0), owed[one], given[one]) for one in orders)
    return [
        f"order {one}: lost {missing}, owed {queued}, delivered {come}"
        for one, missing, queued, come in every
        if not missing == queued == come
    ]
