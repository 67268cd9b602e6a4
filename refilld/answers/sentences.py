"""The sentences that exist, each with the placeholders that its text may use."""

from collections.abc import Mapping

from monitor.model.decision import Reason
from monitor.model.target import Metric

_ORDER = frozenset({"order_id", "link", "metric", "delivered", "threshold", "status"})
_COUNT = _ORDER | {"count", "counted_at", "line", "missing"}
_SINCE = _ORDER | {"since"}
STALE = "stale"
"""The sentence that follows an answer from an older count when there is no newer one."""
METRIC = "metric"
"""Prefix of the words for the metrics, which `{metric}` stands for."""

PLACEHOLDERS: Mapping[str, frozenset[str]] = {
    "refill": _ORDER | {"quantity"},
    "no_drop": _COUNT,
    "no_drop:refilled": _COUNT,
    "no_drop:other_order": _COUNT,
    "below_threshold": _COUNT,
    "not_settled": _ORDER | {"settles_at"},
    "window_expired": _ORDER | {"ends_at"},
    "void:dispute": _ORDER,
    "void:chargeback": _ORDER,
    "void:abuse": _ORDER,
    "void:guideline_violation": _ORDER,
    "suspended:hold": _ORDER,
    "profile_private": _ORDER,
    "target_not_found": _SINCE,
    "target_not_found:unavailable": _SINCE,
    "counts_hidden": _ORDER,
    "not_delivered": _ORDER,
    "no_guarantee": _ORDER,
    "no_guarantee:never": _ORDER,
    "no_guarantee:nothing_delivered": _ORDER,
    "not_readable": _ORDER,
    "not_readable:unavailable": _SINCE,
    "awaiting_confirmation": _COUNT,
    Reason.REFILL_IN_PROGRESS: _COUNT,
    Reason.REFILL_LIMIT_REACHED: _COUNT | {"max_refills"},
    Reason.REFILL_ALLOWANCE_SPENT: _COUNT | {"max_percent"},
    Reason.COOLDOWN: _COUNT | {"next_refill_at"},
    Reason.BELOW_START_COUNT: _COUNT,
    f"{Reason.BELOW_START_COUNT}:refused": _COUNT,
    Reason.AWAITING_REQUEST: _COUNT,
    f"{Reason.AWAITING_REQUEST}:not_asked": _COUNT,
    Reason.BACKLOG: _COUNT,
    Reason.MASS_DROP: _COUNT,
    Reason.RESTORED: _COUNT,
    Reason.SHADOW: _COUNT,
    Reason.DAILY_CAP: _COUNT,
    Reason.DROP_CONFIRMED: _COUNT,
    Reason.RECOVERED: _COUNT,
    Reason.DECLINED: _COUNT,
    STALE: _COUNT,
    **{f"{METRIC}:{metric}": frozenset() for metric in Metric},
}
"""By word, or by word and variant (`word:variant`)."""
