"""What follows from an answer: the retry schedule, pauses, and the end of an endpoint."""

from datetime import timedelta

import pytest

from monitor.events.webhooks import DisabledReason
from monitor.webhooks.verdict import DELAYS, LONGEST_PAUSE, PAUSE, WebhookAnswer, verdict
from tests.builders import DAY, HOUR, MINUTE, SECOND

NONE = timedelta(0)


def answer(status: int | None, retry_after: timedelta | None = None) -> WebhookAnswer:
    return WebhookAnswer(status, "", SECOND, retry_after)


def test_the_schedule_is_that_of_the_specification() -> None:
    """The times of Standard Webhooks 1.0; the last attempt is over three days after the first one."""
    waits = [verdict(answer(500), attempts, NONE, 0).retry for attempts in range(1, 11)]
    assert waits == [
        *(5 * SECOND, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, DAY),
        None,
    ]
    assert sum(DELAYS, NONE) == timedelta(hours=75, minutes=35, seconds=5)


def test_jitter_only_makes_a_delay_longer() -> None:
    assert verdict(answer(500), 2, NONE, 0.5).retry == 5 * MINUTE * 1.05


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_any_2xx_is_a_success(status: int) -> None:
    ruling = verdict(answer(status, HOUR), 1, 9 * DAY, 0)
    assert (ruling.accepted, ruling.retry, ruling.pause, ruling.disabled) == (True, None, None, None)


@pytest.mark.parametrize("status", [None, 100, 199, 300, 301, 302, 307, 308, 400, 401, 404, 500, 503])
def test_anything_else_is_a_failure(status: int | None) -> None:
    ruling = verdict(answer(status), 1, NONE, 0)
    assert not ruling.accepted
    assert ruling.retry is not None
    assert ruling.disabled is None


@pytest.mark.parametrize("status", [429, 502, 504])
def test_an_endpoint_under_load_rests(status: int) -> None:
    ruling = verdict(answer(status), 1, NONE, 0)
    assert (ruling.pause, ruling.retry) == (PAUSE, PAUSE)


@pytest.mark.parametrize(
    ("asked", "kept"), [(NONE, SECOND), (7 * SECOND, 7 * SECOND), (2 * HOUR, LONGEST_PAUSE)]
)
def test_retry_after_is_kept_within_bounds(asked: timedelta, kept: timedelta) -> None:
    """Whatever the status is; the message itself waits at least as long as its schedule says."""
    ruling = verdict(answer(503, asked), 1, NONE, 0)
    assert (ruling.pause, ruling.retry) == (kept, max(kept, 5 * SECOND))
    assert verdict(answer(503, asked), 4, NONE, 0).retry == 2 * HOUR


def test_410_disables_at_once_and_five_days_of_failure_do() -> None:
    assert verdict(answer(410), 1, NONE, 0).disabled is DisabledReason.GONE
    assert verdict(answer(500), 1, 5 * DAY - SECOND, 0).disabled is None
    assert verdict(answer(None), 1, 5 * DAY, 0).disabled is DisabledReason.FAILING
