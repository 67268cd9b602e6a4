"""Reading the form of a panel's request."""

from dataclasses import dataclass

from flask import request

from monitor.errors import BadInputError

MOST_IDS = 100
"""Ids in one request."""


@dataclass(frozen=True, slots=True)
class Named:
    """The ids that a request names."""

    ids: tuple[str, ...]
    several: bool
    """Named as a list, even of one; the answer is then a list too."""

    @property
    def only(self) -> str:
        return self.ids[0]


def read_form() -> dict[str, str] | None:
    """The fields of the form; None without any, or with a field that comes twice."""
    fields = request.form.to_dict(flat=False)
    if not fields or any(len(values) > 1 for values in fields.values()):
        return None
    return {name: value for name, (value,) in fields.items()}


def named(fields: dict[str, str], one: str, many: str) -> Named:
    """The ids in the field `one`, or in the field `many`, where commas part them; raises BadInputError."""
    if (one in fields) == (many in fields):
        raise BadInputError(one, f"write either {one} or {many}")
    if one in fields:
        return Named((fields[one].strip(),), several=False)
    ids = tuple(part.strip() for part in fields[many].split(","))
    if len(ids) > MOST_IDS:
        raise BadInputError(many, f"must have at most {MOST_IDS} ids")
    return Named(ids, several=True)
