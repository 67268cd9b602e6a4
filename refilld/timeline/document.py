"""The timeline of an order as one JSON object."""

from dataclasses import asdict
from itertools import islice
from typing import Any

from refilld.answers.language_texts import LanguageTexts
from refilld.timeline.events import timeline_events
from refilld.timeline.facts import timeline_facts
from refilld.timeline.load import Timeline
from storage.refills import RefillRow

SNAPSHOTS = 10_000
"""Looks in the document, at most: a year of hourly ones, about 2 MB."""
_SECRET = ("lease_token", "done_token")


def document(timeline: Timeline, texts: LanguageTexts) -> dict[str, Any]:
    """All that is stored about an order; looks and refills newest first, the rest oldest first."""
    target = {"target_id": timeline.order.target_id}
    looks = [target | asdict(look) for look in islice(reversed(timeline.looks), SNAPSHOTS)]
    return {
        **timeline_facts(timeline, texts),
        "snapshots": looks,
        "snapshots_left_out": timeline.looks_left_out + len(timeline.looks) - len(looks),
        "drops": [asdict(row) for row in timeline.drops],
        "decisions": [asdict(row) for row in timeline.decisions],
        "refills": [
            _refill(row) | {"events": [asdict(event) for event in timeline.refill_events[row.refill_id]]}
            for row in reversed(timeline.refills)
        ],
        "requests": [asdict(row) for row in timeline.requests],
        "flags_set": [asdict(row) for row in timeline.own_flags],
        "reviews": [asdict(row) for row in timeline.reviews],
        "corrections": [asdict(row) for row in timeline.corrections],
        "events": [asdict(event) for event in timeline_events(timeline)],
    }


def _refill(row: RefillRow) -> dict[str, Any]:
    """A refill without its lease tokens, which only its consumer may have."""
    return {name: value for name, value in asdict(row).items() if name not in _SECRET}
