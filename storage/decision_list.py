"""The list of decisions: filtered, page by page, newest first."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from monitor.model.decision import Action, Reason
from monitor.model.target import Metric
from storage.drops import DecisionRow
from storage.pages import CappedCount, Page, PageRequest
from storage.schema import decisions, orders, targets
from storage.sold_filter import SoldFilter, narrowed, with_orders
from storage.walks import Walk, count, read_page

_c = decisions.c
_LIST = with_orders(
    select(
        decisions,
        targets.c.link,
        targets.c.metric,
        orders.c.service,
        orders.c.provider,
        orders.c.customer,
    ),
    _c.order_id,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionFilter(SoldFilter):
    """Which decisions are meant; a field that is None does not filter."""

    decision: Action | None = None
    reason: Reason | None = None
    since: datetime | None = None
    before: datetime | None = None


@dataclass(frozen=True, slots=True)
class DecisionListing(DecisionRow):
    """A decision with its target and what its order was sold as."""

    link: str
    metric: Metric
    service: str
    provider: str | None
    customer: str | None


def page(connection: Connection, wanted: DecisionFilter, request: PageRequest) -> Page[DecisionListing]:
    """One page of the decisions that a filter finds."""
    return read_page(
        connection,
        _walk(connection, wanted),
        _LIST,
        request,
        lambda rows: [DecisionListing(*row[:-2]) for row in rows],
    )


def counted(connection: Connection, wanted: DecisionFilter) -> CappedCount:
    """The number of the decisions that a filter finds."""
    return count(connection, _walk(connection, wanted), _LIST)


def _walk(connection: Connection, wanted: DecisionFilter) -> Walk:
    walk = Walk(decisions, _c.decision_id, "ix_decisions_at", _c.at).within(wanted.since, wanted.before)
    walk = narrowed(connection, walk, wanted, _c.order_id, "ix_decisions_order_id")
    return walk.equal((_c.decision, wanted.decision), (_c.reason, wanted.reason))
