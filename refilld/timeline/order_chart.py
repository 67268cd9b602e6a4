"""The chart of an order, from its timeline."""

from collections.abc import Iterator
from datetime import datetime
from gettext import NullTranslations
from itertools import groupby

from monitor.model.order import Order
from monitor.model.snapshot import Outcome
from refilld.charts.order_chart import BandKind, ChartBand, ChartMark, LevelStep, MarkKind, OrderChart
from refilld.timeline.event import TimelineEvent, TimelineLook
from refilld.timeline.events import order_events
from refilld.timeline.levels import levels_of
from refilld.timeline.load import Timeline
from refilld.translations.labels import label_of
from refilld.translations.source_text import ENGLISH, marked

WORK = 2_000
"""Orders of the target times changes of the levels that are worked out; more are thinned evenly."""
_TITLE = marked("Order {order}: {metric} of {link}")
_MARKS = {
    "order.delivered": MarkKind.DELIVERED,
    "drop.opened": MarkKind.DROP,
    "refill.queued": MarkKind.QUEUED,
    "refill.completed": MarkKind.COMPLETED,
    "order.flagged": MarkKind.FLAG,
}


def order_chart(timeline: Timeline, into: NullTranslations = ENGLISH) -> OrderChart:
    """Everything that is drawn about an order, from its delivery or import until now, in a language."""
    order, start = timeline.order.order, _start(timeline)
    end = max(timeline.now, start)
    return OrderChart(
        title=_TITLE.into(into).format(
            order=order.order_id, metric=label_of(order.target.metric, into), link=order.target.link.url
        ),
        unit=label_of(order.target.metric, into),
        start=start,
        end=end,
        counts=[(look.at, count) for look in timeline.looks if (count := look.judged) is not None],
        failed=[look.at for look in timeline.looks if look.count is None],
        levels=list(_level_steps(timeline, start, end)),
        bands=sorted(_bands(timeline, end), key=lambda band: band.start),
        marks=sorted(map(_mark, filter(_kind, order_events(timeline, into))), key=lambda mark: mark.at),
        delivered=order.delivered if order.completed_at else None,
        owed=timeline.answer.missing,
    )


def _start(timeline: Timeline) -> datetime:
    if timeline.looks_left_out:
        return timeline.looks[0].at
    return min(timeline.order.order.completed_at or timeline.order.imported_at, timeline.order.imported_at)


def _kind(event: TimelineEvent) -> MarkKind | None:
    return MarkKind.DECISION if event.kind.startswith("decision.") else _MARKS.get(event.kind)


def _mark(event: TimelineEvent) -> ChartMark:
    return ChartMark(_kind(event) or MarkKind.DECISION, event.at, event.text, event.count, event.units)


def _level_steps(timeline: Timeline, start: datetime, end: datetime) -> Iterator[LevelStep]:
    """The levels wherever they may change: an order of the target settles or ends, or a flag is set."""
    own = {start, *_changes(timeline.mine.order)}
    changes = {row.set_at for row in timeline.flags}
    changes.update(at for state in timeline.group for at in _changes(state.order))
    others = sorted(at for at in changes - own if start <= at <= end)
    every = -(-len(others) * len(timeline.group) // WORK) or 1
    times = sorted([*(at for at in own if start <= at <= end), *others[::every]])
    steps = (LevelStep(at, levels_of(timeline, at)) for at in times)
    for _, same in groupby(steps, key=lambda step: step.levels):
        yield next(same)


def _changes(order: Order) -> Iterator[datetime]:
    """The times at which an order begins or ends to count for the levels."""
    if order.completed_at is not None:
        yield from (order.completed_at, order.completed_at + order.terms.settle)
    if order.ends_at is not None:
        yield order.ends_at


def _bands(timeline: Timeline, end: datetime) -> Iterator[ChartBand]:
    yield from _guarantee(timeline, end)
    yield from _unread(timeline)
    for drop in timeline.drops:
        yield ChartBand(BandKind.DROP, drop.opened_at, drop.closed_at or end)
    for mass_drop in timeline.mass_drops:
        yield ChartBand(BandKind.MASS_DROP, mass_drop.started_at, mass_drop.ended_at or end)


def _guarantee(timeline: Timeline, end: datetime) -> Iterator[ChartBand]:
    order = timeline.order.order
    if order.completed_at is None or not order.guaranteed:
        return
    ends = [end, *(row.set_at for row in timeline.own_flags if row.flag.voids)]
    ends += [order.ends_at] if order.ends_at is not None else []
    if min(ends) > order.completed_at:
        yield ChartBand(BandKind.GUARANTEE, order.completed_at, min(ends))


def _unread(timeline: Timeline) -> Iterator[ChartBand]:
    """Runs of looks without a count, each up to the next look that is of another kind."""
    runs = [(kind, list(looks)) for kind, looks in groupby(timeline.looks, key=_band_of)]
    for number, (kind, looks) in enumerate(runs):
        if kind is not None:
            after = [following[0].at for _, following in runs[number + 1 : number + 2]]
            yield ChartBand(kind, looks[0].at, end=(after or [looks[-1].at])[0])


def _band_of(look: TimelineLook) -> BandKind | None:
    if look.count is not None:
        return None
    return BandKind.PRIVATE if look.outcome is Outcome.PRIVATE else BandKind.UNREAD
