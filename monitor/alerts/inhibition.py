"""Inhibition: a problem keeps the alerts back that follow from it.

| while this lasts | these are not told | of the same |
|---|---|---|
| `source.blocked` | `target.private`, `target.gone`, `target.other_account`, `target.refused` | source |
| `source.blocked` | `looks.stopped`, `looks.overdue`, `targets.unseen` | |
| `mass_drop.started` | `drop.confirmed`, `drop.held`, `drop.refused`, `drop.waiting` | metric |
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class InhibitionRule:
    """While a problem of one kind lasts, alerts of other kinds are not told."""

    problem: str
    """Kind of the problem."""
    kinds: frozenset[str]
    """Kinds of what is not told meanwhile."""
    same: str | None = None
    """The label that both must have, with the same value."""


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem that lasts."""

    key: str
    labels: Mapping[str, str]


RULES = (
    InhibitionRule(
        "source.blocked",
        frozenset({"target.private", "target.gone", "target.other_account", "target.refused"}),
        "source",
    ),
    InhibitionRule("source.blocked", frozenset({"looks.stopped", "looks.overdue", "targets.unseen"})),
    InhibitionRule(
        "mass_drop.started",
        frozenset({"drop.confirmed", "drop.held", "drop.refused", "drop.waiting"}),
        "metric",
    ),
)
INHIBITING = frozenset(rule.problem for rule in RULES)
"""Kinds of problems that keep others back."""


def inhibited_by(labels: Mapping[str, str], problems: Iterable[Problem]) -> Problem | None:
    """The problem that keeps an alert back; None if none does."""
    for problem in problems:
        if any(_applies(rule, labels, problem.labels) for rule in RULES):
            return problem
    return None


def _applies(rule: InhibitionRule, labels: Mapping[str, str], problem: Mapping[str, str]) -> bool:
    if problem.get("kind") != rule.problem or labels.get("kind") not in rule.kinds:
        return False
    if rule.same is None:
        return True
    value = labels.get(rule.same)
    return bool(value) and value == problem.get(rule.same)
