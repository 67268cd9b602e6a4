"""The small line of a list."""

from refilld.charts.order_chart import OrderChart
from refilld.charts.sparkline import HEIGHT, sparkline
from tests.builders import HOUR, START
from tests.refilld.charts.chart_values import SVG, a_chart, a_full_chart, parsed, paths


def drawn(chart: OrderChart) -> str:
    return sparkline(chart.counts, chart.failed)


def title(svg: str) -> str | None:
    return parsed(svg).findtext(f"{SVG}title")


def test_a_sparkline_is_an_image_that_names_the_first_and_the_last_count() -> None:
    svg = drawn(a_chart(2000, 1500, 1700))
    assert (parsed(svg).get("role"), title(svg)) == ("img", "2,000 → 1,700")
    assert len(paths(svg, "count")) == 1


def test_a_sparkline_breaks_where_a_look_failed() -> None:
    (line,) = paths(drawn(a_chart(5, 5, 5, 5, failed=[START + 1.5 * HOUR])), "count")
    assert line.count("M") == 2


def test_the_sparkline_of_50000_looks_is_below_2_kb() -> None:
    assert len(drawn(a_full_chart(looks=50_000)).encode()) < 2_000


def test_empty_single_constant_and_huge_counts_are_drawn() -> None:
    assert title(drawn(a_chart())) == "no count yet"
    for counts in ([5], [5, 5], [2**53, 0]):
        svg = drawn(a_chart(*counts))
        (dot,) = parsed(svg).iter(f"{SVG}circle")
        assert 0 < int(dot.get("cy", "")) < HEIGHT
