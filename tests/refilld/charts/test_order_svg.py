"""The chart of an order: what it shows, and that it stays small, fast and readable."""

import json
import re
import time
from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refilld.charts.levels import Levels
from refilld.charts.order_chart import BandKind, ChartBand, ChartMark, LevelStep, MarkKind, within
from refilld.charts.order_svg import BOTTOM, TOP, order_svg
from refilld.charts.words import BUYER, ChartWords
from tests.builders import DAY, START
from tests.refilld.charts.chart_values import (
    LEVELS,
    STEP,
    a_chart,
    a_full_chart,
    described,
    parsed,
    paths,
    texts,
)

JUDGED = [LevelStep(START, LEVELS)]


def numbers(path: str) -> list[int]:
    return [int(number) for number in re.findall(r"-?\d+", path)]


def heights(path: str) -> set[int]:
    """The places of a step line, in pixels from the top."""
    found = re.findall(r"M\d+ (-?\d+)|V(-?\d+)", path)
    return {int(moved or risen) for moved, risen in found}


def test_a_chart_is_one_image_with_a_title_and_a_description() -> None:
    """For those who do not see it."""
    svg = order_svg(a_chart(2000, 1990, 1700, levels=JUDGED, delivered=1000, owed=300, failed=[START]))
    root = parsed(svg)
    assert (root.get("role"), root[0].text) == ("img", "Order 1")
    assert described(svg) == (
        "Counts: 3, from 2,000 to 1,700; lowest 1,700, highest 2,000. "
        "line 2,000, a drop opens 1,950, floor 1,000. Failed looks: 1; the line breaks there. "
        "Delivered: 1,000. Owed now: 300."
    )


def test_50000_looks_with_every_kind_of_event_are_drawn_in_60_kb() -> None:
    chart = a_full_chart("a sentence that says what happened, and why it did", looks=50_000)
    assert len(order_svg(chart).encode()) < 60_000


def test_50000_looks_are_drawn_in_less_time_than_it_takes_to_write_them_as_json() -> None:
    """In 0.6 of it, at most: 50 ms where writing them takes 85. Other tests slow down both alike."""
    chart = a_full_chart("a sentence that says what happened, and why it did", looks=50_000)

    def written() -> str:
        return json.dumps([[at.isoformat(), count] for at, count in chart.counts])

    drawn, peer = [], []
    for _ in range(5):
        drawn.append(seconds(lambda: order_svg(chart)))
        peer.append(seconds(written))
    assert min(drawn) < 0.6 * min(peer)


def seconds(work: Callable[[], object]) -> float:
    """Of the processor."""
    began = time.process_time()
    work()
    return time.process_time() - began


def test_the_newest_count_and_the_levels_are_labelled() -> None:
    found = texts(order_svg(a_chart(2000, 1400, 1200, levels=JUDGED)))
    assert {"count 1,200", "line 2,000", "a drop opens 1,950", "floor 1,000"} <= set(found)
    assert "followers, 2026-03-01 12:00 to 2026-03-11 12:00 UTC" in found


def test_a_level_that_does_not_exist_is_neither_drawn_nor_labelled() -> None:
    """No drop can open when fewer units were delivered than the threshold."""
    svg = order_svg(a_chart(10, levels=[LevelStep(START, Levels(10, None, 5))]))
    assert paths(svg, "opens") == []
    assert not [text for text in texts(svg) if "opens" in text]


def test_a_level_ends_where_the_order_is_not_judged_any_more() -> None:
    steps = [*JUDGED, LevelStep(START + 5 * DAY, None)]
    (line,) = paths(order_svg(a_chart(2000, levels=steps)), "line")
    assert numbers(line)[-1] == 400


def test_a_count_between_failed_looks_is_a_dot() -> None:
    chart = a_chart(
        counts=[(START + day * DAY, 100) for day in (1, 3, 5)], failed=[START + day * DAY for day in (2, 4)]
    )
    svg = order_svg(chart)
    assert paths(svg, "alone")[0].count("h0") == 3


def test_a_short_dip_among_many_looks_stays_visible() -> None:
    counts = [(START + n * STEP, 0 if n == 1000 else 1000) for n in range(2880)]
    (line,) = paths(order_svg(a_chart(counts=counts)), "count")
    assert len(heights(line)) == 2


def test_what_is_outside_of_the_time_of_the_chart_is_not_drawn() -> None:
    """Neither counts nor marks, and bands are cut."""
    outside = START - DAY
    chart = a_chart(
        counts=[(outside, 1), (START + DAY, 500), (START + 2 * DAY, 500), (START + 11 * DAY, 9999)],
        bands=[ChartBand(BandKind.GUARANTEE, outside, START + 30 * DAY)],
        marks=[
            ChartMark(MarkKind.FLAG, outside, "early"),
            ChartMark(MarkKind.FLAG, START + 11 * DAY, "late"),
        ],
    )
    svg = order_svg(chart)
    assert "9,999" not in svg
    assert "early" not in svg
    assert "late" not in svg
    assert paths(svg, "bar") == ["M0 301h800v8h-800z"]


def test_a_part_of_a_chart_keeps_the_levels_that_hold_in_it() -> None:
    part = within(a_chart(*[1] * 200, levels=JUDGED), START + 2 * DAY, START + 3 * DAY)
    assert [step.at for step in part.levels] == [START + 2 * DAY]
    assert (len(part.counts), part.counts[0][0]) == (25, START + 2 * DAY)


@pytest.mark.parametrize("counts", [[], [5], [0], [7] * 50, [2**53] * 3, [2**53, 0], [2**53, 2**53 - 1]])
@pytest.mark.parametrize("levels", [[], JUDGED, [LevelStep(START, Levels(2**53, 2**53 - 5, 0))]])
def test_few_constant_and_huge_counts_are_drawn_within_the_plot(
    counts: list[int], levels: list[LevelStep]
) -> None:
    svg = order_svg(a_chart(*counts, levels=levels))
    found = "".join(paths(svg, "count") + paths(svg, "level"))
    assert all(TOP <= y <= BOTTOM for y in heights(found))
    assert ("no count yet" in texts(svg)) == (not counts)
    assert [text for text in texts(svg) if counts and text == f"count {counts[-1]:,}"] or not counts


def test_a_chart_of_one_moment_is_drawn() -> None:
    assert "count 5" in texts(order_svg(a_chart(5, end=START)))


def test_a_floor_far_below_is_drawn_below_a_break() -> None:
    """So that a small drop of a large order is seen."""
    svg = order_svg(a_chart(100_000, 99_000, levels=[LevelStep(START, Levels(100_000, 95_000, 0))]))
    assert "floor 0 (not to scale)" in texts(svg)
    assert len(paths(svg, "break")) == 1
    assert len(heights(paths(svg, "count")[0])) == 2


@settings(deadline=None)
@given(st.lists(st.integers(0, 2**60), min_size=1, max_size=30), st.lists(st.integers(0, 2**60), max_size=3))
def test_labels_never_lie_on_each_other(counts: list[int], levels: list[int]) -> None:
    floor, opens, line = sorted([*levels, 0, 0, 0])[-3:]
    svg = order_svg(a_chart(*counts, levels=[LevelStep(START, Levels(line, opens, floor))]))
    labels = [one for one in parsed(svg).iter() if "label" in one.get("class", "").split()]
    places = sorted(int(one.get("y", "")) for one in labels)
    assert len(labels) == 4
    assert all(b - a >= 15 for a, b in pairwise(places))
    assert places[0] >= 0
    assert places[-1] <= BOTTOM


def test_events_of_one_place_are_one_mark_that_says_how_many() -> None:
    marks = [ChartMark(MarkKind.DECISION, START + timedelta(minutes=n), f"number {n}") for n in range(3)]
    svg = order_svg(a_chart(5, marks=marks))
    assert "3 events, the last: 2026-03-01 12:02: number 2" in svg
    assert "◆ decision" in texts(svg)


def test_only_lanes_that_have_something_are_drawn() -> None:
    plain = order_svg(a_chart(5))
    full = order_svg(a_full_chart())
    lanes = [one for one in parsed(full).iter() if one.get("class") == "lane"]
    assert (plain.count('class="lane"'), len(lanes)) == (0, 7)


def test_every_word_can_be_replaced() -> None:
    """For another language."""
    words = ChartWords(count="Zahl", line="Linie", opens="Verlust ab", floor="Boden", thousands=".")
    found = texts(order_svg(a_chart(2000, 1400, levels=JUDGED), words))
    assert {"Zahl 1.400", "Linie 2.000", "Verlust ab 1.950", "Boden 1.000"} <= set(found)
    assert "complete 2,000" in texts(order_svg(a_chart(2000, 1400, levels=JUDGED), BUYER))
