"""The catalogues: complete, compiled, with the placeholders of their sources."""

import re
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from jinja2 import DictLoader, meta

from refilld.texts.environment import environment
from refilld.translations import catalogue
from refilld.translations.catalogue import LANGUAGES, SOURCE, translation_of

LOCALE = Path(catalogue.__file__).parent / "locale"
TRANSLATED = [language for language in LANGUAGES if language != SOURCE]
_BRACE = re.compile(r"(?<!{){(\w+)}")
_PERCENT = re.compile(r"%\((\w+)\)s")


def path_of(language: str) -> Path:
    return LOCALE / language / "LC_MESSAGES" / "refilld.po"


def read(language: str) -> Catalog:
    return read_po(path_of(language).read_bytes().splitlines(keepends=True), locale=language)


CATALOGUES = {language: read(language) for language in TRANSLATED}


def forms(text: object) -> list[str]:
    return [text] if isinstance(text, str) else [str(form) for form in text]  # type: ignore[attr-defined]


def placeholders(text: str) -> set[str]:
    """Those of a sentence, or the fields of a whole template of an alert."""
    if "{{" in text:
        return meta.find_undeclared_variables(environment(DictLoader({}), SOURCE).parse(text))
    return {*_BRACE.findall(text), *_PERCENT.findall(text)}


def fault(message: Message) -> str:
    """What is wrong with a translation; empty if nothing is."""
    sources, translations = forms(message.id), forms(message.string)
    if message.fuzzy or not all(text.strip() or not sources[0].strip(".,") for text in translations):
        return "not translated"
    known = set[str]().union(*map(placeholders, sources))
    if any(not placeholders(text) <= known for text in translations):
        return "unknown placeholder"
    return "" if placeholders(translations[-1]) == placeholders(sources[-1]) else "missing placeholder"


def test_every_language_has_a_catalogue_and_no_other_has() -> None:
    assert sorted(path.name for path in LOCALE.iterdir()) == sorted(TRANSLATED)


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_text_is_translated_with_its_placeholders(language: str) -> None:
    faults = {str(message.id): fault(message) for message in CATALOGUES[language] if message.id}
    assert {text: problem for text, problem in faults.items() if problem} == {}


@pytest.mark.parametrize("language", TRANSLATED)
def test_no_text_is_marked_as_wrong_by_the_checks_of_babel(language: str) -> None:
    assert list(CATALOGUES[language].check()) == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_the_compiled_catalogue_is_that_of_the_text(language: str) -> None:
    """Else `make translations` was not run."""
    compiled = BytesIO()
    write_mo(compiled, CATALOGUES[language])
    assert path_of(language).with_suffix(".mo").read_bytes() == compiled.getvalue()


def test_all_languages_have_the_same_texts() -> None:
    texts = [{(message.context, message.id) for message in found} for found in CATALOGUES.values()]
    assert all(one == texts[0] for one in texts)


@pytest.mark.parametrize(
    ("source", "translation", "problem"),
    [
        ("{count} left", "{count} übrig", ""),
        ("{count} left", "", "not translated"),
        ("{count} left", "{cuont} übrig", "unknown placeholder"),
        ("{count} left", "übrig", "missing placeholder"),
        ("%(count)s left", "%(cuont)s übrig", "unknown placeholder"),
        ("{{ count | thousands }} left", "{{ cuont }} übrig", "unknown placeholder"),
        ("{{ count }} left", "übrig", "missing placeholder"),
        (("one left", "{count} left"), ("eins übrig", "{count} übrig"), ""),
        (("one left", "{count} left"), ("eins übrig", "viel übrig"), "missing placeholder"),
    ],
)
def test_a_wrong_translation_is_found(
    source: str | tuple[str, str], translation: str | tuple[str, str], problem: str
) -> None:
    assert fault(Message(source, translation)) == problem


@pytest.mark.parametrize(
    ("language", "text"), [("de-AT", "Massenverlust"), ("pt_BR", "queda em massa"), ("fr", "mass drop")]
)
def test_a_variety_of_a_language_has_its_texts_and_an_unknown_one_those_of_english(
    language: str, text: str
) -> None:
    assert translation_of(language).pgettext("reason", "mass drop") == text
