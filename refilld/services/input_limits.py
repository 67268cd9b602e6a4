"""Limits of what people and programs may send, the same for every interface."""

from datetime import timedelta
from unicodedata import category

LARGEST_ID = 2**63 - 1
"""What a row's number can be at most, on both engines."""


LARGEST_NUMBER = 2**53 - 1
"""The largest integer that every JSON reader understands."""


LONGEST_TEXT = 1000


LONGEST_NAME = 100


LONGEST_RETRY = timedelta(days=30)


def without_control_characters(text: str) -> str:
    """Give the text back; ValueError when it has characters that a database or a terminal must not get."""
    if any(category(character) in {"Cc", "Cs"} for character in text):
        raise ValueError("must not contain control characters")
    return text


def printable(text: str) -> str:
    """Give the text back; ValueError when a character of it cannot be seen."""
    if not text.isprintable():
        raise ValueError("must be printable")
    return text
