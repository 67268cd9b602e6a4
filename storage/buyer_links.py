"""Links for buyers: the key that signs them, their revisions, and how often a buyer may ask.

A link of an order without a row has revision 1.
"""

from datetime import datetime, timedelta
from secrets import token_hex

from sqlalchemy import Connection, select, update

from storage.buyer_tables import buyer_keys, buyer_links
from storage.engine import insert_into

REQUESTS = 3
"""Requests of a buyer, at most, within `PER`."""
PER = timedelta(days=1)
_KEY_ID = 1
_l = buyer_links.c


def key(connection: Connection) -> str | None:
    """The key that signs all links; None before the first link."""
    found: str | None = connection.execute(select(buyer_keys.c.secret)).scalar()
    return found


def ensure_key(connection: Connection, now: datetime) -> str:
    """The key, which is made if there is none."""
    row = {"key_id": _KEY_ID, "secret": token_hex(32), "created_at": now}
    connection.execute(insert_into(connection, buyer_keys).values(row).on_conflict_do_nothing())
    made = key(connection)
    assert made is not None  # noqa: S101  # of the row above, or of one before it
    return made


def revision(connection: Connection, order_id: str) -> int:
    """The revision of an order's link that is valid now."""
    return connection.execute(select(_l.revision).where(_l.order_id == order_id)).scalar() or 1


def revoke(connection: Connection, order_id: str) -> None:
    """Make all links of an order invalid that were made until now."""
    _ensure_row(connection, order_id)
    change = update(buyer_links).where(_l.order_id == order_id)
    connection.execute(change.values(revision=_l.revision + 1))


def may_ask(connection: Connection, order_id: str, now: datetime) -> bool:
    """Count a request of the buyer; False if there were too many already."""
    _ensure_row(connection, order_id)
    mine = update(buyer_links).where(_l.order_id == order_id)
    ended = _l.asked_since.is_(None) | ~_l.asked_since.between(now - PER, now)
    connection.execute(mine.where(ended).values(asked=0, asked_since=now))
    counted = mine.where(_l.asked < REQUESTS).values(asked=_l.asked + 1)
    return connection.execute(counted).rowcount > 0


def _ensure_row(connection: Connection, order_id: str) -> None:
    row = {"order_id": order_id}
    connection.execute(insert_into(connection, buyer_links).values(row).on_conflict_do_nothing())
