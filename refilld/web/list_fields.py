"""What a list shows: its columns, and the fields of its filter."""

from dataclasses import dataclass

from refilld.translations.source_text import Label, Sentence

LONGEST_FILTER = 200


@dataclass(frozen=True, slots=True)
class ListColumn:
    """A column of a list."""

    name: str
    title: str
    numeric: bool = False


@dataclass(frozen=True, slots=True)
class FilterField:
    """A field of the filters of a list."""

    name: str
    title: str
    choices: tuple[tuple[str, str | Label | Sentence], ...] = ()
    """Values and their titles, which are marked or have a label; without them any text can be typed."""
