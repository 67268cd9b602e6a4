"""Texts of a timeline in a language, with their values as it writes them."""

from dataclasses import dataclass
from enum import StrEnum
from gettext import NullTranslations

from refilld.translations.labels import label_of
from refilld.translations.numbers import shown_number
from refilld.translations.source_text import ENGLISH, Sentence


@dataclass(frozen=True, slots=True)
class EventWords:
    """The words of a language."""

    into: NullTranslations = ENGLISH

    def said(self, text: Sentence, **values: str | int | None) -> str:
        """A text with its values; numbers have separators."""
        shown = {name: self._shown(value) for name, value in values.items()}
        return text.into(self.into).format(**shown)

    def label(self, value: StrEnum) -> str:
        """The label of a value."""
        return label_of(value, self.into)

    def value(self, value: StrEnum) -> str:
        """The label of a value; in English the value itself, as the command line takes it."""
        return str(value) if self.into is ENGLISH else self.label(value)

    def _shown(self, value: str | int | None) -> str:
        return shown_number(f"{value:,}", self.into) if isinstance(value, int) else str(value)


PLAIN = EventWords()
"""English, as the command line writes it."""
