"""The fields of webhook endpoints and deliveries as interfaces show them."""

from dataclasses import asdict
from typing import Any

from storage.webhook_log import WebhookAttemptRow, WebhookDeliveryRow
from storage.webhooks import EndpointRow


def endpoint_fields(row: EndpointRow) -> dict[str, Any]:
    """The fields of an endpoint; never a secret."""
    return {
        "endpoint_id": row.endpoint_id,
        "url": row.url,
        "state": endpoint_state(row),
        "kinds": list(row.subscription.kinds),
        "services": list(row.subscription.services),
        "providers": list(row.subscription.providers),
        "metrics": list(row.subscription.metrics),
        "description": row.description,
        "created_at": row.created_at,
        "failing_since": row.failing_since,
        "paused_until": row.paused_until,
        "disabled_at": row.disabled_at,
        "disabled_reason": row.disabled_reason,
    }


def endpoint_state(row: EndpointRow) -> str:
    """disabled, failing or enabled."""
    if row.disabled_at is not None:
        return "disabled"
    return "enabled" if row.failing_since is None else "failing"


def delivery_fields(row: WebhookDeliveryRow) -> dict[str, Any]:
    """The fields of a delivery with its last attempt."""
    return asdict(row)


def attempt_fields(row: WebhookAttemptRow) -> dict[str, Any]:
    """The fields of one attempt."""
    return asdict(row)
