"""Line changes: orders whose line is another one since lines use the lowest base (RULES 3)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from monitor.model.lines import lines_of, own_lines_of
from storage import order_states
from storage.chunks import chunks
from storage.engine import Transaction

_BATCH = 500
"""Targets whose orders are loaded at a time."""


@dataclass(frozen=True, slots=True)
class LineChange:
    """The line of one active order by the rules of an earlier release, and by those of this one."""

    order_id: str
    before: int
    now: int


def line_changes(tx: Transaction, now: datetime) -> Iterator[LineChange]:
    """Yield the active orders whose lines changed, target by target."""
    for target_ids in chunks(order_states.targets_of_several_orders(tx), _BATCH):
        for states in order_states.of_targets(tx, target_ids).values():
            active = [s.order for s in states if s.active(now) and s.order.start_count is not None]
            before = own_lines_of(active)
            for order_id, line in lines_of(active).items():
                if line != before[order_id]:
                    yield LineChange(order_id, before[order_id], line)
