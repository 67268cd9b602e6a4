"""The shipped languages: each has every sentence, with known placeholders, without words of the program."""

import re
from pathlib import Path

import pytest

from refilld.answers import texts as shipped
from refilld.answers.sentences import PLACEHOLDERS
from refilld.answers.texts import shipped_texts
from refilld.answers.texts_file import read_texts
from refilld.settings.settings import AnswersSection

FILES = sorted((Path(shipped.__file__).parent / "languages").glob("*.toml"))
LANGUAGES = shipped_texts().languages
PROGRAM_WORDS = re.compile(
    r"\b(slices?|claims?|sources?|breakers?|snapshots?|targets?|drops?|operator)\b", re.IGNORECASE
)


def placeholders(text: str) -> set[str]:
    return set(re.findall(r"{(\w+)}", text))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_shipped_file_has_one_complete_language_without_faults(path: Path) -> None:
    found = read_texts(path)
    assert found.faults == ()
    assert found.languages.keys() == {path.stem}
    assert found.languages[path.stem].keys() == PLACEHOLDERS.keys()


@pytest.mark.parametrize("language", [name for name in LANGUAGES if name != "en"])
def test_a_translation_has_the_numbers_of_the_english_sentence(language: str) -> None:
    """So that no buyer gets less than another."""
    for key, text in LANGUAGES["en"].items():
        assert placeholders(LANGUAGES[language][key]) == placeholders(text), key


def test_no_two_languages_have_the_same_sentence() -> None:
    """A forgotten translation."""
    for key in PLACEHOLDERS:
        if not key.startswith("metric:"):
            assert len({texts[key] for texts in LANGUAGES.values()}) == len(LANGUAGES), key


def test_the_sentences_have_no_words_of_the_program() -> None:
    assert [text for text in LANGUAGES["en"].values() if PROGRAM_WORDS.search(text)] == []


def test_the_default_language_is_shipped() -> None:
    assert AnswersSection().language in LANGUAGES
