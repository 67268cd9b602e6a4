"""Many targets are not looked at as often as they should be."""

from dataclasses import dataclass

from monitor.events.monitoring import TargetsUnseen
from monitor.self_monitoring.limits import SelfCheckLimits


@dataclass(frozen=True, slots=True)
class OverdueTargets:
    """How many targets are overdue by `SelfCheckLimits.overdue_after`."""

    targets: int
    of: int
    """Targets that are watched."""


def targets_unseen(
    overdue: OverdueTargets | None, limits: SelfCheckLimits, *, before: bool
) -> TargetsUnseen | None:
    """The payload if too large a share is overdue; once told, until it is half of that."""
    if overdue is None or not overdue.targets:
        return None
    if overdue.targets / overdue.of < limits.unseen_share / (2 if before else 1):
        return None
    return TargetsUnseen(overdue.targets, overdue.of, limits.overdue_after)
