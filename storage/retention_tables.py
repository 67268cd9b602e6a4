"""The tables of retention: the days by which age is measured, and how far deletion has come."""

from sqlalchemy import BigInteger, Column, Table, Text

from storage.column_types import Instant
from storage.metadata import metadata

operating_days = Table(
    "operating_days",
    metadata,
    Column("day", Instant, primary_key=True, autoincrement=False),
)

retention_progress = Table(
    "retention_progress",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("last_key", BigInteger, nullable=False, server_default="0"),
    Column("thinned_until", Instant),
    Column("thinning_until", Instant),
    Column("thinning_at", Instant),
)
