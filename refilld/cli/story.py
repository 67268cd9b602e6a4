"""The whole story of one order, for people and for programs."""

from datetime import datetime
from typing import Any

from monitor.answers import claim_at
from monitor.watched import Watched
from refilld.cli.output import cell, console, print_json, print_rows
from storage import drops, orders, refills, snapshots, targets, watched
from storage.columns import AnyRow
from storage.engine import Transaction
from storage.targets import TargetRow
from storage.terms import load_terms

LOOKS = 50
_SECTIONS = {
    "snapshots": ("at", "outcome", "count", "source", "detail"),
    "drops": (
        "drop_id",
        "state",
        "opened_at",
        "confirmed_at",
        "closed_at",
        "looks",
        "count",
        "line",
        "claim",
    ),
    "decisions": ("at", "decision", "reason", "quantity", "count", "line", "claim"),
    "refills": (
        "refill_id",
        "number",
        "state",
        "quantity",
        "attempt",
        "created_at",
        "completed_at",
        "last_error",
    ),
}
_SECRET = {"lease_token", "done_token"}
_INTERNAL = {"target_id", "key", "kind"}


def print_story(tx: Transaction, order_id: str, now: datetime, *, as_json: bool) -> None:
    """Print everything that is known of an order; raises NotFoundError."""
    story = _story(tx, order_id, now)
    if as_json:
        print_json(story)
        return
    for name, value in story.items():
        if name not in _SECTIONS and value is not None:
            print_fact(name, value)
    for name, columns in _SECTIONS.items():
        console().print(f"\n{name}", style="bold")
        print_rows(columns, story[name], as_json=False)


def print_fact(name: str, value: object) -> None:
    """Print one line of the story's head."""
    console().print(f"{name:>14}  {cell(value)}", markup=False)


def _story(tx: Transaction, order_id: str, now: datetime) -> dict[str, Any]:
    row = orders.get(tx, order_id)
    target = targets.get(tx, row.target_id)
    group = watched.of_target(tx, row.target_id)
    mine = next(w for w in group if w.order.order_id == order_id)
    fills = refills.listed(tx, order_id=order_id)
    return {
        **order_facts(row),
        "ends_at": mine.order.ends_at,
        "flags": sorted(mine.flags) or None,
        "next_look": target.next_due_at,
        "why": target.why,
        **_numbers(mine, group, target, now),
        "snapshots": [_plain(s) for s in snapshots.newest(tx, row.target_id, LOOKS)],
        "drops": [_plain(drop) for drop in drops.of_order(tx, order_id)],
        "decisions": [_plain(decision) for decision in drops.decisions_of(tx, order_id)],
        "refills": [
            _plain(fill) | {"events": [_plain(e) for e in refills.events_of(tx, fill.refill_id)]}
            for fill in fills
        ],
    }


def order_facts(row: AnyRow) -> dict[str, Any]:
    """An order as it was sold: what its row holds, the terms by their name."""
    facts = {name: value for name, value in _plain(row).items() if name not in _INTERNAL}
    return facts | {"terms": load_terms(row.terms).name}


def _numbers(
    mine: Watched, group: tuple[Watched, ...], target: TargetRow, now: datetime
) -> dict[str, object]:
    """Where the order stands: its line, what it claims, and the threshold of a drop."""
    claim = claim_at(mine, group, target.series.last_count, target.last_count_at)
    return {
        "count": target.series.last_count,
        "line": claim.line if claim else None,
        "floor": claim.floor if claim else None,
        "in_flight": mine.in_flight(now),
        "claim": claim.units if claim else None,
        "threshold": mine.order.terms.threshold(mine.order.delivered),
    }


def _plain(row: AnyRow) -> dict[str, Any]:
    return {name: value for name, value in row._mapping.items() if name not in _SECRET}  # noqa: SLF001
