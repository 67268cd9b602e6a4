"""The last import of orders, also of one that has changed nothing."""

from datetime import datetime

from sqlalchemy import Connection, select

from storage.engine import insert_into
from storage.import_table import imports

_ORDERS = "orders"
_i = imports.c
_LAST = select(_i.last_at).where(_i.what == _ORDERS)


def note_orders(connection: Connection, now: datetime) -> None:
    """Store that orders were imported."""
    row = insert_into(connection, imports).values(what=_ORDERS, last_at=now)
    connection.execute(row.on_conflict_do_update(index_elements=["what"], set_={"last_at": now}))


def orders_at(connection: Connection) -> datetime | None:
    """When orders were last imported; None if never."""
    found: datetime | None = connection.execute(_LAST).scalar()
    return found
