"""The tables of bearer tokens, and of their use."""

from sqlalchemy import BigInteger, Column, Index, Integer, Table, Text, UniqueConstraint

from storage.column_types import Instant
from storage.metadata import Key, metadata

tokens = Table(
    "tokens",
    metadata,
    Column("token_id", Key, primary_key=True),
    Column("name", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("scopes", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("revoked_at", Instant),
    Column("expires_at", Instant),
    Column("requests_per_minute", Integer),
    Column("rotated_at", Instant),
    Column("old_digest", Text),
    Column("old_expires_at", Instant),
    UniqueConstraint("digest", name="uq_tokens_digest"),
    Index("ix_tokens_old_digest", "old_digest"),
)

token_uses = Table(
    "token_uses",
    metadata,
    # no foreign key: a use that cannot be counted must fail nothing
    Column("token_id", BigInteger, primary_key=True, autoincrement=False),
    Column("used_at", Instant, nullable=False),
    Column("minute_at", Instant, nullable=False),
    Column("requests", Integer, nullable=False),
)
