"""The operator's own texts: they replace single sentences, and what is wrong with them is named."""

from pathlib import Path

import pytest

from refilld.answers.sentences import SENTENCES
from refilld.answers.texts import load_texts, shipped_texts

SHIPPED = shipped_texts().languages


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "texts.toml"


def test_a_text_of_the_operator_replaces_the_shipped_one(path: Path) -> None:
    """All others stay."""
    path.write_text('[es]\nno_drop = "Todo bien: {count}."\n')
    texts = load_texts("es", path)
    assert (texts.faults, texts.of().text("no_drop")) == ((), "Todo bien: {count}.")
    assert texts.of().text("refill") == SHIPPED["es"].text("refill")
    assert texts.of("en") == SHIPPED["en"]


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ('no_drp = "x"', "en.no_drp: unknown word; did you mean no_drop?"),
        (
            'no_drop = "{since}"',
            "en.no_drop: unknown placeholder {since}; known here: {count}, {counted_at},",
        ),
        ('no_drop = "{}"', "en.no_drop: unknown placeholder {};"),
        ('no_drop = "{count:,}"', "en.no_drop: the placeholder {count} must stand alone, without a format"),
        ('no_drop = "{count.real}"', "en.no_drop: unknown placeholder {count.real};"),
        ('no_drop = "{count"', "en.no_drop: expected '}' before end of string; a brace"),
        ('no_drop = ""', "en.no_drop: must be a text of one line"),
        ('no_drop = "a\\nb"', "en.no_drop: must be a text of one line"),
        ("no_drop = 7", "en.no_drop: must be a text of one line"),
        ('"metric:likes" = "{count}"', "en.metric:likes: unknown placeholder {count}; known here: none"),
    ],
)
def test_a_wrong_text_is_named_and_the_shipped_one_is_used(path: Path, line: str, fault: str) -> None:
    path.write_text(f'[en]\nrefill = "Good: {{quantity}}."\n{line}\n')
    texts = load_texts("en", path)
    assert [one.startswith(f"{path}: {fault}") for one in texts.faults] == [True], texts.faults
    assert texts.of().own == {"refill": "Good: {quantity}."}


@pytest.mark.parametrize("written", [b"[en\n", b'no_drop = "\xff"', b"[en]\na = 1\na = 2\n"])
def test_a_broken_file_is_named_and_the_shipped_texts_are_used(path: Path, written: bytes) -> None:
    path.write_bytes(written)
    texts = load_texts("en", path)
    assert [fault.startswith(f"{path}: ") for fault in texts.faults] == [True]
    assert texts.languages == SHIPPED


def test_a_missing_file_is_named(path: Path) -> None:
    assert load_texts("en", path).faults == (f"{path}: cannot be read: No such file or directory",)


def test_a_text_outside_of_a_language_is_named(path: Path) -> None:
    path.write_text('no_drop = "x"\n')
    expected = f"{path}: no_drop: must stand in the table of a language, such as [en]"
    assert load_texts("en", path).faults == (expected,)


def test_an_added_language_is_used_and_told_what_it_lacks(path: Path) -> None:
    """English stands in for the rest."""
    path.write_text('[fr]\nrecovered = "Tout est revenu."\n')
    texts = load_texts("fr", path)
    assert (texts.language, texts.of().text("recovered")) == ("fr", "Tout est revenu.")
    assert texts.of().text("refill") == SHIPPED["en"].text("refill")
    (fault,) = texts.faults
    assert fault.startswith(f"{path}: fr: lacks refill, no_drop, ")
    assert "recovered" not in fault


def test_every_sentence_and_placeholder_is_documented() -> None:
    page = (Path(__file__).parents[3] / "docs" / "answers.md").read_text(encoding="utf-8")
    named = {f"`{{{name}}}`" for one in SENTENCES.values() for name in one.placeholders}
    assert [one for one in {*named, *(f"`{key}`" for key in SENTENCES)} if one not in page] == []


def test_an_unknown_language_is_named_and_english_is_used() -> None:
    texts = load_texts("xx")
    assert (texts.language, texts.of()) == ("en", SHIPPED["en"])
    assert texts.faults == (
        "answers.language: there is no language 'xx'; there are: en, de, es, pt, ru, tr; en is used",
    )
