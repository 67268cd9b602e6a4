"""The list of drops: filtered, page by page, newest first."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select, text

from monitor.model.decision import Action, Reason
from monitor.model.drop import DropState
from monitor.model.target import Metric
from storage.drops import DropRow
from storage.pages import CappedCount, Page, PageRequest
from storage.schema import ENDED_DROP, OPEN_DROP, drops, orders, targets
from storage.sold_filter import SoldFilter, narrowed, with_orders
from storage.walks import Walk, count, read_page

_d = drops.c
_LIST = with_orders(
    select(
        drops,
        targets.c.link,
        targets.c.metric,
        orders.c.service,
        orders.c.provider,
        orders.c.customer,
        targets.c.username_now,
    ),
    _d.order_id,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DropFilter(SoldFilter):
    """Which drops are meant; a field that is None does not filter."""

    state: DropState | None = None
    open_only: bool = False
    reason: Reason | None = None
    """Of the newest decision."""
    decision: Action | None = None
    since: datetime | None = None
    """Opened at this time or later."""
    before: datetime | None = None
    """Opened earlier than that."""


@dataclass(frozen=True, slots=True)
class DropListing(DropRow):
    """A drop with its target and what its order was sold as."""

    link: str
    metric: Metric
    service: str
    provider: str | None
    customer: str | None
    username_now: str | None
    """Name of the profile if it was renamed since."""


def page(connection: Connection, wanted: DropFilter, request: PageRequest) -> Page[DropListing]:
    """One page of the drops that a filter finds."""
    return read_page(
        connection,
        _walk(connection, wanted),
        _LIST,
        request,
        lambda rows: [DropListing(*row[:-2]) for row in rows],
    )


def counted(connection: Connection, wanted: DropFilter) -> CappedCount:
    """The number of the drops that a filter finds."""
    return count(connection, _walk(connection, wanted), _LIST)


def _by_state(wanted: DropFilter) -> Walk:
    walk = Walk(drops, _d.drop_id, "ix_drops_opened_at", _d.opened_at)
    if wanted.open_only or (wanted.state is not None and wanted.state.open):
        walk = Walk(drops, _d.drop_id, "ix_drops_open", _d.opened_at, (text(f"drops.{OPEN_DROP}"),))
    elif wanted.state is not None:
        in_state = (text(f"drops.{ENDED_DROP}"), _d.state == wanted.state)
        return Walk(drops, _d.drop_id, "ix_drops_ended", _d.opened_at, in_state)
    return walk.equal((_d.state, wanted.state))


def _walk(connection: Connection, wanted: DropFilter) -> Walk:
    walk = _by_state(wanted)
    walk = walk.within(wanted.since, wanted.before)
    walk = narrowed(connection, walk, wanted, _d.order_id, "ix_drops_order_id")
    return walk.equal((_d.reason, wanted.reason), (_d.decision, wanted.decision))
