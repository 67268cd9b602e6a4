"""The shipped languages: each has every sentence, without words of the program."""

import re

import pytest

from refilld.answers.sentences import METRIC, SENTENCES
from refilld.answers.texts import shipped_texts
from refilld.answers.texts_file import faults_of
from refilld.settings.settings import AnswersSection

LANGUAGES = shipped_texts().languages
NUMBERS = (1, 2, 5)
PROGRAM_WORDS = re.compile(
    r"\b(slices?|claims?|sources?|breakers?|snapshots?|targets?|drops?|operator)\b", re.IGNORECASE
)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_shipped_sentence_could_stand_in_a_file_of_the_operator(language: str) -> None:
    """In the form for every number."""
    texts = LANGUAGES[language]
    faults = [(key, list(faults_of(key, texts.text(key, number)))) for key in SENTENCES for number in NUMBERS]
    assert [(key, found) for key, found in faults if found] == []


def test_no_two_languages_have_the_same_sentence() -> None:
    """A forgotten translation."""
    for key in SENTENCES:
        if not key.startswith(f"{METRIC}:"):
            assert len({texts.text(key) for texts in LANGUAGES.values()}) == len(LANGUAGES), key


def test_the_sentences_have_no_words_of_the_program() -> None:
    english = [LANGUAGES["en"].text(key, number) for key in SENTENCES for number in NUMBERS]
    assert [text for text in english if PROGRAM_WORDS.search(text)] == []


def test_the_default_language_is_shipped() -> None:
    assert AnswersSection().language in LANGUAGES
