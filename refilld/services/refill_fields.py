"""How refills look from outside: the same fields in HTTP answers and in the command line's JSON."""

from monitor.model.link import Link, LinkKind
from storage.column_types import AnyRow

CLAIMED = (
    "refill_id", "order_id", "service", "link", "metric", "quantity", "provider", "reason",
    "attempt", "lease_token", "leased_until", "queued_at",
)  # fmt: skip
"""Fields of a refill for the consumer who has just claimed it: the only ones who see a lease token."""
SHOWN = (
    "refill_id", "order_id", "number", "drop_id", "service", "link", "metric", "quantity", "provider",
    "reason", "state", "attempt", "created_at", "queued_at", "available_at", "leased_until", "consumer",
    "completed_at", "delivered", "external_id", "last_error",
)  # fmt: skip
"""Fields of a refill in lists."""


def claimed(row: AnyRow) -> dict[str, object]:
    """A refill for its consumer, with the lease token."""
    return _facts(row, CLAIMED)


def shown(row: AnyRow) -> dict[str, object]:
    """A refill for everybody else, without anything secret."""
    return _facts(row, SHOWN)


def _facts(row: AnyRow, names: tuple[str, ...]) -> dict[str, object]:
    """The named fields; the link is the one to deliver to, which a renamed profile has changed."""
    facts = {name: getattr(row, name) for name in names}
    if row.username_now is not None:
        facts["link"] = Link(LinkKind.PROFILE, row.username_now).url
    return facts
