"""The public fields of refills, the same in HTTP answers and in the JSON of commands."""

from monitor.model.link import Link, LinkKind
from storage.leases import ClaimedRefill
from storage.refills import RefillRow

CLAIMED = (
    "refill_id", "order_id", "service", "link", "metric", "quantity", "provider", "reason",
    "attempt", "lease_token", "leased_until", "queued_at",
)  # fmt: skip
"""Fields of a claimed refill; only its consumer gets the lease token."""
SHOWN = (
    "refill_id", "order_id", "number", "drop_id", "service", "link", "metric", "quantity", "provider",
    "reason", "state", "attempt", "created_at", "queued_at", "available_at", "leased_until", "consumer",
    "completed_at", "delivered", "external_id", "last_error", "asked_for",
)  # fmt: skip
"""Fields of a refill in lists."""


def claimed(row: ClaimedRefill) -> dict[str, object]:
    """A refill for its consumer, with the lease token."""
    return _fields(row, CLAIMED)


def shown(row: RefillRow) -> dict[str, object]:
    """A refill for lists, without the lease token."""
    return _fields(row, SHOWN)


def _fields(row: RefillRow, names: tuple[str, ...]) -> dict[str, object]:
    """The named fields; the link of a renamed profile is its current one."""
    values = {name: getattr(row, name) for name in names}
    if row.username_now is not None:
        values["link"] = Link(LinkKind.PROFILE, row.username_now).url
    return values
