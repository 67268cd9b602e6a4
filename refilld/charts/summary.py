"""What a chart shows, in sentences for those who do not see it."""

from collections.abc import Iterator
from operator import itemgetter

from refilld.charts.order_chart import OrderChart
from refilld.charts.words import ChartWords

_COUNT = itemgetter(1)


def summary(chart: OrderChart, words: ChartWords) -> str:
    """The counts, the levels, the gaps, and what is owed."""
    return " ".join(_sentences(chart, words))


def _sentences(chart: OrderChart, words: ChartWords) -> Iterator[str]:
    number = words.number
    if chart.counts:
        yield words.summary.format(
            number=number(len(chart.counts)),
            first=number(chart.counts[0][1]),
            last=number(chart.counts[-1][1]),
            low=number(min(chart.counts, key=_COUNT)[1]),
            high=number(max(chart.counts, key=_COUNT)[1]),
        )
    else:
        yield f"{words.empty}."
    levels = next((step.levels for step in reversed(chart.levels) if step.levels is not None), None)
    if levels is not None:
        opens = "" if levels.opens is None else f", {words.opens} {number(levels.opens)}"
        yield f"{words.line} {number(levels.line)}{opens}, {words.floor} {number(levels.floor)}."
    if chart.failed:
        yield words.gaps.format(number=number(len(chart.failed)))
    if chart.delivered is not None:
        yield words.delivered.format(units=number(chart.delivered))
    if chart.owed is not None:
        yield words.owed.format(units=number(chart.owed))
