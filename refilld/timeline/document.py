"""The document: an order's story as one object for programs."""

from dataclasses import asdict
from itertools import islice
from typing import Any

from refilld.timeline.events import timeline_events
from refilld.timeline.facts import plain, story_facts
from refilld.timeline.load import Timeline

SNAPSHOTS = 10_000
"""Looks that are given one by one: a year of hourly ones, about 2 MB."""


def document(timeline: Timeline) -> dict[str, Any]:
    """Everything that is known of an order; looks and refills newest first, the rest oldest first."""
    target = {"target_id": timeline.order.target_id}
    looks = [target | asdict(look) for look in islice(reversed(timeline.looks), SNAPSHOTS)]
    return {
        **story_facts(timeline),
        "snapshots": looks,
        "snapshots_left_out": timeline.looks_left_out + len(timeline.looks) - len(looks),
        "drops": [plain(row) for row in timeline.drops],
        "decisions": [plain(row) for row in timeline.decisions],
        "refills": [
            plain(row) | {"events": [plain(event) for event in timeline.refill_events[row.refill_id]]}
            for row in reversed(timeline.refills)
        ],
        "requests": [plain(row) for row in timeline.requests],
        "flags_set": [plain(row) for row in timeline.flags if row.order_id == timeline.order.order_id],
        "reviews": [plain(row) for row in timeline.reviews],
        "events": [asdict(event) for event in timeline_events(timeline)],
    }
