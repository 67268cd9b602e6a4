"""Mass drops during an evaluation: whether one is on after the evaluated looks (RULES 6)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from monitor.evaluation.admission import AdmittedLook
from monitor.guarantee.mass_drop import MassDropCounts, MassDropRule
from monitor.model.target import Metric


@dataclass(frozen=True, slots=True)
class MassDropState:
    """Mass drops of one metric before the evaluated looks."""

    counts: MassDropCounts
    """Judged and fallen targets within the window."""
    since: datetime | None = None
    """Beginning of the current mass drop; None when none is on."""


@dataclass(frozen=True, slots=True)
class MassDropChange:
    """The beginning or end of a mass drop."""

    metric: Metric
    at: datetime
    began: bool
    counts: MassDropCounts


def counts_after(before: MassDropState, judged: Sequence[AdmittedLook], since: datetime) -> MassDropCounts:
    """Return the counts after judged looks, whose targets may be counted already."""
    judged_targets, fallen = before.counts.judged, before.counts.fallen
    for look in judged:
        state = look.state
        was_judged = state.judged_at is not None and state.judged_at >= since
        had_fallen = state.drop_opened_at is not None and state.drop_opened_at >= since
        judged_targets += not was_judged
        fallen += (look.opened or had_fallen) - (was_judged and had_fallen)
    return MassDropCounts(judged_targets, fallen)


def mass_drop_after(
    metric: Metric,
    before: MassDropState,
    judged: Sequence[AdmittedLook],
    rule: MassDropRule,
    now: datetime,
) -> tuple[bool, MassDropChange | None]:
    """Return whether a mass drop is on after these judged looks, and its beginning or end."""
    counts = counts_after(before, judged, now - rule.window)
    on = rule.is_on(counts, before.since, now)
    changes = on is not (before.since is not None)
    return on, MassDropChange(metric, now, on, counts) if changes else None
