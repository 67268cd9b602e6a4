"""Limits of input values, the same for every interface."""

from datetime import timedelta
from unicodedata import category

from monitor.errors import BadInputError

LARGEST_ID = 2**63 - 1
"""The largest row id on both database engines."""
LARGEST_NUMBER = 2**53 - 1
"""The largest integer that every JSON parser reads exactly."""
LONGEST_TEXT = 1000
LONGEST_NAME = 100
YEARS = range(1970, 3000)
"""Years of a time: at the ends of the calendar it cannot be turned into UTC."""
LONGEST_RETRY = timedelta(days=30)


def without_control_characters(text: str) -> str:
    """Return the text; ValueError when it contains control characters or surrogates."""
    if any(category(character) in {"Cc", "Cs"} for character in text):
        raise ValueError("must not contain control characters")
    return text


def note_of(field: str, text: str, missing: str = "") -> str:
    """A note on one line; raises BadInputError, with `missing` as the problem when there must be one."""
    note = " ".join(text.split())
    if missing and not note:
        raise BadInputError(field, missing)
    if len(note) > LONGEST_TEXT:
        raise BadInputError(field, f"the {field} has more than {LONGEST_TEXT:,} characters")
    try:
        return without_control_characters(note)
    except ValueError as error:
        raise BadInputError(field, f"the {field} {error}") from None


def printable(text: str) -> str:
    """Return the text; ValueError when it contains a character that is not printable."""
    if not text.isprintable():
        raise ValueError("must be printable")
    return text
