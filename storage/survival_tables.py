"""The tables of retention curves and of what the guarantee cost: results of a job, replaced as a whole."""

from sqlalchemy import BigInteger, Column, Float, ForeignKey, Index, Integer, Table, Text, UniqueConstraint

from monitor.model.target import Metric
from storage.column_types import Amount, EnumText, Instant
from storage.metadata import Key, metadata, one_of

survival_runs = Table(
    "survival_runs",
    metadata,
    Column("run_id", Key, primary_key=True),
    Column("started_at", Instant, nullable=False),
    Column("finished_at", Instant),
    Column("completed_since", Instant, nullable=False),
    Column("cell_hours", Integer, nullable=False),
)

survival_curves = Table(
    "survival_curves",
    metadata,
    Column("curve_id", Key, primary_key=True),
    Column(
        "run_id",
        ForeignKey("survival_runs.run_id", name="fk_survival_curves_run_id", ondelete="CASCADE"),
        nullable=False,
    ),
    Column("metric", EnumText(Metric), nullable=False),
    Column("service", Text, nullable=False),
    Column("provider", Text, nullable=False),
    Column("orders", Integer, nullable=False),
    Column("units", BigInteger, nullable=False),
    UniqueConstraint(
        "run_id", "metric", "service", "provider", name="uq_survival_curves_run_id_metric_service_provider"
    ),
    one_of("metric", Metric),
)

survival_points = Table(
    "survival_points",
    metadata,
    Column(
        "curve_id",
        ForeignKey("survival_curves.curve_id", name="fk_survival_points_curve_id", ondelete="CASCADE"),
        primary_key=True,
    ),
    Column("point", Integer, primary_key=True, autoincrement=False),
    Column("share", Float, nullable=False),
    Column("low", Float, nullable=False),
    Column("high", Float, nullable=False),
    sqlite_with_rowid=False,
)

guarantee_costs = Table(
    "guarantee_costs",
    metadata,
    Column("cost_id", Key, primary_key=True),
    Column(
        "run_id",
        ForeignKey("survival_runs.run_id", name="fk_guarantee_costs_run_id", ondelete="CASCADE"),
        nullable=False,
    ),
    Column("month", Instant, nullable=False),
    Column("metric", EnumText(Metric), nullable=False),
    Column("service", Text, nullable=False),
    Column("provider", Text),
    Column("currency", Text),
    Column("refills", Integer, nullable=False),
    Column("units", BigInteger, nullable=False),
    Column("price", Amount),
    Index("ix_guarantee_costs_run_id", "run_id"),
    one_of("metric", Metric),
)
