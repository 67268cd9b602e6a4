"""A plot of a retention curve with its band, as text."""

from plotille import Canvas

from monitor.model.number_words import counted
from monitor.survival.curve import SurvivalCurve

_BLANK = "\u2800"


def drawn(curve: SurvivalCurve, width: int, height: int, *, colours: bool) -> list[str]:
    """The lines of a plot: the share from its lowest band to 100%, over the days since the completion."""
    low = min(0.99, *(point.low for point in curve.points))
    margin = len("100%")
    columns = max(width - margin - 2, 10)
    last = max(curve.points[-1].point, 1)
    canvas = Canvas(columns, height, 0, low, last, 1.0, mode="names", no_color=not colours)
    for point in curve.points[:: max(1, last // columns)]:
        for bound in (point.low, point.high):
            canvas.point(point.point, min(bound, 1.0), color="yellow")
    for before, point in zip(curve.points, curve.points[1:], strict=False):
        canvas.line(before.point, before.share, point.point, point.share, color="bright_cyan")
    rows = str(canvas.plot(linesep="\n")).replace(_BLANK, " ").split("\n")
    labels = ["100%", *[""] * (height - 2), f"{100 * low:.0f}%"]
    days = counted(curve.observed.days, "day")
    return [
        *(f"{label:>{margin}} │{row}" for label, row in zip(labels, rows, strict=True)),
        f"{'':>{margin}} └{'─' * columns}",
        f"{'':>{margin}}  {'0':<{columns - len(days)}}{days}",
        "⠒⠒ share of the delivered units that is still there   ⠂⠂ 95% band",
    ]
