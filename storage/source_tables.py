"""The tables of the sources: requests, breakers, rate limits, and statistics of the adaptive cadence."""

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
from storage.column_types import EnumText, Instant
from storage.metadata import Key, metadata, one_of

source_state = Table(
    "source_state",
    metadata,
    Column("source", Text, primary_key=True),
    Column("paused_until", Instant),
    Column("stopped", Boolean, nullable=False),
    Column("reason", Text, nullable=False),
    Column("detail", Text, nullable=False, server_default=""),
    Column("refusals", Integer, nullable=False),
    Column("level", Integer, nullable=False),
    Column("refused_at", Instant),
    Column("blocked_since", Instant),
    Column("suspected_refusals", Integer, nullable=False),
    Column("suspected_target", Text, nullable=False),
    Column("failed_targets", Text, nullable=False),
    Column("used_percent", Integer),
    Column("used_at", Instant),
    Column("wait_until", Instant),
    Column("half_open", Boolean, nullable=False, server_default=false()),
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
    Column("metric", EnumText(Metric), primary_key=True),
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
    CheckConstraint("events >= 0 AND exposure >= 0", name="counts_not_negative"),
)

virtual_times = Table(
    "virtual_times",
    metadata,
    Column("source", Text, primary_key=True),
    Column("state", Text, nullable=False),
)

unit_prices = Table(
    "unit_prices",
    metadata,
    Column("currency", Text, primary_key=True),
    Column("metric", EnumText(Metric), primary_key=True),
    Column("units", Float, nullable=False),
    Column("amount", Float, nullable=False),
    one_of("metric", Metric),
)
