"""Making the values of a report of typed rows, without a database."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from monitor.model.decision import Reason
from monitor.model.refill import RefillState
from monitor.model.sums import Item, Sum, item, item_of, summed
from monitor.sources.breaker import Breaker
from monitor.sources.rate_limit_state import RateLimitState
from monitor.sources.source_state import source_state
from refilld.report.figures import (
    DropFigures,
    DropGroup,
    HeldGroup,
    QueueFigures,
    ReviewFigures,
    SourceFigures,
)
from refilld.settings.sources import SourceSection
from storage.report import DropSums, RefillSums, ReviewSums

_OPEN = (RefillState.QUEUED, RefillState.CLAIMED, RefillState.HELD)


def drop_figures(rows: Iterable[DropSums], guaranteed: Mapping[str | None, int]) -> DropFigures:
    """Group the drops by provider, by service and by metric."""
    ordered = sorted(
        rows, key=lambda row: (-row.missing, -row.opened, row.service, row.provider or "", row.metric)
    )
    by_provider = _groups(ordered, lambda row: row.provider, guaranteed)
    total = _group(None, ordered, sum(guaranteed.values()))
    by_service, by_metric = (
        _groups(ordered, lambda row: row.service),
        _groups(ordered, lambda row: row.metric),
    )
    return DropFigures(tuple(ordered), total, by_provider, by_service, by_metric)


def _groups(
    rows: Iterable[DropSums],
    name: Callable[[DropSums], str | None],
    guaranteed: Mapping[str | None, int] | None = None,
) -> tuple[DropGroup, ...]:
    """The groups of one name each, those with the most missing units first."""
    by_name: defaultdict[str | None, list[DropSums]] = defaultdict(list)
    for row in rows:
        by_name[name(row)].append(row)
    found = [
        _group(one, group, guaranteed.get(one) if guaranteed else None) for one, group in by_name.items()
    ]
    return tuple(sorted(found, key=lambda group: (-group.missing, -group.opened, group.name or "")))


def _group(name: str | None, rows: Sequence[DropSums], guaranteed: int | None) -> DropGroup:
    return DropGroup(
        name=name,
        opened=sum(row.opened for row in rows),
        confirmed=sum(row.confirmed for row in rows),
        recovered=sum(row.recovered for row in rows),
        missing=sum(row.missing for row in rows),
        guaranteed=guaranteed,
    )


def queue_figures(rows: Sequence[RefillSums], recovered: Sequence[Item] = ()) -> QueueFigures:
    """Sum up the refills by state, and the held ones by reason; `recovered` is not owed any more."""

    def of(*states: RefillState) -> Sum:
        return summed(_item(row) for row in rows if row.state in states)

    owed = [_item(row) for row in rows if row.state in _OPEN]

    queued = [row.queued_at for row in rows if row.state is RefillState.QUEUED and row.queued_at is not None]
    return QueueFigures(
        queued=of(RefillState.QUEUED),
        claimed=of(RefillState.CLAIMED),
        held=of(RefillState.HELD),
        recovered=summed(recovered),
        owed=summed([*owed, *map(_negative, recovered)]),
        completed=of(RefillState.COMPLETED),
        dead=of(RefillState.DEAD),
        oldest_queued=min(queued, default=None),
        held_groups=_held_groups(row for row in rows if row.state is RefillState.HELD),
    )


def _negative(item: Item) -> Item:
    amount = None if item.amount is None else -item.amount
    return replace(item, number=-item.number, units=-item.units, amount=amount)


def held_sum(rows: Iterable[RefillSums], reason: Reason) -> Sum:
    """Sum up the refills that are held for a reason."""
    return summed(_item(row) for row in rows if row.state is RefillState.HELD and row.reason is reason)


def _held_groups(rows: Iterable[RefillSums]) -> tuple[HeldGroup, ...]:
    groups: defaultdict[tuple[str, str], list[RefillSums]] = defaultdict(list)
    for row in rows:
        groups[row.reason, row.metric].append(row)
    found = [
        HeldGroup(
            group[0].reason,
            group[0].metric,
            summed(map(_item, group)),
            min(row.created_at for row in group),
            min((row.release_at for row in group if row.release_at is not None), default=None),
        )
        for group in groups.values()
    ]
    return tuple(sorted(found, key=lambda group: (group.oldest, group.reason, group.metric)))


def _item(row: RefillSums) -> Item:
    return item_of(row.refills, row.units, row.price, row.currency, row.ordered)


def review_figures(rows: Sequence[ReviewSums]) -> ReviewFigures:
    """Sum up the open reviews; each share was rounded when its review was opened."""
    items = (
        item(
            row.reviews,
            row.units,
            None if row.share is None else row.share * row.reviews,
            row.currency,
            row.share,
        )
        for row in rows
    )
    return ReviewFigures(summed(items), min((row.opened_at for row in rows), default=None))


def source_figures(
    name: str,
    section: SourceSection,
    state: tuple[Breaker, RateLimitState],
    requests: tuple[int, int],
    now: datetime,
) -> SourceFigures:
    """The state of a source, and its requests of the last hour and day."""
    found = source_state(*state, now)
    return SourceFigures(
        name=name,
        state=found.state,
        until=found.until,
        reason=found.reason,
        detail=found.detail,
        requests_last_hour=requests[0],
        requests_per_hour=section.requests_per_hour,
        requests_last_day=requests[1],
        requests_per_day=section.requests_per_day,
    )
