"""Headings: matches the columns of an orders file to the fields of an order."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from monitor.errors import BadInputError
from refilld.order_fields import FIELDS, LEFT_OUT, NEEDED

REJECT_COLUMNS = ("line", "reason")
"""Columns that a rejects file adds; an import skips them."""
# Names in the exports of panels. A panel's charge is what the customer paid, which is the price here.
_PANEL_NAMES = {
    "id": "order_id",
    "serviceid": "service",
    "linkurl": "link",
    "orderstatus": "status",
    "user": "customer",
    "charge": "price",
    "created": "created_at",
    "datecreated": "created_at",
    "completeddate": "completed_at",
    "completiondate": "completed_at",
    "datecompleted": "completed_at",
    "deliveredat": "completed_at",
    "finishedat": "completed_at",
    "startcounter": "start_count",
}
_MOST_NAMED = 30


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of a file or row: those that are fields, and those that mean nothing."""

    fields: Mapping[str, str]
    """Field by column."""
    ignored: tuple[str, ...]


def is_reject_column(heading: str) -> bool:
    return _normalized(heading) in REJECT_COLUMNS


def recognise(heading: str) -> str | None:
    """Return the field that a heading names, or None; case, blanks, underscores and hyphens are ignored."""
    return _RECOGNISED.get(_normalized(heading))


def check_mapping(mapping: Mapping[str, str]) -> None:
    """Raise BadInputError("--map", …) for an unknown field, or for two columns mapped to one field."""
    seen: dict[str, str] = {}
    for column, field in mapping.items():
        if field not in FIELDS and field != LEFT_OUT:
            raise BadInputError("--map", f"there is no field {field!r}; there are {', '.join(FIELDS)}")
        if field in seen and field != LEFT_OUT:
            raise BadInputError(
                "--map", f"{seen[field]!r} and {column!r} are both mapped to {field}; keep one"
            )
        seen[field] = column


def match(headings: Sequence[str], mapping: Mapping[str, str]) -> Columns:
    """Match headings to fields; the mapping (field by column) takes precedence over recognised names.

    A column that is mapped to no field is left out.

    Beside a column with the service id, a column with its name is ignored. Raises BadInputError for a
    mapped column that is missing, and for two columns that name one field.
    """
    fields: dict[str, str] = {}
    for column, field in mapping.items():
        heading = find(column, headings)
        if heading in fields:
            raise BadInputError(
                "--map", f"{heading!r} is mapped to both {fields[heading]} and {field}; keep one"
            )
        fields[heading] = field
    mapped = set(fields.values()) - {LEFT_OUT}
    has_id = any(_normalized(heading) == "serviceid" for heading in headings)
    for heading in headings:
        recognised = None if has_id and _normalized(heading) == "service" else recognise(heading)
        if recognised is None or heading in fields or recognised in mapped:
            continue
        if recognised in fields.values():
            same = [
                other
                for other in headings
                if recognise(other) == recognised and fields.get(other) != LEFT_OUT
            ]
            raise _ambiguous(recognised, same)
        fields[heading] = recognised
    ignored = tuple(
        heading for heading in headings if heading not in fields and not is_reject_column(heading)
    )
    return Columns({column: field for column, field in fields.items() if field != LEFT_OUT}, ignored)


def present(headings: Iterable[str], mapping: Mapping[str, str]) -> dict[str, str]:
    """Return the part of the mapping whose columns are present."""
    normalized = {_normalized(heading) for heading in headings}
    return {column: field for column, field in mapping.items() if _normalized(column) in normalized}


def require(columns: Columns, headings: Sequence[str]) -> None:
    """Raise BadInputError("header", …) naming all needed columns that are missing."""
    missing = [field for field in NEEDED if field not in columns.fields.values()]
    if missing:
        raise BadInputError(
            "header",
            f"the file has no column for {', '.join(missing)}; it has {_named(headings)};"
            f" say which column it is with --map COLUMN={missing[0]}",
        )


def find(column: str, headings: Sequence[str]) -> str:
    """Return the heading that a mapping names; raises BadInputError("--map", …) when there is none."""
    if column in headings:
        return column
    for heading in headings:
        if _normalized(heading) == _normalized(column):
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


def _normalized(heading: str) -> str:
    return re.sub(r"[\s_-]+", "", heading).casefold()


_RECOGNISED = {_normalized(field): field for field in FIELDS} | _PANEL_NAMES
