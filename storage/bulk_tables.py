"""The tables of actions on many rows: what was previewed, and what became of each row."""

from sqlalchemy import Boolean, Column, ForeignKey, Index, Table, Text, UniqueConstraint, false

from monitor.model.bulk_action import BulkAction, BulkState, ItemResult
from storage.column_types import EnumText, Instant
from storage.metadata import Key, metadata, one_of, partial

bulk_actions = Table(
    "bulk_actions",
    metadata,
    Column("bulk_action_id", Key, primary_key=True),
    Column("verb", EnumText(BulkAction), nullable=False),
    Column("arguments", Text, nullable=False),
    Column("filter", Text, nullable=False),
    Column("more", Boolean, nullable=False, server_default=false()),
    Column("actor", Text, nullable=False),
    Column("request_id", Text),
    Column("state", EnumText(BulkState), nullable=False),
    Column("previewed_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("confirmed_at", Instant),
    Column("finished_at", Instant),
    Column("preview", Text, nullable=False, server_default=""),
    Column("list_path", Text, nullable=False, server_default=""),
    one_of("verb", BulkAction),
    one_of("state", BulkState),
    partial("ix_bulk_actions_running", "bulk_action_id", where="state = 'running'"),
    partial("ix_bulk_actions_previewed", "expires_at", where="state = 'previewed'"),
)

bulk_items = Table(
    "bulk_items",
    metadata,
    Column("item_id", Key, primary_key=True),
    Column(
        "bulk_action_id",
        ForeignKey("bulk_actions.bulk_action_id", name="fk_bulk_items_bulk_action_id", ondelete="CASCADE"),
        nullable=False,
    ),
    Column("subject", Text, nullable=False),
    Column("expected", Text, nullable=False),
    Column("result", EnumText(ItemResult)),
    Column("outcome_detail", Text, nullable=False, server_default=""),
    one_of("result", ItemResult),
    UniqueConstraint("bulk_action_id", "subject", name="uq_bulk_items_bulk_action_id_subject"),
    Index("ix_bulk_items_result", "bulk_action_id", "result", "item_id"),
)
