"""Mass drops during an evaluation: whether one is on once the looks at hand are counted (RULES 6)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from monitor.evaluation.admission import AdmittedLook
from monitor.guarantee.mass_drop import MassDropRule, Tally
from monitor.model.target import Metric


@dataclass(frozen=True, slots=True)
class MassDropState:
    """What is known of the mass drops of one metric before the looks at hand."""

    tally: Tally
    """Targets judged within the window, and those of them at which a drop opened within it."""
    since: datetime | None = None
    """When the mass drop began that is on; None when none is."""


@dataclass(frozen=True, slots=True)
class MassDropChange:
    """A mass drop that begins or ends."""

    metric: Metric
    at: datetime
    began: bool
    tally: Tally


def tally_after(before: MassDropState, judged: Sequence[AdmittedLook], since: datetime) -> Tally:
    """Count judged looks into a tally that may contain their targets already."""
    looks, fallen = before.tally.judged, before.tally.fallen
    for look in judged:
        state = look.state
        was_judged = state.judged_at is not None and state.judged_at >= since
        had_fallen = state.drop_opened_at is not None and state.drop_opened_at >= since
        looks += not was_judged
        fallen += (look.opened or had_fallen) - (was_judged and had_fallen)
    return Tally(looks, fallen)


def weigh(
    metric: Metric,
    before: MassDropState,
    judged: Sequence[AdmittedLook],
    rule: MassDropRule,
    now: datetime,
) -> tuple[bool, MassDropChange | None]:
    """Say whether a mass drop is on after these judged looks, and what that changes."""
    tally = tally_after(before, judged, now - rule.window)
    on = rule.is_on(tally, before.since, now)
    changes = on is not (before.since is not None)
    return on, MassDropChange(metric, now, on, tally) if changes else None
