"""The body of a request that sends orders: one, or a list whose rows are judged each on its own."""

from hashlib import sha256
from typing import Any, Self

from pydantic import GetJsonSchemaHandler
from pydantic_core import CoreSchema

from monitor.errors import BadInputError
from monitor.model.order import OrderStatus
from monitor.model.target import Metric
from refilld.api.schemas import Body
from refilld.order_fields import FIELDS, NEEDED
from refilld.orders_file import RawRow, Refused
from refilld.orders_file.json_rows import Fraction
from refilld.orders_file.sent_rows import sent_row
from refilld.services.sent_orders import MOST_ROWS
from refilld.strict_json import NotJsonError, read_json

ROWS = "orders"
_TYPES: dict[str, Any] = {
    "order_id": {"type": ["string", "integer"]},
    "service": {"type": ["string", "integer"]},
    "link": {"type": "string"},
    "quantity": {"type": ["integer", "string"]},
    "status": {"type": "string", "description": ", ".join(OrderStatus)},
    "completed_at": {"description": "RFC 3339 or Unix seconds; needed for Completed and Partial"},
    "metric": {"description": ", ".join(Metric)},
}
EXAMPLE = {
    "order_id": "17",
    "service": "1234",
    "link": "https://www.instagram.com/nasa/",
    "quantity": 1000,
    "status": "Completed",
    "completed_at": "2026-03-01T12:00:00Z",
    "start_count": 500,
    "metric": "followers",
}
"""An order."""


class OrdersBody(Body):
    """One order, or up to 1,000 of them under `orders`, of which a wrong one refuses its row only."""

    rows: tuple[Any, ...]
    """RawRow or Refused."""
    single: bool
    fingerprint: str
    """Of the bytes of the body."""

    @classmethod
    def read(cls, data: bytes) -> Self:
        try:
            sent = read_json(data.decode(), Fraction)
        except UnicodeDecodeError:
            raise NotJsonError("is not UTF-8") from None
        if not isinstance(sent, dict):
            raise BadInputError("", "is not an object; write one order, or orders under the key orders")
        single = ROWS not in sent
        rows = (sent_row(1, sent),) if single else _rows(sent)
        return cls(rows=rows, single=single, fingerprint=sha256(data).hexdigest())

    @classmethod
    def __get_pydantic_json_schema__(
        cls, _core: CoreSchema, _handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        order = {
            "type": "object",
            "properties": {field: _TYPES.get(field, {}) for field in FIELDS},
            "required": list(NEEDED),
            "additionalProperties": False,
        }
        rows = {"type": "array", "items": {"description": "An order"}, "minItems": 1, "maxItems": MOST_ROWS}
        several = {
            "type": "object",
            "properties": {ROWS: rows},
            "required": [ROWS],
            "additionalProperties": False,
        }
        found = {"title": cls.__name__, "description": cls.__doc__, "anyOf": [order, several]}
        return found | {"examples": [EXAMPLE, {ROWS: [EXAMPLE]}]}


def _rows(sent: dict[str, Any]) -> tuple[RawRow | Refused, ...]:
    other = next((key for key in sent if key != ROWS), None)
    if other is not None:
        raise BadInputError(other[:60], f"is not known beside {ROWS}")
    rows = sent[ROWS]
    if not isinstance(rows, list) or not 1 <= len(rows) <= MOST_ROWS:
        raise BadInputError(ROWS, f"must be a list of 1 to {MOST_ROWS:,} orders")
    return tuple(sent_row(number, row) for number, row in enumerate(rows, start=1))
