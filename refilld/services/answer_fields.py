"""The public fields of an answer to a customer, the same in HTTP answers and in the JSON of commands."""

from monitor.guarantee.customer_answers import Answer
from refilld.answers.language_texts import LanguageTexts
from refilld.answers.rendering import sentence
from refilld.services.refill_requests import Recheck


def answer_fields(answer: Answer, recheck: Recheck, texts: LanguageTexts) -> dict[str, object]:
    """An answer with its sentence, and what became of the look."""
    return {
        "order_id": answer.order_id,
        "word": answer.word,
        "sentence": sentence(answer, texts),
        "count": answer.count,
        "counted_at": answer.counted_at,
        "line": answer.line,
        "missing": answer.missing,
        "threshold": answer.threshold,
        "quantity": answer.quantity,
        "outcome": answer.look.outcome,
        "looked_at": answer.look.looked_at,
        "since": answer.look.since,
        "recheck": recheck,
        "note": answer.look.obstacle,
    }
