"""Numbers with their nouns, and durations in words."""

from collections.abc import Mapping
from datetime import timedelta
from gettext import NullTranslations

from monitor.model.number_words import counted, significant
from refilld.translations.source_text import Sentence, labelled, marked, marked_forms

_SEPARATORS = {",": labelled("separator of thousands", ","), ".": labelled("separator of decimals", ".")}
NOUNS: Mapping[str, Sentence] = {
    "alert": marked_forms("{number} alert", "{number} alerts"),
    "change": marked_forms("{number} change", "{number} changes"),
    "delivery": marked_forms("{number} delivery", "{number} deliveries"),
    "drop": marked_forms("{number} drop", "{number} drops"),
    "imported order": marked_forms("{number} imported order", "{number} imported orders"),
    "mass drop": marked_forms("{number} mass drop", "{number} mass drops"),
    "message": marked_forms("{number} message", "{number} messages"),
    "order": marked_forms("{number} order", "{number} orders"),
    "look": marked_forms("{number} look", "{number} looks"),
    "refill": marked_forms("{number} refill", "{number} refills"),
    "refund review": marked_forms("{number} refund review", "{number} refund reviews"),
    "target": marked_forms("{number} target", "{number} targets"),
    "unit": marked_forms("{number} unit", "{number} units"),
}
"""The nouns that templates count, those of alerts and those of pages."""
_DURATIONS = (
    (timedelta(days=1), marked_forms("{number} day", "{number} days")),
    (timedelta(hours=1), marked_forms("{number} hour", "{number} hours")),
    (timedelta(minutes=1), marked_forms("{number} minute", "{number} minutes")),
)
_AGES = (
    (timedelta(days=1), labelled("short duration", "{number}d")),
    (timedelta(hours=1), labelled("short duration", "{number}h")),
    (timedelta(minutes=1), labelled("short duration", "{number}m")),
)
_SHORTEST = marked("a minute")
_LIKE_A_FRACTION = 2
"""A number whose form is that of a fraction, such as `2,5 дня`."""


def shown_number(text: str, translation: NullTranslations) -> str:
    """A number as English writes it, with the separators of a language."""
    return text.translate({ord(sign): label.into(translation) for sign, label in _SEPARATORS.items()})


def counted_noun(number: int, noun: str, translation: NullTranslations) -> str:
    """A number with its noun; a noun that the catalogue does not have gets an English plural."""
    if noun not in NOUNS:
        return counted(number, noun)
    shown = shown_number(f"{number:,}", translation)
    return NOUNS[noun].into(translation, number).format(number=shown)


def spoken_duration(duration: timedelta, translation: NullTranslations) -> str:
    """A duration in words, to two digits."""
    for size, words in _DURATIONS:
        if duration >= 2 * size:
            shown = significant(duration / size, 2)
            digits = shown.replace(",", "")
            number = int(digits) if digits.isdecimal() else _LIKE_A_FRACTION
            return words.into(translation, number).format(number=shown_number(shown, translation))
    return _SHORTEST.into(translation)


def short_age(duration: timedelta, translation: NullTranslations) -> str:
    """A duration in the largest unit of which it has at least two; minutes at the least."""
    size, text = next((one for one in _AGES if duration >= 2 * one[0]), _AGES[-1])
    return text.into(translation).format(number=max(duration, timedelta(0)) // size)
