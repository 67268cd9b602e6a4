"""The tables of mass drops, daily caps and refund reviews."""

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKey, Index, Integer, Table, Text

from monitor.guarantee.refund_review import ReviewCause
from monitor.model.target import Metric
from storage.column_types import Amount, EnumText, Instant
from storage.metadata import Key, metadata, one_of, partial

mass_drops = Table(
    "mass_drops",
    metadata,
    Column("mass_drop_id", Key, primary_key=True),
    Column("metric", EnumText(Metric), nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("judged", Integer, nullable=False),
    Column("fallen", Integer, nullable=False),
    Column("ended_at", Instant),
    Column("told", Integer, nullable=False, server_default="0"),
    one_of("metric", Metric),
    partial("uq_mass_drops_one_at_a_time", "metric", where="ended_at IS NULL", unique=True),
)

daily_cap_alerts = Table(
    "daily_cap_alerts",
    metadata,
    Column("day", Instant, primary_key=True),
    Column("scope_kind", Text, primary_key=True),
    Column("scope_name", Text, primary_key=True),
)

reviews = Table(
    "reviews",
    metadata,
    Column("review_id", Key, primary_key=True),
    Column("order_id", ForeignKey("orders.order_id", name="fk_reviews_order_id"), nullable=False),
    Column("cause", EnumText(ReviewCause), nullable=False),
    Column("refill_id", ForeignKey("refills.refill_id", name="fk_reviews_refill_id")),
    Column("units", BigInteger, nullable=False),
    Column("share", Amount),
    Column("currency", Text),
    Column("opened_at", Instant, nullable=False),
    Column("closed_at", Instant),
    Column("note", Text, nullable=False, server_default=""),
    one_of("cause", ReviewCause),
    CheckConstraint("units > 0", name="units_positive"),
    CheckConstraint("(cause = 'refill_given_up') = (refill_id IS NOT NULL)", name="names_its_refill"),
    Index("ix_reviews_order_id", "order_id"),
    Index("ix_reviews_opened_at", "opened_at", "review_id"),
    partial("ix_reviews_open", "opened_at", "review_id", where="closed_at IS NULL"),
    partial("uq_reviews_one_short_delivery", "order_id", where="cause = 'short_delivery'", unique=True),
    partial("uq_reviews_one_open_per_order", "order_id", where="closed_at IS NULL", unique=True),
)
