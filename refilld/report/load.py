"""Loading a report: the rows, read in one transaction that changes and locks nothing."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

from monitor.guarantee.daily_caps import Amounts, DailyCaps, day_of
from monitor.model.decision import Reason
from monitor.model.refill import RefillState
from monitor.model.sums import Item, item_of
from monitor.sources.breaker import Breaker
from monitor.sources.budget import DAY, HOUR
from monitor.sources.rate_limit_state import RateLimitState
from refilld.report.actions import first_actions
from refilld.report.assemble import drop_figures, held_sum, queue_figures, review_figures, source_figures
from refilld.report.figures import LimitFigures, MonitorFigures, Report, SourceFigures, WaitingFigures
from refilld.settings.settings import Settings
from storage import (
    daily_caps,
    guarantees,
    mass_drops,
    queue_pauses,
    queued_units,
    refill_selection,
    report,
    sources,
    target_health,
)
from storage.engine import Transaction
from storage.refill_selection import RefillFilter

OVERDUE_AFTER = timedelta(minutes=10)
"""How long a target may be due before it counts as overdue; a look takes its target for that long."""
DAYS_AHEAD = 7
"""Days whose ending guarantees are shown, today included."""
MOST_WAITING = 100
"""Waiting customers that a report names; all are counted."""


def load(tx: Transaction, settings: Settings, now: datetime, period: timedelta) -> Report:
    """Load the report of the time from `period` before `now` to `now`."""
    since = now - period
    waiting, longest = report.waiting_requests(tx, MOST_WAITING)
    terms = guarantees.terms_in_use(tx)
    guaranteed = {row.provider: row.units for row in guarantees.guaranteed_units(tx, terms, now)}
    refills = report.refill_sums(tx, since)
    found = Report(
        now=now,
        period=period,
        empty=not report.any_order(tx),
        mass_drops=tuple(mass_drops.current(tx)),
        drops=drop_figures(report.drop_sums(tx, since), guaranteed),
        queue=queue_figures(refills, _recovered(tx)),
        reviews=review_figures(report.review_sums(tx)),
        waiting=WaitingFigures(waiting, tuple(longest)),
        ending=tuple(guarantees.ending(tx, terms, now, _midnight(now) + DAYS_AHEAD * DAY)),
        monitor=_monitor(tx, settings, now, since),
        shadow=held_sum(refills, Reason.SHADOW) if settings.guarantee.shadow else None,
        pauses=tuple(queue_pauses.listed(tx)),
        limits=_limits(tx, settings.limits.caps, now),
    )
    return replace(found, actions=first_actions(found))


def _recovered(tx: Transaction) -> list[Item]:
    """The units of held refills that are not missing any more, as a release would find them."""
    held = refill_selection.found(tx, frozenset({RefillState.HELD}), RefillFilter())
    owed = refill_selection.owed(tx, held, discards_recovered=True)
    found = []
    for row in held:
        left = owed[row.refill_id]
        units = row.quantity if left.recovered else row.quantity - left.units
        if left.units or left.recovered:
            found.append(item_of(int(left.recovered), units, row.price, row.currency, row.ordered))
    return [one for one in found if one.units]


def _limits(tx: Transaction, caps: DailyCaps, now: datetime) -> tuple[LimitFigures, ...]:
    """The daily caps, and what is used of them."""
    used = queued_units.usage(tx, day_of(now)) if caps.configured else {}
    return tuple(
        LimitFigures(str(scope), cap, used.get(scope, Amounts()), daily_caps.held(tx, scope))
        for scope, cap in sorted(caps.caps.items())
    )


def _monitor(tx: Transaction, settings: Settings, now: datetime, since: datetime) -> MonitorFigures:
    return MonitorFigures(
        target_health.health(tx, now - OVERDUE_AFTER),
        target_health.looks_since(tx, since),
        tuple(_sources(tx, settings, now)),
    )


def _sources(tx: Transaction, settings: Settings, now: datetime) -> list[SourceFigures]:
    states = sources.states(tx)
    return [
        source_figures(
            name,
            section,
            states.get(name, (Breaker(), RateLimitState())),
            (sources.served(tx, name, now - HOUR)[0], sources.served(tx, name, now - DAY)[0]),
            now,
        )
        for name, section in settings.enabled_sources.items()
    ]


def _midnight(now: datetime) -> datetime:
    return datetime.combine(now.date(), time(), UTC)
