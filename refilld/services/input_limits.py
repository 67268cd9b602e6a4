"""Limits of input values, the same for every interface."""

import re
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
IDEMPOTENCY_KEY = "^[!-~]{1,255}$"
"""What names a request that may be repeated: visible ASCII characters."""
NO_CONTROL_CHARACTERS = "^[^\\u0000-\\u001f\\u007f-\\u009f]*$"
"""What `without_control_characters` accepts, as JSON Schema writes it."""
PRINTABLE = "^[^\\u0000-\\u001f\\u007f-\\u009f\\u2028\\u2029\\u202a-\\u202e\\u2066-\\u2069]*$"
"""Neither control characters nor what changes lines or the direction of writing, as JSON Schema writes it."""
_PRINTABLE = re.compile(f"(?![^\ud800-\udfff]*[\ud800-\udfff]){PRINTABLE}")


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


def is_printable(text: str) -> bool:
    """Whether the text has neither control characters nor what changes lines or the direction of writing."""
    return _PRINTABLE.fullmatch(text) is not None


def printable(text: str) -> str:
    """Return the text; ValueError when it contains a character that is not printable."""
    if not is_printable(text):
        raise ValueError("must be printable")
    return text
