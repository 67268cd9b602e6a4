"""Facts: what an order is and where it stands now, by name."""

from typing import Any

from monitor.guarantee.customer_answers import claim_at
from refilld.terms_format import written
from refilld.timeline.load import Story
from storage.column_types import AnyRow
from storage.terms import load_terms

_SECRET = {"lease_token", "done_token"}
_INTERNAL = {"target_id", "key", "kind"}


def order_facts(row: AnyRow) -> dict[str, Any]:
    """An order as it was sold: what its row holds, the terms by their name."""
    facts = {name: value for name, value in plain(row).items() if name not in _INTERNAL}
    return facts | {"terms": load_terms(row.terms).name}


def story_facts(story: Story) -> dict[str, Any]:
    """An order as it was sold, and where it stands: the numbers of the rules, the next look, the answer."""
    mine, target = story.mine, story.target
    return {
        **order_facts(story.order),
        "limits": written(mine.order.terms),
        "ends_at": mine.order.ends_at if mine.order.guaranteed else None,
        "flags": sorted(mine.flags) or None,
        "username_now": target.target.username_now,
        "source": target.source,
        "next_look": story.next_look,
        "why": story.why,
        **_numbers(story),
        "answer": {"word": story.answer.word, "sentence": story.answer.sentence},
    }


def plain(row: AnyRow) -> dict[str, Any]:
    """A row as it may be shown: without what only its holder may know."""
    return {name: value for name, value in row._mapping.items() if name not in _SECRET}  # noqa: SLF001


def _numbers(story: Story) -> dict[str, object]:
    """Where the order stands: its line, what it claims, and the threshold of a drop."""
    mine, target = story.mine, story.target
    order = mine.order
    claim = claim_at(mine, story.group, target.series.last_count, target.last_count_at)
    return {
        "count": target.series.last_count,
        "counted_at": target.last_count_at,
        "baseline": None if order.start_count is None else order.baseline,
        "line": claim.line if claim else None,
        "floor": claim.floor if claim else None,
        "in_flight": mine.in_flight(story.now),
        "claim": claim.units if claim else None,
        "threshold": order.terms.threshold(order.delivered),
    }
