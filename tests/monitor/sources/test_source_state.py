"""Source states: what holds when a breaker pauses a source and its platform asks for a wait."""

from dataclasses import replace

import pytest

from monitor.sources.breaker import Breaker
from monitor.sources.rate_limit_state import RateLimitState
from monitor.sources.source_state import SourceState, source_state
from tests.builders import HOUR, NOW

REFUSED = Breaker(reason="blocked", detail="renew the token", half_open=True)
"""The breaker of a source that was refused, without its pause."""


def paused(hours: int) -> Breaker:
    return replace(REFUSED, paused_until=NOW + hours * HOUR)


def waiting(hours: int) -> RateLimitState:
    return RateLimitState(wait_until=NOW + hours * HOUR)


@pytest.mark.parametrize(
    ("breaker", "rate_limit_state", "expected"),
    [
        (Breaker(), RateLimitState(), SourceState("ready")),
        (replace(REFUSED, half_open=False), RateLimitState(), SourceState("ready")),
        (REFUSED, RateLimitState(), SourceState("proving", None, "blocked")),
        (REFUSED, waiting(1), SourceState("waiting", NOW + HOUR, "platform", "", True)),
        (
            paused(2), RateLimitState(),
            SourceState("paused", NOW + 2 * HOUR, "blocked", "renew the token", False),
        ),
        (paused(2), waiting(1), SourceState("paused", NOW + 2 * HOUR, "blocked", "renew the token", False)),
        (paused(2), waiting(3), SourceState("paused", NOW + 3 * HOUR, "blocked", "renew the token", True)),
        (
            replace(paused(2), stopped=True), waiting(3),
            SourceState("stopped", None, "blocked", "renew the token", False),
        ),
    ],
)  # fmt: skip
def test_the_later_one_of_pause_and_wait_holds(
    breaker: Breaker, rate_limit_state: RateLimitState, expected: SourceState
) -> None:
    """With the reason and message of the refusal; a stopped source waits for the operator."""
    assert source_state(breaker, rate_limit_state, NOW) == expected


@pytest.mark.parametrize("state", ["ready", "proving", "waiting", "paused", "stopped"])
def test_only_a_ready_or_proving_source_may_look(state: str) -> None:
    assert SourceState(state).may_look == (state in {"ready", "proving"})
