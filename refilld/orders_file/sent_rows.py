"""Rows that a program sends as JSON objects: the keys are the names of fields."""

from collections.abc import Mapping

from monitor.errors import BadInputError
from refilld.order_fields import FIELDS
from refilld.orders_file.cells import shown
from refilld.orders_file.json_rows import cell_text
from refilld.orders_file.rows import RawRow, Refused


def sent_row(number: int, sent: object) -> RawRow | Refused:
    """The row of a value, whose numbers with a point are `json_rows.Fraction`."""
    if not isinstance(sent, Mapping):
        return Refused.text(number, 'is not an object; write it like {"order_id": "17", …}', "")
    cells: dict[str, str] = {}
    faults: dict[str, BadInputError] = {}
    row = RawRow(number, cells, "", faults)
    for field in FIELDS:
        try:
            cells[field] = cell_text(field, sent.get(field))
        except BadInputError as error:
            faults[field] = error
    unknown = next((key for key in sent if key not in FIELDS), None)
    if unknown is None:
        return row
    known = f"{shown(unknown)} is not known; the fields are {', '.join(FIELDS)}"
    return Refused.row(row, BadInputError(unknown[:60], known))
