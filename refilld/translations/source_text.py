"""Marks of English texts that the catalogue translates, where they are written before a language is known.

`pybabel extract` finds these calls by their names, so that their arguments must be plain strings.
"""

from dataclasses import dataclass
from gettext import NullTranslations

ENGLISH = NullTranslations()


@dataclass(frozen=True, slots=True)
class Label:
    """A short text with its context, which tells apart what is one word in English only."""

    context: str
    text: str

    def into(self, translation: NullTranslations) -> str:
        return translation.pgettext(self.context, self.text)


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence, in two forms if it depends on a number."""

    text: str
    """With a number, the form for one."""
    plural: str = ""
    context: str = ""
    """Tells apart what is one text in English only; only with two forms."""

    def into(self, translation: NullTranslations, number: int | None = None) -> str:
        """The sentence in a language, in the form for the number; without one, in that for many."""
        if not self.plural:
            return translation.gettext(self.text)
        number = MANY if number is None else number
        if not self.context:
            return translation.ngettext(self.text, self.plural, number)
        return translation.npgettext(self.context, self.text, self.plural, number)


MANY = 100
"""A number whose form is the usual plural in every language."""


def translatable(text: str) -> str:
    """Mark a text that stays a plain string."""
    return text


def labelled(context: str, text: str) -> Label:
    """Mark a short text."""
    return Label(context, text)


def marked(text: str) -> Sentence:
    """Mark a sentence."""
    return Sentence(text)


def marked_forms(singular: str, plural: str) -> Sentence:
    """Mark a sentence that depends on a number."""
    return Sentence(singular, plural)


def labelled_forms(context: str, singular: str, plural: str) -> Sentence:
    """Mark a part of sentences that depends on a number."""
    return Sentence(singular, plural, context)
