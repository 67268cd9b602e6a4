"""Numbers with their nouns, and durations."""

from datetime import timedelta

import pytest

from refilld.translations.catalogue import translation_of
from refilld.translations.numbers import counted_noun, spoken_duration
from tests.builders import DAY, HOUR


@pytest.mark.parametrize(
    ("language", "number", "text"),
    [
        ("en", 1, "1 refill"),
        ("en", 1_234, "1,234 refills"),
        ("de", 1_234, "1.234 Nachlieferungen"),
        ("ru", 1, "1 восполнение"),
        ("ru", 3, "3 восполнения"),
        ("ru", 11, "11 восполнений"),
        ("ru", 21, "21 восполнение"),
        ("ru", 1_112, "1 112 восполнений"),
        ("tr", 5, "5 telafi"),
    ],
)
def test_a_noun_has_the_form_for_its_number(language: str, number: int, text: str) -> None:
    assert counted_noun(number, "refill", translation_of(language)) == text


def test_a_noun_of_the_shop_gets_an_english_plural() -> None:
    assert counted_noun(2, "ticket", translation_of("de")) == "2 tickets"


@pytest.mark.parametrize(
    ("language", "duration", "text"),
    [
        ("en", 2.5 * DAY, "2.5 days"),
        ("de", 2.5 * DAY, "2,5 Tage"),
        ("ru", 2.5 * DAY, "2,5 дня"),
        ("ru", 21 * HOUR, "21 час"),
        ("ru", 5 * HOUR, "5 часов"),
        ("es", timedelta(seconds=70), "un minuto"),
    ],
)
def test_a_duration_is_in_words(language: str, duration: timedelta, text: str) -> None:
    assert spoken_duration(duration, translation_of(language)) == text
