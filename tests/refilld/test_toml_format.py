"""TOML that can be pasted."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refilld.toml_format import toml_string

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


@given(TEXTS)
def test_any_text_is_a_key_and_a_value(text: str) -> None:
    """A name of a service is free text; only lone surrogates are impossible in TOML."""
    string = toml_string(text)
    assert tomllib.loads(f"[services.{string}]\nname = {string}\n") == {"services": {text: {"name": text}}}
    assert string.isprintable()


@pytest.mark.parametrize("text", ["Followers ♻️ R30 | 👑 Premium", "Größe 365 Días", "30天 ♻", "R&B | 'x' #1"])
def test_characters_that_can_be_printed_are_written_themselves(text: str) -> None:
    """Emoji and letters of any script."""
    assert toml_string(text) == f'"{text}"'
