"""Rows of a shop with thousands of old rows in each table, of which a few are due."""

from collections.abc import Callable
from typing import Any

from monitor.alerts.reasons import AlertReason
from monitor.events.kind import EventKind
from monitor.events.severity import Severity, Status
from monitor.guarantee.refund_review import ReviewCause
from monitor.model.decision import Action, Reason
from monitor.model.drop import DropState
from monitor.model.link import LinkKind
from monitor.model.order import Flag, OrderStatus
from monitor.model.refill import RefillState
from monitor.model.snapshot import Outcome
from monitor.model.target import Metric
from storage.terms import dump_terms
from tests.builders import HOUR, MINUTE, NOW, an_order


def a_target(i: int) -> dict[str, Any]:
    return {
        "target_id": i, "link": f"https://www.instagram.com/user{i}/", "kind": LinkKind.PROFILE,
        "key": f"user{i}", "metric": Metric.FOLLOWERS, "priority": int(i % 10 > 0),
        "next_due_at": None if i % 3 == 0 else NOW + (i - 40) * MINUTE,
        "private_since": NOW if i % 50 == 0 else None, "gone_at": NOW if i % 50 == 1 else None,
        "source": None if i % 40 == 1 else f"source {i % 4}", "request_key": f"page {i // 4 * 4 + i % 4}",
        "virtual_due": None if i % 3 == 0 else i * 0.1, "service_queue": f"stream {i % 5}",
        "not_before": NOW + (i % 7 - 5) * HOUR, "coverage_ends_at": None if i % 2 else NOW + i * HOUR,
        "final_look_slot": i // 400 if i % 3 else None, "final_look_value": i % 13 * 1.0,
    }  # fmt: skip


def an_order_row(i: int) -> dict[str, Any]:
    return {
        "order_id": f"{i}", "target_id": (i + 1) // 2, "service": "1", "link_typed": "", "quantity": 1000,
        "remains": 0, "status": OrderStatus.COMPLETED, "completed_at": NOW, "start_count": 500,
        "terms": dump_terms(an_order().terms), "imported_at": NOW, "updated_at": NOW,
    }  # fmt: skip


def a_flag(i: int) -> dict[str, Any]:
    return {"order_id": f"{i}", "flag": list(Flag)[i % 5], "set_at": NOW}


def a_request(i: int) -> dict[str, Any]:
    return {"order_id": f"{i}", "at": NOW, "answered_at": None if i % 100 == 0 else NOW}


def a_snapshot(i: int) -> dict[str, Any]:
    return {
        "target_id": i % 4 + 1, "at": NOW + i * MINUTE, "outcome": Outcome.COUNT, "count": i,
        "source": "simulated", "count_kind": "follower_count", "detail": "",
    }  # fmt: skip


def a_drop_row(i: int) -> dict[str, Any]:
    return {
        "drop_id": i, "order_id": f"{i}", "state": DropState.WAITING if i % 20 == 0 else DropState.REFILLED,
        "opened_at": NOW, "looks": 2, "claim": 1, "count": 1, "line": 1,
    }  # fmt: skip


def a_decision_row(i: int) -> dict[str, Any]:
    return {
        "drop_id": i, "order_id": f"{i}", "at": NOW, "decision": Action.REFILL,
        "reason": Reason.DROP_CONFIRMED, "quantity": 1, "count": 1, "line": 1, "claim": 1,
    }  # fmt: skip


def a_refill_row(i: int) -> dict[str, Any]:
    """Most are completed; every tenth is queued, every twentieth is claimed."""
    state = {0: RefillState.QUEUED, 5: RefillState.CLAIMED, 10: RefillState.QUEUED}.get(
        i % 20, RefillState.COMPLETED
    )
    claimed = state is RefillState.CLAIMED
    return {
        "refill_id": i, "order_id": f"{i}", "number": 1, "drop_id": i, "metric": Metric.FOLLOWERS,
        "quantity": 1, "reason": Reason.DROP_CONFIRMED, "state": state, "created_at": NOW,
        "available_at": NOW + i * MINUTE, "lease_token": "t" if claimed else None,
        "leased_until": NOW + i * MINUTE if claimed else None,
        "completed_at": NOW if state is RefillState.COMPLETED else None,
    }  # fmt: skip


def an_event(i: int) -> dict[str, Any]:
    return {"refill_id": i, "at": NOW, "state": RefillState.QUEUED, "detail": ""}


def an_alert(i: int) -> dict[str, Any]:
    pending = i % 20 == 0
    return {
        "kind": EventKind.DROP_HELD, "version": 0, "severity": Severity.WARNING, "status": Status.OCCURRED,
        "dedup_key": f"drop.held/{i}", "order_id": str(i), "payload": "{}", "at": NOW, "actor": "",
        "alert": "pending" if pending else "sent", "routed_at": None if i % 40 == 0 else NOW,
        "dispatched": i % 50 > 0,
    }  # fmt: skip


def a_source_request(i: int) -> dict[str, Any]:
    return {"source": f"source {i % 4}", "at": NOW + i * MINUTE}


def a_clock(i: int) -> dict[str, Any]:
    return {"source": f"source {i}", "state": "{}"}


def a_delivery(i: int) -> dict[str, Any]:
    return {
        "notification_id": i, "event_id": i, "channel": f"channel {i % 4}", "state": "pending",
        "next_try_at": NOW + i * MINUTE,
    }  # fmt: skip


def a_notification(i: int) -> dict[str, Any]:
    return {
        "receiver": "default", "group_key": f"group {i}", "reason": AlertReason.NEW_ALERTS, "at": NOW,
        "alerts": 1, "shown": 1, "state": "pending" if i % 2000 == 0 else "sent",
    }  # fmt: skip


def a_told_event(i: int) -> dict[str, Any]:
    return {"notification_id": i, "event_id": i, "is_shown": True}


def a_routed_alert(i: int) -> dict[str, Any]:
    return {
        "event_id": i, "receiver": "default", "dedup_key": str(i), "reason": AlertReason.WAITING,
        "group_key": f"group {i % 200}" if i % 200 < 2 else None, "decided_at": NOW,
    }  # fmt: skip


def a_group(i: int) -> dict[str, Any]:
    return {
        "receiver": "default", "group_key": f"group {i}", "next_at": NOW + i * MINUTE if i % 2 else None,
    }  # fmt: skip


def a_problem(i: int) -> dict[str, Any]:
    kind = EventKind.SOURCE_BLOCKED if i % 1000 == 0 else EventKind.TARGET_PRIVATE
    return {"dedup_key": f"target.ready/{i}", "event_id": i, "kind": kind}


def an_endpoint_row(i: int) -> dict[str, Any]:
    return {
        "url": "https://hooks.test/", "kinds": "[]", "services": "[]", "providers": "[]", "metrics": "[]",
        "description": "", "created_at": NOW,
    }  # fmt: skip


def a_webhook_delivery(i: int) -> dict[str, Any]:
    pending = i % 20 < 4
    return {
        "endpoint_id": i % 4 + 1, "event_id": i, "state": "pending" if pending else "delivered",
        "created_at": NOW, "next_try_at": NOW + i * MINUTE if pending else None,
        "finished_at": None if pending else NOW,
    }  # fmt: skip


def a_webhook_attempt(i: int) -> dict[str, Any]:
    return {"delivery_id": i, "at": NOW, "status": 200, "error": "", "milliseconds": 1, "response": ""}


def a_review(i: int) -> dict[str, Any]:
    return {
        "order_id": str(i), "cause": ReviewCause.SHORT_DELIVERY, "units": 100, "opened_at": NOW,
        "closed_at": None if i % 20 == 0 else NOW,
    }  # fmt: skip


def queued(i: int) -> dict[str, Any]:
    return {
        "refill_id": i, "at": NOW + i * MINUTE, "service": "1", "ordered": 100, "units": 1,
    }  # fmt: skip


ROWS: dict[str, Callable[[int], dict[str, Any]]] = {
    "targets": a_target, "orders": an_order_row, "order_flags": a_flag, "requests": a_request,
    "snapshots": a_snapshot, "drops": a_drop_row, "decisions": a_decision_row, "refills": a_refill_row,
    "refill_events": an_event, "queued_units": queued, "events": an_alert,
    "source_requests": a_source_request, "reviews": a_review, "virtual_times": a_clock,
    "notifications": a_notification, "notification_events": a_told_event, "deliveries": a_delivery,
    "routed_alerts": a_routed_alert, "alert_groups": a_group, "problems": a_problem,
    "webhook_endpoints": an_endpoint_row,
    "webhook_deliveries": a_webhook_delivery, "webhook_attempts": a_webhook_attempt,
}  # fmt: skip
