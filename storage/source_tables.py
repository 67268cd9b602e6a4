"""The tables of the eyes: what is remembered of each source, and what the cadence has learned."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Float,
    Index,
    Integer,
    SmallInteger,
    Table,
    Text,
    false,
)

from monitor.model.target import Metric
from storage.column_types import Instant, Word
from storage.metadata import Key, metadata, one_of

source_state = Table(
    "source_state",
    metadata,
    Column("source", Text, primary_key=True),
    Column("paused_until", Instant),
    Column("stopped", Boolean, nullable=False),
    Column("reason", Text, nullable=False),
    Column("refusals", Integer, nullable=False),
    Column("level", Integer, nullable=False),
    Column("refused_at", Instant),
    Column("doubts", Integer, nullable=False),
    Column("doubted", Text, nullable=False),
    Column("faulted", Text, nullable=False),
    Column("used_percent", Integer),
    Column("used_at", Instant),
    Column("wait_until", Instant),
    Column("proving", Boolean, nullable=False, server_default=false()),
)

source_requests = Table(
    "source_requests",
    metadata,
    Column("request_id", Key, primary_key=True),
    Column("source", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("purpose", Text, nullable=False, server_default="look"),
    Column("looks", Integer, nullable=False, server_default="0"),
    Index("ix_source_requests_source_at", "source", "at"),
)

source_reads = Table(
    "source_reads",
    metadata,
    Column("source", Text, primary_key=True),
    Column("metric", Word(Metric), primary_key=True),
    Column("last_count_at", Instant, nullable=False),
    one_of("metric", Metric),
)

hazard_cells = Table(
    "hazard_cells",
    metadata,
    Column("service", Text, primary_key=True),
    Column("age", SmallInteger, primary_key=True, autoincrement=False),
    Column("margin", SmallInteger, primary_key=True, autoincrement=False),
    Column("slope", SmallInteger, primary_key=True, autoincrement=False),
    Column("span", SmallInteger, primary_key=True, autoincrement=False),
    Column("events", Float, nullable=False),
    Column("exposure", Float, nullable=False),
    CheckConstraint("events >= 0 AND exposure >= 0", name="nothing_unlearned"),
)

cadence_clocks = Table(
    "cadence_clocks",
    metadata,
    Column("source", Text, primary_key=True),
    Column("clock", Text, nullable=False),
)

going_rates = Table(
    "going_rates",
    metadata,
    Column("currency", Text, primary_key=True),
    Column("metric", Word(Metric), primary_key=True),
    Column("units", Float, nullable=False),
    Column("amount", Float, nullable=False),
    one_of("metric", Metric),
)
