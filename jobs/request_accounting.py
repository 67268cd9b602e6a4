"""Account: what a look costs, what breaker and platform make of it, and who is asked after a pause."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from jobs.configured_source import ConfiguredSource
from monitor.alerts.alert import source_alert
from monitor.guarantee.gone_detection import ABSENT
from monitor.model.snapshot import DEFINITE_REFUSALS, Outcome, Snapshot
from monitor.model.target import Metric
from monitor.sources.breaker import SEEN, SUSPECTED, TRANSIENT, Breaker
from monitor.sources.budget import HOUR, Purpose
from monitor.sources.contract import RateLimitHint, Reading
from storage import outbox, sources
from storage.engine import Database, Transaction

log = structlog.get_logger()
REFUSALS = DEFINITE_REFUSALS | SUSPECTED | TRANSIENT
"""What may close a breaker."""
VOUCHED_FOR = HOUR
"""A count of another profile that is no older shows that the source can see, and no canary is asked."""


def closed_for(
    tx: Transaction, configured: ConfiguredSource, now: datetime, purpose: Purpose = Purpose.LOOK
) -> timedelta | None:
    """How long the eye may not look yet, by its breaker, its budget and its platform; None when it may.

    Nobody else spends of the budget until the transaction ends. When `canary_due`, only the canary may
    be asked.
    """
    name = configured.source.name
    until = sources.breaker(tx, name).closed_until(now)
    if until is None:
        until = configured.budget.free_at(
            lambda n, since: sources.nth_request(tx, name, n, since),
            now,
            purpose,
            sources.rate_limit_state(tx, name),
        )
    return None if until is None else until - now


def canary_due(tx: Transaction, configured: ConfiguredSource) -> bool:
    """Whether the next request must go to the canary (`prove`), and not to a target."""
    return configured.canary is not None and sources.breaker(tx, configured.source.name).half_open


def charge(
    tx: Transaction, configured: ConfiguredSource, now: datetime, looks: int, purpose: Purpose = Purpose.LOOK
) -> None:
    """Charge one request before it is sent; it serves so many looks."""
    sources.note_requests(tx, configured.source.name, now, 1, purpose=purpose, looks=looks)


def settle_reading(
    tx: Transaction,
    configured: ConfiguredSource,
    reading: Reading,
    done: datetime,
    purpose: Purpose = Purpose.LOOK,
) -> None:
    """Charge what a reading took beyond the request that was paid, and let breaker and strain see it.

    When each further request went out is not known: they count from `done`, when the last one had.
    """
    _charge(tx, configured, reading, done, purpose)
    before = after = sources.breaker(tx, configured.source.name)
    now = reading.snapshots[0].at
    for shot in reading.snapshots:
        if after.closed_until(now) is None or shot.outcome not in REFUSALS:  # one batch, one refusal
            asked = configured.source.request_key(shot.target) or shot.target.link.url
            after = after.after(shot.outcome, asked, now, configured.first_pause)
    if _unvouched(tx, configured, reading):
        after = replace(after, half_open=True)
    _keep(tx, configured, before, after, now)


def probe_canary(database: Database, configured: ConfiguredSource, clock: Callable[[], datetime]) -> None:
    """Ask the canary, with a request that is paid for (`Purpose.CANARY`); it is nobody's snapshot.

    Its count vouches for the source as any other does.
    """
    if configured.canary is None:
        return
    reading = configured.source.read([configured.canary], clock())
    shot = reading.snapshots[0]
    with database.write() as tx:
        _charge(tx, configured, reading, clock(), Purpose.CANARY)
        if shot.outcome is Outcome.COUNT:
            sources.note_reads(tx, {(configured.source.name, shot.target.metric): shot.at})
        before = sources.breaker(tx, configured.source.name)
        late = before.closed_until(shot.at) is not None and shot.outcome not in SEEN
        after = before if late else before.after_canary(shot.outcome, shot.at, configured.first_pause)
        _keep(tx, configured, before, after, shot.at)
    log.info("canary.asked", source=configured.source.name, outcome=str(shot.outcome), detail=shot.detail)


def _charge(
    tx: Transaction, configured: ConfiguredSource, reading: Reading, done: datetime, purpose: Purpose
) -> None:
    name = configured.source.name
    sources.note_requests(tx, name, done, reading.requests - 1, purpose=purpose)
    if reading.rate_limit == RateLimitHint():
        return
    before = sources.rate_limit_state(tx, name)
    after = before.after(reading.rate_limit, done)
    sources.save_rate_limit_state(tx, name, after)
    if after.wait_until != before.wait_until:
        log.warning(
            "source.strained", source=name, used_percent=after.used(done), until=_utc(after.wait_until)
        )


def _unvouched(tx: Transaction, configured: ConfiguredSource, reading: Reading) -> bool:
    """Whether a profile is absent while nothing shows that the source sees profiles at all (RULES 7)."""
    shots = [shot for shot in reading.snapshots if shot.target.metric is Metric.FOLLOWERS]
    if configured.canary is None or not any(shot.outcome in ABSENT for shot in shots):
        return False
    return not (_counted(shots) or _read_lately(tx, configured, shots[0].at))


def _counted(shots: list[Snapshot]) -> bool:
    return any(shot.outcome is Outcome.COUNT for shot in shots)


def _read_lately(tx: Transaction, configured: ConfiguredSource, now: datetime) -> bool:
    read_at = sources.last_read(tx, configured.source.name, Metric.FOLLOWERS)
    return read_at is not None and now - read_at <= VOUCHED_FOR


def _keep(
    tx: Transaction, configured: ConfiguredSource, before: Breaker, after: Breaker, now: datetime
) -> None:
    """Remember the breaker, and tell when it has closed or opened."""
    if after == before:
        return
    name = configured.source.name
    sources.save_breaker(tx, name, after)
    if after.paused_until not in {None, before.paused_until}:
        until = "an operator resumes it" if after.stopped else _utc(after.paused_until)
        log.warning("source.paused", source=name, reason=after.reason, until=until)
        if after.refusals > before.refusals:  # the weather is not worth a message
            outbox.add(tx, source_alert(name, after.reason, until), now)
    elif before.half_open and not after.half_open:
        log.info("source.ready", source=name)


def _utc(at: datetime | None) -> str:
    return "" if at is None else f"{at:%Y-%m-%d %H:%M:%S} UTC"
