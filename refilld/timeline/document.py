"""The document: an order's story as one object for programs."""

from dataclasses import asdict
from itertools import islice
from typing import Any

from refilld.timeline.events import told
from refilld.timeline.facts import plain, story_facts
from refilld.timeline.load import Story

SNAPSHOTS = 10_000
"""Looks that are given one by one: a year of hourly ones, about 2 MB."""


def document(story: Story) -> dict[str, Any]:
    """Everything that is known of an order; looks and refills newest first, the rest oldest first."""
    target = {"target_id": story.order.target_id}
    looks = [target | asdict(look) for look in islice(reversed(story.looks), SNAPSHOTS)]
    return {
        **story_facts(story),
        "snapshots": looks,
        "snapshots_left_out": story.looks_left_out + len(story.looks) - len(looks),
        "drops": [plain(row) for row in story.drops],
        "decisions": [plain(row) for row in story.decisions],
        "refills": [
            plain(row) | {"events": [plain(event) for event in story.refill_events[row.refill_id]]}
            for row in reversed(story.refills)
        ],
        "requests": [plain(row) for row in story.requests],
        "flags_set": [plain(row) for row in story.flags if row.order_id == story.order.order_id],
        "reviews": [plain(row) for row in story.reviews],
        "events": [asdict(event) for event in told(story)],
    }
