"""What happened to a drop at a count, and its detection delay."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from monitor.evaluation.drop_changes import detection_delay, has_recovered, was_confirmed
from monitor.guarantee.verdicts import Verdict
from monitor.model.drop import DropState
from tests.builders import HOUR, NOW, a_claim, a_drop


def a_verdict(state: DropState | None = None, **drop: Any) -> Verdict:
    """Give the verdict of a count at NOW."""
    found = None if state is None else a_drop("1", state, **drop)
    return Verdict("1", NOW, claim=a_claim("1"), drop=found)


@pytest.mark.parametrize(
    ("verdict", "confirmed", "recovered"),
    [
        (a_verdict(), False, False),
        (a_verdict(DropState.SUSPECTED, opened_at=NOW), False, False),
        (a_verdict(DropState.WAITING, confirmed_at=NOW), True, False),
        (a_verdict(DropState.REFILLED, confirmed_at=NOW, closed_at=NOW), True, False),
        (a_verdict(DropState.WAITING, confirmed_at=NOW - HOUR), False, False),
        (a_verdict(DropState.RECOVERED, closed_at=NOW), False, True),
        (a_verdict(DropState.RECOVERED, confirmed_at=NOW - HOUR, closed_at=NOW), False, True),
    ],
)
def test_a_drop_is_confirmed_and_recovers_at_one_count(
    verdict: Verdict, confirmed: bool, recovered: bool
) -> None:
    """The counts after it change nothing."""
    assert (was_confirmed(verdict), has_recovered(verdict)) == (confirmed, recovered)


@pytest.mark.parametrize(
    ("verdict", "counted_before", "delay"),
    [
        (a_verdict(DropState.SUSPECTED, opened_at=NOW), NOW - 3 * HOUR, 3 * HOUR),
        (a_verdict(DropState.REFILLED, opened_at=NOW, confirmed_at=NOW), NOW - HOUR, HOUR),
        (a_verdict(DropState.SUSPECTED, opened_at=NOW), None, None),
        (a_verdict(DropState.SUSPECTED, opened_at=NOW, backlog=True), NOW - HOUR, None),
        (a_verdict(DropState.SUSPECTED, opened_at=NOW - HOUR), NOW - HOUR, None),
        (a_verdict(), NOW - HOUR, None),
    ],
)
def test_the_detection_delay_is_the_time_since_the_count_before(
    verdict: Verdict, counted_before: datetime | None, delay: timedelta | None
) -> None:
    """Only a drop that opens has one, and an old drop of a backlog has none."""
    assert detection_delay(verdict, counted_before) == delay


def test_the_first_judged_count_of_an_order_has_no_detection_delay() -> None:
    """The count before it may be older than the delivery."""
    drop = a_drop("1", DropState.SUSPECTED, opened_at=NOW)
    verdict = Verdict("1", NOW, claim=a_claim("1"), drop=drop, first_settled=True)
    assert detection_delay(verdict, NOW - HOUR) is None
