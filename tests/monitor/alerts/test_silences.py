"""Silences: from their beginning to their end, or until nothing matches them for a time."""

from datetime import datetime, timedelta

import pytest

from monitor.alerts.matchers import parse_matchers
from monitor.alerts.silences import Silence, SilenceState, silenced_by
from tests.builders import DAY, HOUR, INSTANT, MINUTE, NOW


def a_silence(
    silence_id: int = 1,
    matchers: str = 'kind="drop.held"',
    ends_at: datetime = NOW + DAY,
    unmatched_for: timedelta | None = None,
    matched_at: datetime | None = None,
) -> Silence:
    parsed = parse_matchers(matchers)
    return Silence(silence_id, parsed, "ana", "known", NOW, ends_at, unmatched_for, matched_at)


@pytest.mark.parametrize(
    ("at", "state"),
    [
        (NOW - INSTANT, SilenceState.PENDING),
        (NOW, SilenceState.ACTIVE),
        (NOW + DAY - INSTANT, SilenceState.ACTIVE),
        (NOW + DAY, SilenceState.EXPIRED),
    ],
)
def test_a_silence_has_an_effect_until_its_end(at: datetime, state: SilenceState) -> None:
    """The end does not belong to it."""
    assert a_silence().state(at) is state


@pytest.mark.parametrize(
    ("matched_at", "expires_at"),
    [
        (None, NOW + HOUR),
        (NOW - DAY, NOW + HOUR),
        (NOW + MINUTE, NOW + MINUTE + HOUR),
        (NOW + DAY, NOW + DAY),
    ],
)
def test_a_silence_expires_when_nothing_matches_it_any_more(
    matched_at: datetime | None, expires_at: datetime
) -> None:
    """Counted from the last match; never after its end."""
    silence = a_silence(unmatched_for=HOUR, matched_at=matched_at)
    assert silence.expires_at == expires_at
    assert silence.state(expires_at) is SilenceState.EXPIRED


def test_the_silence_that_ends_last_is_named() -> None:
    """Of those that match and are active."""
    silences = [
        a_silence(1),
        a_silence(2, ends_at=NOW + 2 * DAY),
        a_silence(3, 'kind="disk.low"', NOW + 3 * DAY),
        a_silence(4, ends_at=NOW + 4 * DAY, unmatched_for=MINUTE),
    ]
    assert silenced_by({"kind": "drop.held"}, silences, NOW + HOUR) == silences[1]
    assert silenced_by({"kind": "drop.waiting"}, silences, NOW + HOUR) is None
