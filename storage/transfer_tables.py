"""The table of restores and copies of the database."""

from sqlalchemy import BigInteger, Column, Table, Text

from storage.column_types import EnumText, Instant
from storage.metadata import Key, metadata, one_of
from storage.transfer_action import TransferAction

transfers = Table(
    "transfers",
    metadata,
    Column("transfer_id", Key, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("action", EnumText(TransferAction), nullable=False),
    Column("place", Text, nullable=False),
    Column("first_id", BigInteger),
    Column("hold_until", Instant),
    one_of("action", TransferAction),
)
