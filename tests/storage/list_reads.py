"""Reads of lists, and the index in whose order each is read; for the tests of query plans."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection

from monitor.model.drop import DropState
from monitor.model.order import OrderStatus
from monitor.model.refill import RefillState
from storage import (
    alert_list,
    decision_list,
    drop_list,
    event_list,
    mass_drop_sums,
    order_list,
    refill_list,
    review_list,
    webhook_log,
)
from storage.alert_list import AlertFilter
from storage.decision_list import DecisionFilter
from storage.drop_list import DropFilter
from storage.event_list import EventFilter
from storage.order_list import OrderFilter
from storage.pages import Cursor, PageRequest
from storage.refill_selection import RefillFilter
from storage.reviews import ReviewFilter, ReviewState
from storage.webhook_log import DeliveryFilter
from tests.builders import HOUR, NOW

Read = tuple[Callable[[Connection], object], str]


def read(module: Any, wanted: Any, index: str, cursor: Cursor | None = None) -> Read:
    return lambda connection: module.page(connection, wanted, PageRequest(20, cursor)), index


BEHIND = Cursor(NOW, 2000)
LISTS: dict[str, Read] = {
    "orders": read(order_list, OrderFilter(), "ix_orders_listed_at"),
    "more orders": read(order_list, OrderFilter(), "ix_orders_listed_at", Cursor(NOW, "2000")),
    "orders of a service": read(order_list, OrderFilter(service="1"), "ix_orders_service"),
    "orders of a provider": read(order_list, OrderFilter(provider="north"), "ix_orders_provider"),
    "orders of a customer": read(order_list, OrderFilter(customer="ann"), "ix_orders_customer"),
    "partial orders": read(order_list, OrderFilter(status=OrderStatus.PARTIAL), "ix_orders_status"),
    "drops": read(drop_list, DropFilter(), "ix_drops_opened_at"),
    "drops of a service": read(drop_list, DropFilter(service="1"), "ix_drops_opened_at"),
    "open drops": read(drop_list, DropFilter(open_only=True), "ix_drops_open", BEHIND),
    "refused drops": read(drop_list, DropFilter(state=DropState.REFUSED), "ix_drops_open"),
    "refilled drops": read(drop_list, DropFilter(state=DropState.REFILLED), "ix_drops_ended"),
    "old drops": read(drop_list, DropFilter(before=NOW + HOUR), "ix_drops_opened_at", BEHIND),
    "decisions": read(decision_list, DecisionFilter(), "ix_decisions_at", BEHIND),
    "refills": read(refill_list, RefillFilter(), "ix_refills_created_at", BEHIND),
    "queued refills": read(refill_list, RefillFilter(state=RefillState.QUEUED), "ix_refills_unfinished"),
    "ended refills": read(refill_list, RefillFilter(state=RefillState.REJECTED), "ix_refills_created_at"),
    "reviews": read(review_list, ReviewFilter(), "ix_reviews_opened_at", BEHIND),
    "open reviews": read(review_list, ReviewFilter(state=ReviewState.OPEN), "ix_reviews_open"),
    "the audit trail": read(event_list, EventFilter(), "ix_events_at", BEHIND),
    "the audit trail without jobs": read(
        event_list, EventFilter(jobs=False), "ix_events_not_by_a_job", BEHIND
    ),
    "what an actor did": read(event_list, EventFilter(actor="cli"), "ix_events_at"),
    "alerts": read(alert_list, AlertFilter(), "ix_events_alerts", BEHIND),
    "deliveries": read(webhook_log, DeliveryFilter(endpoint_id=2), "ix_webhook_deliveries_endpoint_id"),
}
SUMS: dict[str, tuple[Callable[[Connection], object], set[str]]] = {
    "what mass drops held": (lambda c: mass_drop_sums.of(c, [1, 2]), {"ix_refills_created_at"}),
}
