"""Gauges that are read from the database: the same for all processes on it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from prometheus_client.core import GaugeMetricFamily

from monitor.model.queue_part import PartKind
from monitor.sources.breaker import Breaker
from monitor.sources.budget import HOUR
from monitor.sources.rate_limit_state import RateLimitState
from monitor.sources.source_state import source_state
from refilld.services.daemon_presence import Presence, present
from refilld.settings.sources import SourceSection
from storage import leases, open_refills, queue_pauses, reviews, self_check, sources, target_health
from storage.daemons import DaemonMode
from storage.engine import Transaction
from storage.server_time import shared_time

SOURCE_STATES = ("ready", "proving", "waiting", "paused", "stopped")
GAUGES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "refilld_source_requests_limit": (
        "Requests that routine looks may use in any hour or day.", ("source", "window"),
    ),
    "refilld_source_requests_left": (
        "Requests that routine looks may still use in the current hour or day.", ("source", "window"),
    ),
    "refilld_source_state": ("1 for the state that a source is in.", ("source", "state")),
    "refilld_source_last_count_timestamp_seconds": (
        "When a source last read a count, in Unix time; 0 if it never did.", ("source",),
    ),
    "refilld_oldest_due_look_age_seconds": (
        "For how long the look of a source is due that is due longest; 0 if none is.", ("source",),
    ),
    "refilld_targets": ("Monitored targets by what is known of them.", ("state",)),
    "refilld_open_refills": ("Refills that are not finished.", ("state",)),
    "refilld_open_refill_units": ("Units of the refills that are not finished.", ("state",)),
    "refilld_oldest_open_refill_age_seconds": (
        "Time since the oldest of them was queued, or created if it is held; 0 without any.", ("state",),
    ),
    "refilld_queue_wait_seconds": (
        "For how long the refill is ready that waits longest, without paused ones; 0 if none is.", (),
    ),
    "refilld_queue_pauses": ("Parts of the queue that are paused, by what they are named.", ("part",)),
    "refilld_open_reviews": ("Refund reviews that wait for an operator.", ("cause",)),
    "refilld_alerts_pending": ("Alerts that wait for their delivery.", ()),
    "refilld_oldest_pending_alert_age_seconds": (
        "For how long the alert waits that waits longest; 0 without any.", (),
    ),
    "refilld_daemons": ("Processes on the database that are alive.", ("mode",)),
}  # fmt: skip
"""Help text and labels of each gauge."""
_NOTHING_KNOWN = Breaker(), RateLimitState()


@dataclass(frozen=True, slots=True)
class GaugeReading:
    """One value of a gauge."""

    gauge: str
    value: float
    labels: tuple[str, ...] = ()


def families(readings: Iterable[GaugeReading]) -> Iterator[GaugeMetricFamily]:
    """The gauges with their values, those without a value left out."""
    found: dict[str, GaugeMetricFamily] = {}
    for one in readings:
        text, labels = GAUGES[one.gauge]
        family = found.setdefault(one.gauge, GaugeMetricFamily(one.gauge, text, labels=labels))
        family.add_metric(one.labels, one.value)
    yield from found.values()


def quick_readings(
    tx: Transaction, enabled: Mapping[str, SourceSection], now: datetime
) -> Iterator[GaugeReading]:
    """Values that cost what is open or due, and not what exists."""
    now = shared_time(tx, now)
    yield from _of_sources(tx, enabled, now)
    yield from _of_refills(tx, now)
    for cause, number in reviews.open_by_cause(tx).items():
        yield GaugeReading("refilld_open_reviews", number, (cause,))
    waiting = self_check.undelivered(tx)
    yield GaugeReading("refilld_alerts_pending", waiting.alerts if waiting else 0)
    yield _age("refilld_oldest_pending_alert_age_seconds", waiting.since if waiting else None, now)
    alive = [one.row.mode for one in present(tx, now) if one.presence is Presence.ALIVE]
    for mode in DaemonMode:
        yield GaugeReading("refilld_daemons", alive.count(mode), (mode,))


def slow_readings(tx: Transaction) -> Iterator[GaugeReading]:
    """Values for which all targets are read."""
    for state, number in target_health.by_state(tx).items():
        yield GaugeReading("refilld_targets", number, (state,))


def _of_refills(tx: Transaction, now: datetime) -> Iterator[GaugeReading]:
    for sums in open_refills.open_refill_sums(tx):
        yield GaugeReading("refilld_open_refills", sums.refills, (sums.state,))
        yield GaugeReading("refilld_open_refill_units", sums.units, (sums.state,))
        yield _age("refilld_oldest_open_refill_age_seconds", sums.since, now, sums.state)
    paused = [one.part.kind for one in queue_pauses.listed(tx)]
    for kind in PartKind:
        yield GaugeReading("refilld_queue_pauses", paused.count(kind), (kind,))
    yield _age("refilld_queue_wait_seconds", leases.waiting_since(tx, now), now)


def _of_sources(
    tx: Transaction, enabled: Mapping[str, SourceSection], now: datetime
) -> Iterator[GaugeReading]:
    states, counted = sources.states(tx), sources.last_counts(tx)
    for name, section in enabled.items():
        state = source_state(*states.get(name, _NOTHING_KNOWN), now).state
        for known in SOURCE_STATES:
            yield GaugeReading("refilld_source_state", known == state, (name, known))
        for limit in section.budget.limits():
            window = "hour" if limit.window == HOUR else "day"
            used, _ = sources.served(tx, name, now - limit.window)
            yield GaugeReading("refilld_source_requests_limit", limit.places, (name, window))
            yield GaugeReading("refilld_source_requests_left", max(0, limit.places - used), (name, window))
        at = counted.get(name)
        read_at = 0 if at is None else at.timestamp()
        yield GaugeReading("refilld_source_last_count_timestamp_seconds", read_at, (name,))
        yield _age("refilld_oldest_due_look_age_seconds", self_check.due_since(tx, name), now, name)


def _age(gauge: str, since: datetime | None, now: datetime, *labels: str) -> GaugeReading:
    age = timedelta(0) if since is None else max(timedelta(0), now - since)
    return GaugeReading(gauge, age.total_seconds(), labels)
