"""The tables of the links for buyers: the key that signs them, and what differs for single orders."""

from sqlalchemy import Column, ForeignKey, Integer, Table, Text

from storage.column_types import Instant
from storage.metadata import Key, metadata

buyer_keys = Table(
    "buyer_keys",
    metadata,
    Column("key_id", Key, primary_key=True),
    Column("secret", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
)

buyer_links = Table(
    "buyer_links",
    metadata,
    Column(
        "order_id",
        ForeignKey("orders.order_id", name="fk_buyer_links_order_id", ondelete="CASCADE"),
        primary_key=True,
    ),
    Column("revision", Integer, nullable=False, server_default="1"),
    Column("asked", Integer, nullable=False, server_default="0"),
    Column("asked_since", Instant),
)
