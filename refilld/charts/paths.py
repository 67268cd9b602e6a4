"""Paths of lines and bands, as the text of SVG's attribute `d`."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from markupsafe import Markup

from refilld.charts.axes import CountAxis, TimeAxis, broken_between
from refilld.charts.downsampling import downsampled
from refilld.charts.levels import Levels
from refilld.charts.markup import element
from refilld.charts.order_chart import ChartBand, LevelStep, OrderChart


def count_paths(chart: OrderChart, times: TimeAxis, counts: CountAxis) -> tuple[str, str]:
    """The step line of the counts, which breaks where a look failed, and the counts that stand alone."""
    parts: list[list[str]] = []
    before, x_before, y_before = None, -1, -1
    for at, count in downsampled(chart.counts, times.ends()):
        x, y = times.column(at), counts.y(count)
        if before is None or (x != x_before and broken_between(chart.failed, before, at)):
            parts.append([f"M{x} {y}"])
        else:
            parts[-1] += [f"H{x}"] * (x != x_before) + [f"V{y}"] * (y != y_before)
        before, x_before, y_before = at, x, y
    line = "".join("".join(part) for part in parts if len(part) > 1)
    return line, "".join(f"{part[0]}h0" for part in parts if len(part) == 1)


def count_lines(chart: OrderChart, times: TimeAxis, counts: CountAxis) -> Iterator[Markup]:
    """The drawn counts."""
    line, alone = count_paths(chart, times, counts)
    if line:
        yield element("path", class_="count", d=line)
    if alone:
        yield element("path", class_="count alone", d=alone)


def level_path(
    steps: Sequence[LevelStep], times: TimeAxis, y_of: Callable[[Levels], int | None], end: int
) -> str:
    """The step line of one level up to the column `end`; it breaks where there is none."""
    ends = [*(times.column(step.at) for step in steps[1:]), end]
    parts: list[str] = []
    y_before = None
    for step, x_end in zip(steps, ends, strict=False):
        y = None if step.levels is None else y_of(step.levels)
        if y is not None:
            parts.append(f"M{times.column(step.at)} {y}" if y_before is None else f"V{y}" * (y != y_before))
            parts.append(f"H{x_end}")
        y_before = y
    return "".join(parts)


def band_path(bands: Iterable[ChartBand], times: TimeAxis, top: int, height: int) -> str:
    """Rectangles of bands, at least one column wide, those that touch as one."""
    spans = [(times.column(band.start), times.column(band.end)) for band in bands]
    return "".join(
        f"M{start} {top}h{end - start}v{height}h{start - end}z" for start, end in _merged(sorted(spans))
    )


def _merged(spans: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    if not spans:
        return
    start, end = spans[0][0], max(spans[0][1], spans[0][0] + 1)
    for next_start, next_end in spans[1:]:
        if next_start > end:
            yield start, end
            start, end = next_start, next_start + 1
        end = max(end, next_end)
    yield start, end


def share_path(points: Sequence[tuple[int, int]]) -> str:
    """A step line through places of a picture."""
    if not points:
        return ""
    steps = (f"H{x}V{y}" for x, y in points[1:])
    return f"M{points[0][0]} {points[0][1]}h0" + "".join(steps)


def area_path(low: Sequence[tuple[int, int]], high: Sequence[tuple[int, int]]) -> str:
    """The area between two step lines with the same columns."""
    if not low:
        return ""
    back = (f"V{y}H{x}" for x, y in reversed(low[:-1]))
    return f"{share_path(high)}V{low[-1][1]}{''.join(back)}z"
