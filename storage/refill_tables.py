"""The tables of refills, of what was queued, and of the history."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    false,
)

from monitor.model.decision import Reason
from monitor.model.refill import RefillState
from monitor.model.target import Metric
from storage.column_types import Amount, EnumText, Instant
from storage.metadata import Key, metadata, one_of, partial

OPEN_REFILL = "state IN ('held', 'queued', 'claimed')"
UNFINISHED_REFILL = "state NOT IN ('completed', 'rejected', 'cancelled')"
CLAIMABLE = "state = 'queued' AND NOT hidden"

refills = Table(
    "refills",
    metadata,
    Column("refill_id", Key, primary_key=True),
    Column("order_id", ForeignKey("orders.order_id", name="fk_refills_order_id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("drop_id", ForeignKey("drops.drop_id", name="fk_refills_drop_id"), nullable=False),
    Column("metric", EnumText(Metric), nullable=False),
    Column("quantity", BigInteger, nullable=False),
    Column("reason", EnumText(Reason), nullable=False),
    Column("state", EnumText(RefillState), nullable=False),
    Column("attempt", Integer, nullable=False, server_default="0"),
    Column("created_at", Instant, nullable=False),
    Column("queued_at", Instant),
    Column("available_at", Instant, nullable=False),
    Column("lease_token", Text),
    Column("leased_until", Instant),
    Column("consumer", Text),
    Column("completed_at", Instant),
    Column("delivered", BigInteger),
    Column("external_id", Text),
    Column("last_error", Text),
    Column("done_token", Text),
    Column("done_action", Text),
    Column("done_state", EnumText(RefillState)),
    Column("release_at", Instant),
    Column("claim_service", Text, nullable=False, server_default=""),
    Column("claim_provider", Text, nullable=False, server_default=""),
    Column("claim_rank", SmallInteger, nullable=False, server_default="1"),
    Column("hidden", Boolean, nullable=False, server_default=false()),
    UniqueConstraint("order_id", "number", name="uq_refills_order_id_number"),
    partial("uq_refills_one_open_per_order", "order_id", where=OPEN_REFILL, unique=True),
    one_of("state", RefillState),
    CheckConstraint("quantity > 0", name="quantity_positive"),
    CheckConstraint("delivered >= 0", name="delivered_not_negative"),
    CheckConstraint(
        "(state = 'claimed') = (lease_token IS NOT NULL AND leased_until IS NOT NULL)",
        name="claimed_has_a_lease",
    ),
    CheckConstraint("(state = 'completed') = (completed_at IS NOT NULL)", name="completed_has_a_time"),
    partial("ix_refills_queued", "claim_rank", "available_at", "refill_id", where=CLAIMABLE),
    partial(
        "ix_refills_queued_part",
        *("metric", "claim_service", "claim_provider", "claim_rank", "available_at", "refill_id"),
        where=CLAIMABLE,
    ),
    partial("ix_refills_leases", "leased_until", where="state = 'claimed'"),
    partial("ix_refills_held", "metric", "refill_id", where="state = 'held'"),
    Index("ix_refills_created_at", "created_at", "refill_id"),
    partial("ix_refills_unfinished", "state", "created_at", "refill_id", where=UNFINISHED_REFILL),
    partial(
        "ix_refills_external_id",
        "external_id",
        where="external_id IS NOT NULL",
        postgresql_ops={"external_id": "text_pattern_ops"},
    ),
)

queued_units = Table(
    "queued_units",
    metadata,
    Column(
        "refill_id",
        BigInteger,
        ForeignKey("refills.refill_id", name="fk_queued_units_refill_id"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("at", Instant, nullable=False),
    Column("service", Text, nullable=False),
    Column("provider", Text),
    Column("price", Amount),
    Column("currency", Text),
    Column("ordered", BigInteger, nullable=False),
    Column("units", BigInteger, nullable=False),
    Index("ix_queued_units_at", "at"),
)

refill_events = Table(
    "refill_events",
    metadata,
    Column("event_id", Key, primary_key=True),
    Column("refill_id", ForeignKey("refills.refill_id", name="fk_refill_events_refill_id"), nullable=False),
    Column("at", Instant, nullable=False),
    Column("state", EnumText(RefillState), nullable=False),
    Column("detail", Text, nullable=False),
    one_of("state", RefillState),
    Index("ix_refill_events_refill_id", "refill_id"),
)
