"""Golden histories of mass drops: each calculated by hand from section 6 of docs/rules.md."""

from datetime import datetime
from pathlib import Path
from typing import Any

from tests.refilld.backtest.backtest_world import (
    HOUR,
    SETTLED,
    ReplayResult,
    look_event,
    order_event,
    order_row,
    replayed,
    settings,
    written,
)

RULE = {"min_targets": 4, "share": 50, "hold": "12h"}
"""A mass drop begins when 3 of 4 judged targets have fallen, and ends below one quarter."""
ORDERS = [order_row(str(number), f"shop{number}") for number in range(4)]


def all_see(at: datetime, *counts: int) -> list[dict[str, Any]]:
    return [look_event(at, count, f"shop{number}") for number, count in enumerate(counts)]


def falling(*events: dict[str, Any]) -> list[dict[str, Any]]:
    """Three of four targets fall to 1700, and are looked at again two hours later."""
    return [
        *all_see(SETTLED, 1700, 1700, 1700, 2000),
        *all_see(SETTLED + 2 * HOUR, 1700, 1700, 1700, 2000),
        *events,
    ]


def played(folder: Path, *events: dict[str, Any], **rule: object) -> ReplayResult:
    return replayed(folder, ORDERS, falling(*events), settings(mass_drop=RULE | rule))


HELD = ("hold", "mass_drop", 300)
AFTER = SETTLED + 14 * HOUR
"""The time when the holds of the refills are over."""


def test_during_a_mass_drop_confirmed_drops_are_held(tmp_path: Path) -> None:
    """At the fourth look 3 of 4 have fallen; two hours later each of the three is confirmed, and held."""
    out = played(tmp_path)
    assert out.actions == [HELD] * 3
    assert out.summary is not None
    assert (out.summary.refills, out.summary.held, out.summary.units_held) == (0, 3, 900)


def test_with_mass_drops_disabled_they_are_refilled(tmp_path: Path) -> None:
    assert played(tmp_path, enabled=False).actions == [("refill", "drop_confirmed", 300)] * 3


def test_with_too_few_targets_they_are_refilled(tmp_path: Path) -> None:
    assert played(tmp_path, min_targets=5).actions == [("refill", "drop_confirmed", 300)] * 3


def test_looks_older_than_the_window_do_not_count(tmp_path: Path) -> None:
    """With a window of an hour the openings no longer count at the second looks; the fourth one ends it."""
    third = [look_event(SETTLED + 3 * HOUR, 1700, "shop0")]
    out = played(tmp_path, *third, window="90m", hold="1m")
    assert out.actions == [("refill", "drop_confirmed", 300)] * 3  # older than its hold, any look ends it
    assert played(tmp_path, window="1h").actions == [HELD] * 3  # younger, it takes four judged targets


def test_a_look_on_the_fast_path_can_begin_a_mass_drop(tmp_path: Path) -> None:
    """The unchanged fourth target makes four judged ones; without it there are three, and nothing is held."""
    assert (
        replayed(
            tmp_path, ORDERS, [e for e in falling() if "shop3" not in e["link"]], settings(mass_drop=RULE)
        ).actions
        == [("refill", "drop_confirmed", 300)] * 3
    )
    # An earlier look, so that its next looks take the fast path.
    known = [look_event(SETTLED - HOUR, 2000, "shop3")]
    out = replayed(tmp_path, ORDERS, known + falling(), settings(mass_drop=RULE))
    assert out.actions == [HELD] * 3


def test_a_held_refill_is_released_with_what_is_still_missing(tmp_path: Path) -> None:
    """When the hold is over, 100 of the 300 are still missing; before that nothing is decided."""
    before, after = all_see(AFTER - HOUR, 1900), all_see(AFTER, 1900)
    out = played(tmp_path, *before, *after)
    assert out.decisions[3:] == [(written(AFTER), "0", "refill", "drop_confirmed", 100)]
    assert out.summary is not None
    assert (out.summary.refills, out.summary.units_owed, out.summary.held) == (1, 100, 2)


def test_no_more_is_released_than_was_held(tmp_path: Path) -> None:
    assert played(tmp_path, *all_see(AFTER, 1600)).actions[3:] == [("refill", "drop_confirmed", 300)]


def test_a_recovered_drop_is_discarded(tmp_path: Path) -> None:
    out = played(tmp_path, *all_see(AFTER, 1990))
    assert out.actions[3:] == [("refuse", "recovered", 0)]
    assert out.summary is not None
    assert out.summary.held == 2


def test_a_drop_below_the_start_count_stays_held_for_the_operator(tmp_path: Path) -> None:
    """At 900 the count is below the start count: an operator has to decide, and is asked once."""
    out = played(tmp_path, *all_see(AFTER, 900), *all_see(AFTER + 3 * HOUR, 900))
    assert out.actions[3] == ("hold", "below_start_count", 300)
    assert [action for action in out.actions[4:] if action[0] == "hold"] == []


def test_a_release_that_the_terms_refuse_leaves_the_drop_refused_until_it_recovers(tmp_path: Path) -> None:
    """At 900 and below_start = refuse the refill is discarded, and the drop is not decided again."""
    terms = {"default": {"below_start": "refuse"}}
    late = [*all_see(AFTER, 900), *all_see(AFTER + 3 * HOUR, 1700), *all_see(AFTER + 6 * HOUR, 1700)]
    again = [
        *all_see(AFTER + 7 * HOUR, 2000),
        *all_see(AFTER + 8 * HOUR, 1700),
        *all_see(AFTER + 10 * HOUR, 1700),
    ]
    out = replayed(tmp_path, ORDERS, falling(*late, *again), settings(mass_drop=RULE, terms=terms))
    assert out.actions[3:] == [("refuse", "below_start_count", 0), ("refill", "drop_confirmed", 300)]


def test_a_completion_of_a_held_refill_counts_as_its_release(tmp_path: Path) -> None:
    out = played(tmp_path, order_event(SETTLED + 5 * HOUR, "refill_completed", "0"))
    assert out.summary is not None
    assert (out.summary.refills, out.summary.units_owed, out.summary.held) == (1, 300, 2)
