"""The body of a request that sends orders: one, or a list whose rows are judged each on its own."""

from hashlib import sha256
from typing import Annotated, Any, Self

from pydantic import ConfigDict, Field, SkipValidation, ValidationError
from pydantic.config import JsonDict

from monitor.errors import BadInputError
from refilld.api.schemas import Body, OtherRow, Whole
from refilld.orders_file import RawRow, Refused
from refilld.orders_file.json_rows import Fraction
from refilld.orders_file.sent_rows import sent_row
from refilld.services.sent_orders import MOST_ROWS
from refilld.strict_json import BODY, NotJsonError, read_json

ROWS = "orders"
EXAMPLE: JsonDict = {
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
Id = str | Annotated[int, Whole]


class OrderBody(Body):
    """An order. The fields that an orders file does not need are left out if they cannot be read."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})
    order_id: Id
    """The id that the panel gave it."""
    service: Id
    """What was bought, by its id or name."""
    link: Id
    """The profile or post, in any spelling."""
    quantity: Id
    """Units that were bought."""
    status: Id
    """The status in the panel, such as Completed."""
    completed_at: Any = None
    """RFC 3339 or Unix seconds; Completed and Partial need it."""
    created_at: Any = None
    """When it was placed."""
    start_count: Any = None
    """The count of the target before the delivery."""
    remains: Any = None
    """Units that were not delivered."""
    metric: Any = None
    """What was sold: followers, likes or views."""
    terms: Any = None
    """The name of the terms of the guarantee."""
    owner: Any = None
    """The profile to which a post belongs."""
    provider: Any = None
    """Who delivers it."""
    customer: Any = None
    """Who has bought it."""
    language: Any = None
    """The language of the customer."""
    price: Any = None
    """What the customer paid."""
    currency: Any = None
    """Of the price."""


class OrderList(Body):
    """Up to 1,000 orders; one that is refused does not stop the others."""

    model_config = ConfigDict(json_schema_extra={"examples": [{ROWS: [EXAMPLE]}]})
    orders: Annotated[list[SkipValidation[OrderBody | OtherRow]], Field(min_length=1, max_length=MOST_ROWS)]
    """Each has its own result, in this order."""


class OrdersBody(Body):
    """One order, or up to 1,000 of them under `orders`, of which a wrong one refuses its row only."""

    forms = OrderBody | OrderList
    rows: tuple[Any, ...]
    """RawRow or Refused."""
    fingerprint: str
    """Of the bytes of the body."""
    malformed: bool
    """Whether it is one order that does not have the form of orders: its only row is refused."""

    @classmethod
    def read(cls, data: bytes) -> Self:
        try:
            sent = read_json(data.decode(), Fraction)
        except UnicodeDecodeError:
            raise NotJsonError("is not UTF-8") from None
        if not isinstance(sent, dict):
            raise BadInputError(BODY, f"is not an object; write an order, or a list of them under {ROWS}")
        several = ROWS in sent
        rows = _rows(sent) if several else (sent_row(1, sent),)
        fingerprint = sha256(data).hexdigest()
        return cls(rows=rows, fingerprint=fingerprint, malformed=not several and not _is_order(data))


def _is_order(data: bytes) -> bool:
    try:
        OrderBody.model_validate_json(data)
    except ValidationError:
        return False
    return True


def _rows(sent: dict[str, Any]) -> tuple[RawRow | Refused, ...]:
    other = next((key for key in sent if key != ROWS), None)
    if other is not None:
        raise BadInputError(other[:60], f"is not known beside {ROWS}")
    rows = sent[ROWS]
    if not isinstance(rows, list) or not 1 <= len(rows) <= MOST_ROWS:
        raise BadInputError(ROWS, f"must be a list of 1 to {MOST_ROWS:,} orders")
    return tuple(sent_row(number, row) for number, row in enumerate(rows, start=1))
