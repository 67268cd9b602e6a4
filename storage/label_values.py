"""The values of labels of alerts that orders and targets have."""

from sqlalchemy import Connection, select

from storage.schema import orders, refills, targets

_o = orders.c
_COLUMNS = {"service": _o.service, "provider": _o.provider}
_KEYS = {"order_id": _o.order_id, "link": targets.c.link, "refill_id": refills.c.refill_id}
_MOST_DIGITS = 18
"""Of a number that fits into the column."""


def of_orders(connection: Connection, label: str) -> list[str]:
    """The services or the providers of all orders."""
    query = select(_COLUMNS[label]).distinct()
    return [value for value in connection.execute(query).scalars() if value is not None]


def exists(connection: Connection, label: str, value: str) -> bool:
    """Whether there is an order, a target or a refill of this name."""
    column = _KEYS[label]
    if label == "refill_id" and not (value.isascii() and value.isdigit() and len(value) <= _MOST_DIGITS):
        return False
    wanted = int(value) if label == "refill_id" else value
    return connection.execute(select(column).where(column == wanted).limit(1)).first() is not None
