"""The table of idempotency keys: what requests that may be repeated were answered."""

from sqlalchemy import BigInteger, Column, Index, Table, Text

from storage.column_types import Instant
from storage.metadata import metadata

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("token_id", BigInteger, primary_key=True, autoincrement=False),
    Column("key", Text, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("answer", Text, nullable=False),
    Index("ix_idempotency_keys_at", "at"),
)
