"""What the preview of a bulk action shows: sums of what will be done, and what is left out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pydantic import TypeAdapter

from monitor.model.sums import Item, Sum, grouped, summed
from refilld.services.left_out import LeftOut, by_reason

OutcomeRows = Sequence[tuple[str, str | None, str | None, Item]]
"""Rows of one outcome: of each its order, service, provider, and what it adds to the sums."""
MOST_REASONS, MOST_NAMES = 50, 10


@dataclass(frozen=True, slots=True)
class PreviewPart:
    """Rows that have the same outcome."""

    outcome: str
    """queued, ended (rejected, discarded or cancelled), kept_for_cap, closed, flagged, unflagged, checked or
    acknowledged; cancelled are the held and queued refills of orders that are flagged."""
    orders: int
    all: Sum
    by_service: tuple[tuple[str | None, Sum], ...]
    by_provider: tuple[tuple[str | None, Sum], ...]
    whole: int = 0
    """Refills that will be queued for all that was sold."""


@dataclass(frozen=True, slots=True)
class LeftOutGroup:
    """Rows that are left out for one reason."""

    why: str
    number: int
    names: tuple[str, ...]
    """The first of their ids."""


@dataclass(frozen=True, slots=True)
class FrozenPreview:
    """What was shown of an action before it was confirmed."""

    parts: tuple[PreviewPart, ...] = ()
    left_out: int = 0
    """Rows."""
    reasons: tuple[LeftOutGroup, ...] = ()
    """The most frequent first, and not too many of them."""

    @property
    def left_out_otherwise(self) -> int:
        """Rows left out for reasons that are not listed."""
        return self.left_out - sum(group.number for group in self.reasons)


_STORED = TypeAdapter(FrozenPreview)


def parts_of(*outcomes: tuple[str, OutcomeRows]) -> tuple[PreviewPart, ...]:
    """Add up the rows of each outcome; one that no row has is left out."""
    return tuple(_part(outcome, rows) for outcome, rows in outcomes if rows)


def _part(outcome: str, rows: OutcomeRows) -> PreviewPart:
    return PreviewPart(
        outcome,
        len({order_id for order_id, *_ in rows if order_id}),
        summed(one for *_, one in rows),
        tuple(grouped((service, one) for _, service, _, one in rows)),
        tuple(grouped((provider, one) for _, _, provider, one in rows)),
    )


def dump(parts: Iterable[PreviewPart], left_out: Sequence[LeftOut]) -> str:
    """What is shown, as text."""
    groups = by_reason(left_out)[:MOST_REASONS]
    reasons = tuple(LeftOutGroup(why, len(names), tuple(names[:MOST_NAMES])) for why, names in groups)
    return _STORED.dump_json(FrozenPreview(tuple(parts), len(left_out), reasons)).decode()


def load(text: str) -> FrozenPreview:
    """What `dump` has written; nothing for an action of an earlier release."""
    return _STORED.validate_json(text) if text else FrozenPreview()
