"""Headings: which column of an orders file is which field of an order."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from monitor.errors import BadInputError

NEEDED = ("order_id", "service", "link", "quantity", "status")
"""Every file has these; `completed_at` is needed row by row."""
FIELDS = (
    *NEEDED,
    "completed_at",
    "start_count",
    "remains",
    "metric",
    "terms",
    "owner",
    "provider",
    "customer",
    "price",
    "currency",
)
# What panels call them in their exports. A panel's charge is what the customer paid: our price.
# Beside a service's number its name says nothing new. `Created` is absent on purpose: an order is
# created long before it is completed.
_PANEL_WORDS = {
    "id": "order_id",
    "serviceid": "service",
    "linkurl": "link",
    "orderstatus": "status",
    "user": "customer",
    "charge": "price",
}
_MOST_NAMED = 30


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of a file or row: those that are fields, and those ignored."""

    fields: Mapping[str, str]
    """Field by column."""
    ignored: tuple[str, ...]


def recognise(heading: str) -> str | None:
    """Return the field that a heading names in any case, with blanks, underscores or hyphens, or None."""
    return _RECOGNISED.get(_plain(heading))


def check_mapping(mapping: Mapping[str, str]) -> None:
    """Raise BadInputError("--map", …) for a mapping to an unknown field, or of two columns to one field."""
    seen: dict[str, str] = {}
    for column, field in mapping.items():
        if field not in FIELDS:
            raise BadInputError("--map", f"there is no field {field!r}; there are {', '.join(FIELDS)}")
        if field in seen:
            raise BadInputError(
                "--map", f"{seen[field]!r} and {column!r} are both mapped to {field}; keep one"
            )
        seen[field] = column


def match(headings: Sequence[str], mapping: Mapping[str, str]) -> Columns:
    """Tell fields from other columns; the mapping (field by column) beats recognition.

    Raises BadInputError for a mapped column that is not there and for two columns that mean one field.
    """
    fields: dict[str, str] = {}
    for column, field in mapping.items():
        heading = find(column, headings)
        if heading in fields:
            raise BadInputError(
                "--map", f"{heading!r} is mapped to both {fields[heading]} and {field}; keep one"
            )
        fields[heading] = field
    mapped = set(fields.values())
    by_number = any(_plain(heading) == "serviceid" for heading in headings)
    for heading in headings:
        meant = None if by_number and _plain(heading) == "service" else recognise(heading)
        if meant is None or heading in fields or meant in mapped:
            continue
        if meant in fields.values():
            raise _ambiguous(meant, [other for other in headings if recognise(other) == meant])
        fields[heading] = meant
    return Columns(fields, tuple(heading for heading in headings if heading not in fields))


def present(headings: Iterable[str], mapping: Mapping[str, str]) -> dict[str, str]:
    """Return that part of the mapping whose columns are there."""
    plain = {_plain(heading) for heading in headings}
    return {column: field for column, field in mapping.items() if _plain(column) in plain}


def require(columns: Columns, headings: Sequence[str]) -> None:
    """Raise one BadInputError("header", …) that names every needed column the file lacks."""
    missing = [field for field in NEEDED if field not in columns.fields.values()]
    if missing:
        raise BadInputError(
            "header",
            f"the file has no column for {', '.join(missing)}; it has {_named(headings)};"
            f" say which column it is with --map COLUMN={missing[0]}",
        )


def find(column: str, headings: Sequence[str]) -> str:
    """Return the heading that a mapping means; raises BadInputError("--map", …) when there is none."""
    if column in headings:
        return column
    for heading in headings:
        if _plain(heading) == _plain(column):
            return heading
    raise BadInputError("--map", f"the file has no column {column!r}; it has {_named(headings)}")


def _ambiguous(field: str, headings: Sequence[str]) -> BadInputError:
    return BadInputError(
        field,
        f"the columns {_named(headings)} both mean {field};"
        f" say which one with --map {f'{headings[0]}={field}'!r}",
    )


def _named(headings: Sequence[str]) -> str:
    names = [repr(heading[:60]) for heading in headings[:_MOST_NAMED]]
    return ", ".join(names) + (", …" if len(headings) > _MOST_NAMED else "")


def _plain(heading: str) -> str:
    return re.sub(r"[\s_-]+", "", heading).casefold()


_RECOGNISED = {_plain(field): field for field in FIELDS} | _PANEL_WORDS
