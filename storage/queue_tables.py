"""The table of the paused parts of the queue."""

from sqlalchemy import CheckConstraint, Column, Table, Text

from monitor.model.queue_part import PartKind
from storage.column_types import EnumText, Instant
from storage.metadata import metadata, one_of

queue_pauses = Table(
    "queue_pauses",
    metadata,
    Column("part", EnumText(PartKind), primary_key=True),
    Column("value", Text, primary_key=True),
    Column("paused_at", Instant, nullable=False),
    Column("paused_by", Text, nullable=False),
    Column("why", Text, nullable=False),
    one_of("part", PartKind),
    CheckConstraint("(part = 'queue') = (value = '')", name="part_has_a_value"),
)
