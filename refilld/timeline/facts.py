"""Facts: what an order is and where it stands now, by name."""

from typing import Any

from monitor.guarantee.customer_answers import claim_at
from refilld.terms_format import terms_fields
from refilld.timeline.load import Timeline
from storage.column_types import AnyRow
from storage.terms import load_terms

_SECRET = {"lease_token", "done_token"}
_INTERNAL = {"target_id", "key", "kind"}


def order_facts(row: AnyRow) -> dict[str, Any]:
    """An order as it was sold: what its row holds, the terms by their name."""
    facts = {name: value for name, value in plain(row).items() if name not in _INTERNAL}
    return facts | {"terms": load_terms(row.terms).name}


def story_facts(timeline: Timeline) -> dict[str, Any]:
    """An order as it was sold, and where it stands: the numbers of the rules, the next look, the answer."""
    mine, target = timeline.mine, timeline.target
    return {
        **order_facts(timeline.order),
        "limits": terms_fields(mine.order.terms),
        "ends_at": mine.order.ends_at if mine.order.guaranteed else None,
        "flags": sorted(mine.flags) or None,
        "username_now": target.target.username_now,
        "source": target.schedule.source,
        "next_look": timeline.next_look,
        "why": timeline.due_reason,
        **_numbers(timeline),
        "answer": {"word": timeline.answer.word, "sentence": timeline.answer.sentence},
    }


def plain(row: AnyRow) -> dict[str, Any]:
    """A row as it may be shown: without what only its holder may know."""
    return {name: value for name, value in row._mapping.items() if name not in _SECRET}  # noqa: SLF001


def _numbers(timeline: Timeline) -> dict[str, object]:
    """Where the order stands: its line, what it claims, and the threshold of a drop."""
    mine, target = timeline.mine, timeline.target
    order = mine.order
    claim = claim_at(mine, timeline.group, target.series.last_count, target.last_count_at)
    return {
        "count": target.series.last_count,
        "counted_at": target.last_count_at,
        "baseline": None if order.start_count is None else order.baseline,
        "line": claim.line if claim else None,
        "floor": claim.floor if claim else None,
        "in_flight": mine.in_flight(timeline.now),
        "claim": claim.units if claim else None,
        "threshold": order.terms.threshold(order.delivered),
    }
