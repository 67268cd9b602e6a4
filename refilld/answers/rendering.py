"""Rendering an answer: its sentence in a language, with the numbers filled in."""

from datetime import datetime

from monitor.guarantee.customer_answers import Answer
from monitor.model.time_words import minute
from refilld.answers.language_texts import LanguageTexts
from refilld.answers.sentences import SENTENCES, STALE
from refilld.translations.labels import label_of


def sentence(answer: Answer, texts: LanguageTexts) -> str:
    """The sentence of an answer; a second one follows when it rests on an older count."""
    key = f"{answer.word}:{answer.variant}" if answer.variant else str(answer.word)
    keys = [key, STALE] if answer.stale else [key]
    values = _values(answer)
    numbers = {name: value for name, value in values.items() if isinstance(value, int)}
    shown = {name: _shown(value) for name, value in values.items()} | _words(answer, texts)
    return " ".join(texts.text(key, numbers.get(SENTENCES[key].number)).format_map(shown) for key in keys)


def _words(answer: Answer, texts: LanguageTexts) -> dict[str, str]:
    """The placeholders that have words of the language."""
    metric = answer.order.target.metric
    return {
        "status": label_of(answer.order.status, texts.translation),
        "metric": texts.metric(metric),
        "missing_units": texts.units(metric, answer.missing or 0),
        "quantity_units": texts.units(metric, answer.quantity or 0),
    }


def _values(answer: Answer) -> dict[str, object]:
    """The value of each placeholder; None for those that the sentence of the answer cannot use."""
    order = answer.order
    settles_at = None if order.completed_at is None else order.completed_at + order.terms.settle
    return {
        "order_id": order.order_id,
        "link": order.target.link.url,
        "delivered": order.delivered,
        "threshold": answer.threshold,
        "count": answer.count,
        "counted_at": answer.counted_at,
        "line": answer.line,
        "missing": answer.missing,
        "quantity": answer.quantity,
        "since": answer.look.since,
        "settles_at": settles_at,
        "ends_at": order.ends_at,
        "max_refills": order.terms.max_refills,
        "max_percent": order.terms.max_refill_percent,
        "next_refill_at": answer.next_refill_at,
    }


def _shown(value: object) -> str:
    return f"{minute(value)} UTC" if isinstance(value, datetime) else str(value)
