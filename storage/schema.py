"""The tables, with the constraints that keep the invariants."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    false,
    true,
)

from monitor.guarantee.refund_review import ReviewCause
from monitor.model.decision import Action, Reason
from monitor.model.drop import DropState
from monitor.model.link import LinkKind
from monitor.model.order import Flag, OrderStatus
from monitor.model.refill import RefillState
from monitor.model.snapshot import Outcome
from monitor.model.target import Metric
from monitor.model.target_problem import TargetProblem
from storage import (
    alert_tables,
    daemon_table,
    pipeline_tables,
    retention_tables,
    source_tables,
    transfer_tables,
    webhook_tables,
)
from storage.column_types import Amount, EnumText, Instant
from storage.metadata import Key, metadata, one_of, partial

__all__ = [
    "alert_tables",
    "daemon_table",
    "metadata",
    "pipeline_tables",
    "retention_tables",
    "source_tables",
    "transfer_tables",
    "webhook_tables",
]

OPEN_REFILL = "state IN ('held', 'queued', 'claimed')"
OPEN_DROP = "state IN ('suspected', 'waiting', 'refused')"

targets = Table(
    "targets",
    metadata,
    Column("target_id", Key, primary_key=True),
    Column("link", Text, nullable=False),
    Column("kind", EnumText(LinkKind), nullable=False),
    Column("key", Text, nullable=False),
    Column("metric", EnumText(Metric), nullable=False),
    Column("owner", Text),
    Column("next_due_at", Instant),
    Column("priority", SmallInteger, nullable=False, server_default="1"),
    Column("due_reason", Text, nullable=False, server_default=""),
    Column("last_look_at", Instant),
    Column("last_outcome", EnumText(Outcome)),
    Column("failures", Integer, nullable=False, server_default="0"),
    Column("last_count", BigInteger),
    Column("last_count_at", Instant),
    Column("count_kind", Text, nullable=False, server_default=""),
    Column("zero_seen", Boolean, nullable=False, server_default=false()),
    Column("private_since", Instant),
    Column("account", Text),
    Column("source_account", Text),
    Column("username_now", Text),
    Column("absences", Integer, nullable=False, server_default="0"),
    Column("absent_since", Instant),
    Column("gone_at", Instant),
    Column("notified_problem", EnumText(TargetProblem)),
    Column("judged_at", Instant),
    Column("drop_opened_at", Instant),
    Column("source", Text),
    Column("request_key", Text, nullable=False, server_default=""),
    Column("unseen_by", Text, nullable=False, server_default=""),
    Column("unseen_since", Instant),
    Column("series_source", Text, nullable=False, server_default=""),
    Column("count_offset", BigInteger, nullable=False, server_default="0"),
    Column("virtual_due", Float),
    Column("service_queue", Text, nullable=False, server_default=""),
    Column("not_before", Instant),
    Column("claimed_until", Instant),
    Column("coverage_ends_at", Instant),
    Column("final_look_slot", Integer),
    Column("final_look_value", Float),
    Column("cadence_state", Text, nullable=False, server_default=""),
    Column("noop_min_count", BigInteger),
    Column("noop_until", Instant),
    Column("judged_from", Instant),
    Column("judged_until", Instant),
    UniqueConstraint("link", "metric", name="uq_targets_link_metric"),
    one_of("kind", LinkKind),
    one_of("metric", Metric),
    partial("ix_targets_due", "source", "priority", "next_due_at", where="next_due_at IS NOT NULL"),
    partial("ix_targets_unrouted", "target_id", where="source IS NULL AND next_due_at IS NOT NULL"),
    partial("ix_targets_virtual", "source", "service_queue", "virtual_due", where="virtual_due IS NOT NULL"),
    partial(
        "ix_targets_final_look",
        "source",
        "final_look_slot",
        "final_look_value",
        where="final_look_slot IS NOT NULL",
    ),
    partial("ix_targets_coverage_ends", "coverage_ends_at", where="virtual_due IS NOT NULL"),
    partial("ix_targets_request_key", "source", "request_key", where="source IS NOT NULL"),
    partial("ix_targets_judged", "metric", "judged_at", "drop_opened_at", where="judged_at IS NOT NULL"),
)

backlogs = Table(
    "backlogs",
    metadata,
    Column("backlog_id", Key, primary_key=True),
    Column("begun_at", Instant, nullable=False),
    Column("finished_at", Instant),
    Column("told_at", Instant),
)

orders = Table(
    "orders",
    metadata,
    Column("order_id", Text, primary_key=True),
    Column("target_id", ForeignKey("targets.target_id", name="fk_orders_target_id"), nullable=False),
    Column("service", Text, nullable=False),
    Column("link_typed", Text, nullable=False),
    Column("quantity", BigInteger, nullable=False),
    Column("remains", BigInteger, nullable=False),
    Column("status", EnumText(OrderStatus), nullable=False),
    Column("completed_at", Instant),
    Column("start_count", BigInteger),
    Column("start_measured", Boolean, nullable=False, server_default=false()),
    Column("terms", Text, nullable=False),
    Column("provider", Text),
    Column("customer", Text),
    Column("price", Amount),
    Column("currency", Text),
    Column("imported_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("terms_from", Text, nullable=False, server_default="row"),
    Column("settled_look_at", Instant),
    Column("created_at", Instant),
    Column("base_lowered", BigInteger, nullable=False, server_default="0"),
    Column("base_at", Instant),
    Column("counted_at", Instant),
    Column("start_corrected", Boolean, nullable=False, server_default=false()),
    Column("backlog", Boolean, nullable=False, server_default=false()),
    Column("backlog_id", BigInteger),
    Column("forgotten_at", Instant),
    Column("language", Text),
    CheckConstraint("quantity > 0", name="quantity_positive"),
    CheckConstraint("remains >= 0 AND remains <= quantity", name="remains_within_quantity"),
    CheckConstraint("start_count >= 0", name="start_count_not_negative"),
    CheckConstraint(
        "(status IN ('Completed', 'Partial')) = (completed_at IS NOT NULL)", name="delivered_has_a_time"
    ),
    one_of("status", OrderStatus),
    Index("ix_orders_target_id", "target_id"),
    partial("ix_orders_backlog_id", "backlog_id", where="backlog_id IS NOT NULL"),
)

order_flags = Table(
    "order_flags",
    metadata,
    Column("order_id", ForeignKey("orders.order_id", name="fk_order_flags_order_id"), primary_key=True),
    Column("flag", EnumText(Flag), primary_key=True),
    Column("set_at", Instant, nullable=False),
    one_of("flag", Flag),
)

order_corrections = Table(
    "order_corrections",
    metadata,
    Column("correction_id", Key, primary_key=True),
    Column("order_id", ForeignKey("orders.order_id", name="fk_order_corrections_order_id"), nullable=False),
    Column("at", Instant, nullable=False),
    Column("field", Text, nullable=False),
    Column("before", BigInteger),
    Column("after", BigInteger, nullable=False),
    Index("ix_order_corrections_order_id", "order_id", "at"),
)

requests = Table(
    "requests",
    metadata,
    Column("request_id", Key, primary_key=True),
    Column("order_id", ForeignKey("orders.order_id", name="fk_requests_order_id"), nullable=False),
    Column("at", Instant, nullable=False),
    Column("answered_at", Instant),
    Column("granted", Boolean, nullable=False, server_default=true()),
    partial("ix_requests_standing", "order_id", where="answered_at IS NULL"),
    Index("ix_requests_order_id", "order_id", "at"),
)

snapshots = Table(
    "snapshots",
    metadata,
    Column("target_id", ForeignKey("targets.target_id", name="fk_snapshots_target_id"), primary_key=True),
    Column("at", Instant, primary_key=True),
    Column("outcome", EnumText(Outcome), nullable=False),
    Column("count", BigInteger),
    Column("source", Text, nullable=False),
    Column("count_kind", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("count_offset", BigInteger, nullable=False, server_default="0"),
    CheckConstraint("(outcome = 'count') = (count IS NOT NULL)", name="only_a_count_counts"),
    CheckConstraint("count >= 0", name="count_not_negative"),
    one_of("outcome", Outcome),
    sqlite_with_rowid=False,
)

drops = Table(
    "drops",
    metadata,
    Column("drop_id", Key, primary_key=True),
    Column("order_id", ForeignKey("orders.order_id", name="fk_drops_order_id"), nullable=False),
    Column("state", EnumText(DropState), nullable=False),
    Column("opened_at", Instant, nullable=False),
    Column("looks", Integer, nullable=False),
    Column("confirmed_at", Instant),
    Column("closed_at", Instant),
    Column("claim", BigInteger, nullable=False),
    Column("count", BigInteger, nullable=False),
    Column("line", BigInteger, nullable=False),
    Column("decision", EnumText(Action)),
    Column("reason", EnumText(Reason)),
    Column("backlog", Boolean, nullable=False, server_default=false()),
    one_of("state", DropState),
    partial("uq_drops_one_open_per_order", "order_id", where=OPEN_DROP, unique=True),
    Index("ix_drops_order_id", "order_id"),
)

decisions = Table(
    "decisions",
    metadata,
    Column("decision_id", Key, primary_key=True),
    Column("drop_id", ForeignKey("drops.drop_id", name="fk_decisions_drop_id"), nullable=False),
    Column("order_id", ForeignKey("orders.order_id", name="fk_decisions_order_id"), nullable=False),
    Column("at", Instant, nullable=False),
    Column("decision", EnumText(Action), nullable=False),
    Column("reason", EnumText(Reason), nullable=False),
    Column("quantity", BigInteger, nullable=False),
    Column("count", BigInteger, nullable=False),
    Column("line", BigInteger, nullable=False),
    Column("claim", BigInteger, nullable=False),
    one_of("decision", Action),
    CheckConstraint("(decision IN ('refill', 'hold')) = (quantity > 0)", name="only_refills_have_units"),
    Index("ix_decisions_order_id", "order_id", "at"),
)

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
    partial("ix_refills_queued", "available_at", "refill_id", where="state = 'queued'"),
    partial("ix_refills_leases", "leased_until", where="state = 'claimed'"),
    partial("ix_refills_held", "metric", "refill_id", where="state = 'held'"),
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
    partial("uq_reviews_one_short_delivery", "order_id", where="cause = 'short_delivery'", unique=True),
    partial("uq_reviews_one_open_per_order", "order_id", where="closed_at IS NULL", unique=True),
)

tokens = Table(
    "tokens",
    metadata,
    Column("token_id", Key, primary_key=True),
    Column("name", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("scopes", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("revoked_at", Instant),
    UniqueConstraint("digest", name="uq_tokens_digest"),
)
