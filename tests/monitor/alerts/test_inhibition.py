"""Inhibition: what follows from a problem is not told, and nothing else is kept back."""

import re

import pytest

from monitor.alerts.inhibition import INHIBITING, RULES, Problem, inhibited_by
from storage.pipeline_tables import IS_INHIBITING

BLOCKED = Problem("source.ready/graph", {"kind": "source.blocked", "source": "graph"})
MASS_DROP = Problem("mass_drop.ended/likes", {"kind": "mass_drop.started", "metric": "likes"})


@pytest.mark.parametrize(
    ("labels", "problem"),
    [
        ({"kind": "target.refused", "source": "graph"}, BLOCKED),
        ({"kind": "target.gone", "source": "graph"}, BLOCKED),
        ({"kind": "target.refused", "source": "instaloader"}, None),
        ({"kind": "target.refused"}, None),
        ({"kind": "looks.stopped"}, BLOCKED),
        ({"kind": "drop.confirmed", "metric": "likes"}, MASS_DROP),
        ({"kind": "drop.held", "metric": "likes"}, MASS_DROP),
        ({"kind": "drop.held", "metric": "followers"}, None),
        ({"kind": "source.blocked", "source": "graph"}, None),
        ({"kind": "mass_drop.grown", "metric": "likes"}, None),
        ({"kind": "disk.low"}, None),
    ],
)
def test_what_follows_from_a_problem_is_inhibited(labels: dict[str, str], problem: Problem | None) -> None:
    """Of the same source, or the same metric."""
    assert inhibited_by(labels, [BLOCKED, MASS_DROP]) == problem


def test_nothing_is_inhibited_without_a_problem() -> None:
    """The rules alone do nothing."""
    assert inhibited_by({"kind": "looks.stopped"}, []) is None


def test_no_rule_keeps_back_what_keeps_others_back() -> None:
    """Else the cause of what is not told might not be told either."""
    causes = {rule.problem for rule in RULES}
    assert not any(causes & rule.kinds for rule in RULES)


def test_the_index_has_the_problems_that_keep_others_back() -> None:
    """The condition of the index is text."""
    assert set(re.findall(r"'([^']+)'", IS_INHIBITING)) == INHIBITING
