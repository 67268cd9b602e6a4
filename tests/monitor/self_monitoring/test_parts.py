"""Conditions that sources and machines have, and the share of targets that are not seen."""

from dataclasses import replace
from datetime import timedelta

import pytest

from monitor.events.event import Payload
from monitor.events.kind import EventKind
from monitor.events.monitoring import MONITOR, MonitorProblem, TokenEnding, begun
from monitor.self_monitoring.budget_exhausted import DailyBudget
from monitor.self_monitoring.conditions import MonitorState, conditions
from monitor.self_monitoring.credentials_old import CredentialFile
from monitor.self_monitoring.limits import SelfCheckLimits
from monitor.self_monitoring.migrations_pending import Revisions
from monitor.self_monitoring.targets_unseen import OverdueTargets
from tests.builders import DAY, HOUR, INSTANT, MINUTE, NOW
from tests.event_rows import text_of

LIMITS = SelfCheckLimits(overdue_after=12 * HOUR, unseen_share=0.2, credentials_after=53 * DAY)


def found(state: MonitorState, *on: MonitorProblem) -> dict[MonitorProblem, Payload]:
    return conditions(state, LIMITS, on, NOW)


@pytest.mark.parametrize(
    ("overdue", "of", "before", "holds"),
    [
        (0, 0, False, False),
        (199, 1000, False, False),
        (200, 1000, False, True),
        (100, 1000, True, True),
        (99, 1000, True, False),
        (1, 1, False, True),
    ],
)
def test_a_share_of_unseen_targets_is_told_until_it_has_halved(
    overdue: int, of: int, *, before: bool, holds: bool
) -> None:
    problem = MonitorProblem(EventKind.TARGETS_UNSEEN, MONITOR)
    state = MonitorState(overdue=OverdueTargets(overdue, of))
    assert ([*found(state, *[problem] * before)] == [problem]) is holds


@pytest.mark.parametrize(
    ("wait", "before", "holds"),
    [(HOUR, False, True), (HOUR - INSTANT, False, False), (MINUTE, True, True)],
)
def test_a_budget_is_exhausted_while_the_next_request_is_far(
    wait: timedelta, *, before: bool, holds: bool
) -> None:
    """Requests that were spread over a day become free one by one, within minutes."""
    problem = MonitorProblem(EventKind.BUDGET_EXHAUSTED, "graph")
    state = MonitorState(spent={"graph": DailyBudget(2400, NOW + wait)})
    assert ([*found(state, *[problem] * before)] == [problem]) is holds


def test_each_source_has_a_budget_of_its_own() -> None:
    state = MonitorState(spent={name: DailyBudget(1, NOW + DAY) for name in ("a", "b")})
    assert [problem.name for problem in found(state)] == ["a", "b"]
    assert {begun(problem, payload).subject.source for problem, payload in found(state).items()} == {"a", "b"}


@pytest.mark.parametrize(
    ("apart", "words"),
    [(timedelta(minutes=42), "42 minutes ahead of"), (-3 * DAY, "3 days behind")],
)
def test_clocks_that_are_apart_are_told_with_the_direction(apart: timedelta, words: str) -> None:
    ((problem, payload),) = found(MonitorState(host="monitor-1", apart=apart)).items()
    assert text_of(begun(problem, payload)).startswith(f"the clock of monitor-1 is {words} the database")


def test_clocks_that_agree_are_not_told() -> None:
    assert found(MonitorState(host="monitor-1", apart=5 * MINUTE - INSTANT)) == {}
    assert found(MonitorState(host="monitor-1")) == {}


def test_a_database_behind_the_installed_program_is_told() -> None:
    ((problem, payload),) = found(MonitorState(revisions=Revisions("0017", "0018"))).items()
    assert "at 0017 and not at 0018" in text_of(begun(problem, payload))
    assert found(MonitorState(revisions=Revisions("0018", "0018"))) == {}
    assert found(MonitorState(revisions=Revisions("0019", "0018"))) == {}


def test_a_credential_that_was_not_renewed_is_told() -> None:
    state = MonitorState(credentials={"graph": CredentialFile("token_file", NOW - 53 * DAY)})
    ((problem, payload),) = found(state).items()
    assert text_of(begun(problem, payload)).startswith("sources.graph.token_file was last renewed on ")
    younger = CredentialFile("token_file", NOW - 53 * DAY + INSTANT)
    assert found(MonitorState(credentials={"graph": younger})) == {}


def test_a_token_is_told_from_14_days_before_its_end_on() -> None:
    token = TokenEnding(2, "fulfilment", NOW + 14 * DAY)
    ((problem, payload),) = found(MonitorState(tokens=(token,))).items()
    assert problem.name == "2"
    told = text_of(begun(problem, payload))
    assert told.startswith("token 2 (fulfilment) of the HTTP interface ends at ")
    assert "refilld token rotate 2" in told
    assert found(MonitorState(tokens=(replace(token, ends_at=NOW + 14 * DAY + INSTANT),))) == {}
    assert found(MonitorState(tokens=(replace(token, ends_at=NOW - DAY),)))
