"""The facts of an order by name: how it was sold, and where it stands now."""

from typing import Any

from monitor.guarantee.customer_answers import claim_at
from refilld.answers.language_texts import LanguageTexts
from refilld.answers.rendering import sentence
from refilld.terms_format import terms_fields
from refilld.timeline.load import Timeline
from storage.orders import StoredOrder


def order_facts(stored: StoredOrder) -> dict[str, Any]:
    """The public fields of an order, the terms by their name."""
    order = stored.order
    return {
        "order_id": order.order_id,
        "service": order.service,
        "link_typed": order.link_typed,
        "quantity": order.quantity,
        "remains": order.remains,
        "status": order.status,
        "completed_at": order.completed_at,
        "created_at": order.created_at,
        "start_count": order.start_count,
        "start_measured": order.start_measured,
        "base_lowered": order.base_lowered,
        "counted_at": order.counted_at,
        "terms": order.terms.name,
        "provider": order.provider,
        "customer": order.customer,
        "price": order.price,
        "currency": order.currency,
        "language": order.language,
        "imported_at": stored.imported_at,
        "updated_at": stored.updated_at,
        "terms_from": order.terms_from,
        "settled_look_at": stored.settled_look_at,
        "link": order.target.link.url,
        "metric": order.target.metric,
        "owner": order.target.owner,
        "forgotten_at": stored.forgotten_at,
    }


def timeline_facts(timeline: Timeline, texts: LanguageTexts) -> dict[str, Any]:
    """The public fields of an order, its numbers (RULES 3), its next look, and the answer to its customer."""
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
        "answer": {"word": timeline.answer.word, "sentence": sentence(timeline.answer, texts)},
    }


def _numbers(timeline: Timeline) -> dict[str, object]:
    """The newest count, and the line, claim and threshold of the order."""
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
