"""The table of imports: when each kind of rows was last imported."""

from sqlalchemy import Column, Table, Text

from storage.column_types import Instant
from storage.metadata import metadata

imports = Table(
    "imports",
    metadata,
    Column("what", Text, primary_key=True),
    Column("last_at", Instant, nullable=False),
)
